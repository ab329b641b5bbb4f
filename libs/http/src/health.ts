import type { Lifecycle } from '@dailydoco/lifecycle';
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from '@dailydoco/telemetry';
import type { FastifyInstance } from 'fastify';
import { VITAL_ROUTE } from './routes.js';

/**
 * The pages for the cluster, which the gateway does not route: `GET /health/live`, `GET /health/ready` (200 or 503 with
 * the names of what failed), `GET /metrics` (Prometheus text), `GET /internal/openapi.json`.
 */
export function serveInternalPages(fastify: FastifyInstance, lifecycle: Lifecycle, document: () => object): void {
  fastify.get('/health/live', { config: VITAL_ROUTE }, (_request, reply) => {
    const health = lifecycle.live();
    reply.code(health.ok ? 200 : 503).send(health);
  });
  fastify.get('/health/ready', { config: VITAL_ROUTE }, async (_request, reply) => {
    const health = await lifecycle.ready();
    return reply.code(health.ok ? 200 : 503).send(health);
  });
  fastify.get('/metrics', { config: VITAL_ROUTE }, async (_request, reply) =>
    reply.header('content-type', PROMETHEUS_CONTENT_TYPE).send(await renderPrometheus()),
  );
  let built: object | undefined;
  fastify.get('/internal/openapi.json', { config: VITAL_ROUTE }, (_request, reply) => {
    built ??= document();
    reply.send(built);
  });
}
