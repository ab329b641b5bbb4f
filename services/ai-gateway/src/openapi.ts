// `node dist/openapi.js`: prints the OpenAPI document of this service's public paths. Connects to nothing.
import { openApiFor } from '@dailydoco/http';
import { readConfig } from './config.js';
import { describeOpenAiConventions } from './openai/api-document.http.js';
import { createRuntime } from './runtime.js';
import { createEdges } from './service.js';

const NOWHERE = '127.0.0.1:1';

const runtime = createRuntime(
  readConfig({
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: `postgres://${NOWHERE}/none`,
    KAFKA_BROKERS: NOWHERE,
    JWKS_URL: `http://${NOWHERE}/jwks.json`,
    TOKEN_ISSUER: 'none',
    INTERNAL_TOKEN_SECRET: 'nobody is called, so nobody checks it',
    IDENTITY_GRPC_ADDRESS: NOWHERE,
    // Standard output is the document's.
    LOG_LEVEL: 'error',
  }),
);
const { app } = await createEdges(runtime);
const document = describeOpenAiConventions(
  openApiFor(app, { title: 'DailyDoco ai-gateway', description: 'Completions in OpenAI’s conventions.' }),
);
process.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`, () => process.exit(0));
