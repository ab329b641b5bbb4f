// `node dist/openapi.js`: prints the OpenAPI document of this service. Needs no store: nothing connects.
import { openApiFor } from '@dailydoco/http';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { createEdges } from './service.js';

const runtime = createRuntime(
  readConfig({
    DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1',
    TOKEN_ISSUER: 'none',
    INTERNAL_TOKEN_SECRET: 'nobody signs anything with this one',
    IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
    WEBSITE_BUILDER_GRPC_ADDRESS: '127.0.0.1:1',
    LOG_LEVEL: 'error',
  }),
);
const { app } = await createEdges(runtime);
await app.init();
process.stdout.write(`${JSON.stringify(openApiFor(app, { title: 'DailyDoco analytics' }), undefined, 2)}\n`, () =>
  process.exit(0),
);
