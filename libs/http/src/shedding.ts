import type { LoadShedder } from '@dailydoco/resilience';
import { histogram, observe } from '@dailydoco/telemetry';
import type { FastifyInstance, onRequestHookHandler } from 'fastify';
import { hooksOf } from './routes.js';

/** The status under which an answer is counted that nobody waited for. */
const CLIENT_LEFT = 499;
const duration = histogram('dailydoco_http_server_duration_seconds');

/** Routes with a HEAD twin pass the registration twice with the same options. */
const sheddingHooks = new WeakSet<object>();

/**
 * Counts and times the requests of every route registered so far and from now on, the vital ones aside, and turns them
 * away with 503 before anything is done for them when there is more work than the process can take. What is under way is
 * finished. To be called after whatever else puts hooks before its own, because this one must be the first.
 */
export function shedBeforeWork(fastify: FastifyInstance, shedder: LoadShedder): void {
  const unregister = observe('dailydoco_http_server_in_flight_requests', () => shedder.inFlight);
  fastify.addHook('onClose', async () => {
    unregister();
    shedder.close();
  });
  fastify.addHook('onRoute', (route) => {
    if (route.config?.policy?.vital === true) return;
    const present = hooksOf(route.onRequest);
    if (present.some((hook) => sheddingHooks.has(hook))) return;
    const hook = sheddingHook(route.url, shedder);
    sheddingHooks.add(hook);
    route.onRequest = [hook, ...present];
  });
}

function sheddingHook(route: string, shedder: LoadShedder): onRequestHookHandler {
  return (request, { raw }, done) => {
    const startedMs = performance.now();
    const overload = shedder.enter();
    // Comes in any case, whether the answer was sent or the client left before it.
    raw.once('close', () => {
      if (overload === undefined) shedder.leave();
      const status = raw.writableFinished ? raw.statusCode : CLIENT_LEFT;
      duration.record((performance.now() - startedMs) / 1_000, { method: request.method, route, status });
    });
    done(overload);
  };
}
