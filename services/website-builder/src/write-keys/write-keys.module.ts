import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { WriteKeyStore } from './write-key.store.js';
import { WriteKeys } from './write-keys.js';

@Module({
  providers: [
    {
      provide: WriteKeys,
      useFactory: ({ pool, clock, newId, randomBytes }: Runtime) =>
        new WriteKeys({ book: new WriteKeyStore(pool), clock, newId, randomBytes }),
      inject: [RUNTIME],
    },
  ],
  exports: [WriteKeys],
})
export class WriteKeysModule {}
