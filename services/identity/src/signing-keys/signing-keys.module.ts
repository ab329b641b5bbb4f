import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { JwksHttp, PUBLIC_KEYS } from './jwks.http.js';

@Module({
  providers: [{ provide: PUBLIC_KEYS, useFactory: ({ keyRing }: Runtime) => keyRing, inject: [RUNTIME] }],
  controllers: [JwksHttp],
})
export class SigningKeysModule {}
