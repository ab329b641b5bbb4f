import { newApiKey } from '@dailydoco/auth';
import { inDatabaseTransaction } from '@dailydoco/database';
import { Module } from '@nestjs/common';
import { asApiKeyId } from '../ids.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { SealedOnce } from '../secrets/sealed-once.adapter.js';
import { ApiKeyStore } from './api-key.store.js';
import { ApiKeys } from './api-keys.js';
import { ApiKeysGrpc, KEY_DIRECTORY } from './api-keys.grpc.js';
import { ApiKeysHttp } from './api-keys.http.js';

function apiKeys(runtime: Runtime): ApiKeys {
  const { pool, clock, newId, apiKeys: known } = runtime;
  const once = new SealedOnce(runtime);
  return new ApiKeys({
    once: (call, work) => once.run(call, (tx) => work(new ApiKeyStore(tx, runtime))),
    withBook: (work) => inDatabaseTransaction(pool, (tx) => work(new ApiKeyStore(tx, runtime))),
    list: (of) => inDatabaseTransaction(pool, (tx) => new ApiKeyStore(tx, runtime).list(of)),
    newKey: () => newApiKey(),
    evict: (sha256) => known.evict(sha256),
    clock,
    newId: () => asApiKeyId(newId()),
  });
}

@Module({
  providers: [
    { provide: ApiKeys, useFactory: apiKeys, inject: [RUNTIME] },
    {
      provide: KEY_DIRECTORY,
      useFactory: (runtime: Runtime) => new ApiKeyStore(runtime.pool, runtime),
      inject: [RUNTIME],
    },
  ],
  controllers: [ApiKeysHttp, ApiKeysGrpc],
})
export class ApiKeysModule {}
