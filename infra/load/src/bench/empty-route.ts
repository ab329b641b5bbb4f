// The limit for HTTP figures: routes that do nothing, in a process like a service's, behind the same authentication and
// with telemetry on. `GET /empty` needs an API key with purchases:write; `GET /open` is for anyone.
import {
  AUTHENTICATOR,
  Authenticator,
  CachedApiKeys,
  isScope,
  jwksFromUrl,
  Requires,
  Revocations,
} from '@dailydoco/auth';
import { createPool } from '@dailydoco/database';
import { createGrpcClient } from '@dailydoco/grpc';
import { createHttpApp } from '@dailydoco/http';
import { Lifecycle } from '@dailydoco/lifecycle';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { createLogger } from '@dailydoco/telemetry';
import { Controller, type DynamicModule, Get, Module } from '@nestjs/common';
import { readConfig } from './config.js';

@Controller()
class EmptyController {
  @Get('empty')
  @Requires({ apiKey: { scopes: ['purchases:write'] } })
  behindAccess(): object {
    return {};
  }

  @Get('open')
  @Requires({ anyone: true })
  open(): object {
    return {};
  }
}

@Module({})
class EmptyModule {
  static with(authenticator: Authenticator): DynamicModule {
    return {
      module: EmptyModule,
      controllers: [EmptyController],
      providers: [{ provide: AUTHENTICATOR, useValue: authenticator }],
    };
  }
}

const config = readConfig();
const logger = createLogger({ service: 'empty-route', level: 'warn' });
const lifecycle = new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 2_000 });
const pool = createPool({
  connectionString: config.DATABASE_URL,
  max: 2,
  applicationName: 'empty-route',
  statementTimeoutMs: 5_000,
});
const keys = createGrpcClient(ApiKeyServiceService, {
  address: config.IDENTITY_GRPC_ADDRESS,
  service: 'bench',
  serviceSecret: config.INTERNAL_TOKEN_SECRET,
});
const revocations = new Revocations({ pool });
const authenticator = new Authenticator({
  jwks: jwksFromUrl({ url: config.JWKS_URL }),
  issuer: config.TOKEN_ISSUER,
  audience: config.TOKEN_AUDIENCE,
  serviceSecret: config.INTERNAL_TOKEN_SECRET,
  revocations,
  apiKeys: new CachedApiKeys({
    resolve: async (keySha256) => {
      const { known, apiKeyId, tenantId, scopes } = await keys.resolveApiKey({ keySha256: Buffer.from(keySha256) });
      return known ? { apiKeyId, tenantId, scopes: scopes.filter(isScope) } : undefined;
    },
  }),
});
const app = await createHttpApp({ module: EmptyModule.with(authenticator), logger, lifecycle });
lifecycle.onStart('revocations', () => revocations.start(lifecycle.heartbeat('revocations')));
lifecycle.onStart('http', async () => {
  await app.listen(config.HTTP_PORT, '127.0.0.1');
});
lifecycle.onStop('stores', 'database', async () => {
  keys.close();
  await revocations.stop();
  await pool.end();
});
lifecycle.installSignalHandlers();
await lifecycle.start();
