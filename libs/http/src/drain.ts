import type { Lifecycle } from '@dailydoco/lifecycle';
import type { FastifyInstance } from 'fastify';

const IDLE_CHECK_MS = 50;

/**
 * On the lifecycle's stage `drain`: stops accepting, finishes the requests in hand, closes connections as they fall
 * idle. From the moment the shutdown begins every answer says `Connection: close`, so that clients go elsewhere.
 */
export function drainWithLifecycle(fastify: FastifyInstance, lifecycle: Lifecycle): void {
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (lifecycle.draining) reply.header('connection', 'close');
    done(null, payload);
  });
  lifecycle.onStop('drain', 'http', async () => {
    // A connection that was busy when the server closed is idle later, and would hold the drain until it times out.
    const reaper = setInterval(() => fastify.server.closeIdleConnections(), IDLE_CHECK_MS);
    try {
      await fastify.close();
    } finally {
      clearInterval(reaper);
    }
  });
}
