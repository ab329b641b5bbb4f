// `node dist/openapi.js`: prints the OpenAPI document of this service. Needs no store: nothing connects.
import { PLACEHOLDERS, printOpenApi } from '@dailydoco/service';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { createEdges } from './service.js';

const runtime = createRuntime(
  readConfig({
    ...PLACEHOLDERS,
    REDIS_URL: 'redis://127.0.0.1:1',
    KEY_ENCRYPTION_SECRET: Buffer.alloc(32).toString('base64'),
    BOOTSTRAP_ADMIN_EMAIL: 'nobody@example.com',
    BOOTSTRAP_ADMIN_PASSWORD: 'nobody has this one',
    MAIL_URL: 'file:///nowhere',
    MAIL_FROM: 'nobody@example.com',
    PUBLIC_URL: 'http://127.0.0.1:1',
    VIRAL_ENGINE_GRPC_ADDRESS: '127.0.0.1:1',
    PAYOUTS_GRPC_ADDRESS: '127.0.0.1:1',
    ANALYTICS_GRPC_ADDRESS: '127.0.0.1:1',
    WEBSITE_BUILDER_GRPC_ADDRESS: '127.0.0.1:1',
    AI_GATEWAY_GRPC_ADDRESS: '127.0.0.1:1',
  }),
);
const { app } = await createEdges(runtime);
await printOpenApi(runtime, app);
