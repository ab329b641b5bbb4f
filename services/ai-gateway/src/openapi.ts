// `node dist/openapi.js`: prints the OpenAPI document of this service’s public paths. Connects to nothing.
import { PLACEHOLDERS, printOpenApi } from '@dailydoco/service';
import { readConfig } from './config.js';
import { describeOpenAiConventions } from './openai/api-document.http.js';
import { createRuntime } from './runtime.js';
import { createEdges } from './service.js';

const runtime = createRuntime(readConfig(PLACEHOLDERS));
const { app } = await createEdges(runtime);
await printOpenApi(runtime, app, {
  description: 'Completions in OpenAI’s conventions.',
  amendDocument: describeOpenAiConventions,
});
