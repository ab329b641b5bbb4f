import { newId } from '@dailydoco/lifecycle';
import { type Basis, type Callers, createBasis, identifiedCallers } from '@dailydoco/service';
import { InFlight } from './completions/in-flight.js';
import type { Config } from './config.js';
import { ModelRoutes } from './models/model-routes.js';
import { TemplateProvider } from './providers/template-provider.js';
import { UpstreamProvider } from './providers/upstream.client.js';

/** Everything that the capabilities of this service share, made once per process and handed in. */
export interface Runtime extends Basis<Config>, Callers {
  readonly routes: ModelRoutes;
  readonly inFlight: InFlight;
}

/** Where Nest finds the runtime. */
export const RUNTIME = Symbol('RUNTIME');

/** What answers that were broken off at the end of a drain may still take to say so and be recorded. */
const LAST_RECORDS_MS = 3_000;

/** Makes the runtime; nothing connects yet. `overrides` are for tests that set the clock or stand in for neighbours. */
export function createRuntime(config: Config, overrides: Partial<Runtime> = {}): Runtime {
  const basis = createBasis({
    service: 'ai-gateway',
    config,
    overrides,
    drainTimeoutMs: config.COMPLETION_DRAIN_MS + LAST_RECORDS_MS,
  });
  return {
    ...basis,
    ...identifiedCallers(basis),
    routes: routesOf(config, basis),
    inFlight: new InFlight(),
    ...overrides,
  };
}

/** The configured upstreams; the built-in templates only where there are none. */
function routesOf(
  config: Config,
  { clock, lifecycle, logger }: Pick<Runtime, 'clock' | 'lifecycle' | 'logger'>,
): ModelRoutes {
  const { AI_UPSTREAMS: settings = [] } = config;
  if (settings.length === 0) return new ModelRoutes([new TemplateProvider({ newId, clock })]);
  const upstreams = settings.map(
    (upstream) =>
      new UpstreamProvider({
        ...upstream,
        connections: config.UPSTREAM_CONNECTIONS,
        queued: config.UPSTREAM_QUEUE_MAX,
        logger,
        connectTimeoutMs: config.UPSTREAM_CONNECT_TIMEOUT_MS,
        headersTimeoutMs: config.UPSTREAM_HEADERS_TIMEOUT_MS,
        bodyTimeoutMs: config.UPSTREAM_BODY_TIMEOUT_MS,
        retries: { attemptsMax: config.UPSTREAM_ATTEMPTS_MAX, waitMaxMs: config.UPSTREAM_RETRY_WAIT_MAX_MS },
        clock,
        random: Math.random,
      }),
  );
  lifecycle.onStop('stores', 'upstreams', async () => {
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });
  return new ModelRoutes(upstreams);
}
