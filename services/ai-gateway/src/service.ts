import { accessConsumer, addConsumers, addRelay, buildEdges, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { keepBodyTexts } from './completions/body-text.http.js';
import { migrationSources } from './migrations.js';
import { describeOpenAiConventions, openAiErrors } from './openai/api-document.http.js';
import type { Runtime } from './runtime.js';

/** Largest body of a request: 1 MiB, as everywhere in the public API. */
const BODY_LIMIT_BYTES = 1_048_576;

/**
 * Puts the service together: edges, relay, consumers, each registered with the lifecycle, whose `start` and `shutdown`
 * do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC (its health only), and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { config, lifecycle, inFlight } = runtime;
  const service = await buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    errorBody: openAiErrors,
    amendDocument: describeOpenAiConventions,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    plugins: (fastify) => keepBodyTexts(fastify, { limitBytes: BODY_LIMIT_BYTES }),
  });
  lifecycle.onStop('drain', 'completions', () => inFlight.drain(config.COMPLETION_DRAIN_MS));
  return service;
}

/** The part that works on its own: relay and consumers. */
export function addBackground(runtime: Runtime): void {
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime)]);
}
