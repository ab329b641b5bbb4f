// `node dist/openapi.js`: prints the OpenAPI document of this service. Needs no store: nothing connects.
import { PLACEHOLDERS, printOpenApi } from '@dailydoco/service';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { createEdges } from './service.js';

const runtime = createRuntime(
  readConfig({
    ...PLACEHOLDERS,
    VIRAL_ENGINE_GRPC_ADDRESS: '127.0.0.1:1',
    KEY_ENCRYPTION_SECRET: Buffer.alloc(32).toString('base64'),
  }),
);
const { app } = await createEdges(runtime);
await printOpenApi(runtime, app);
