import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import replyFrom from '@fastify/reply-from';
import type { Lifecycle } from '@dailydoco/lifecycle';
import { histogram, type Logger } from '@dailydoco/telemetry';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Redis } from 'ioredis';
import { largestBody } from './body-limit.js';
import { Forwarder } from './forward.js';
import type { KongDocument, KongPlugin } from './kong.js';
import { normalisePath, RouteMatcher, type Target } from './match.js';
import { ownAnswer } from './own-answer.js';
import { RateLimit } from './rate-limits.js';

export interface GatewayParts {
  readonly kong: KongDocument;
  /** Host name of kong.yml → `host:port`. */
  readonly upstreams: ReadonlyMap<string, string>;
  readonly redis: Redis;
  readonly logger: Logger;
  readonly lifecycle: Pick<Lifecycle, 'draining'>;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Name of the route in kong.yml, once that is known. */
    kongRoute?: string;
  }
}

/** A request that is not here by then, with its whole body, is given up. */
const REQUEST_TIMEOUT_MS = 60_000;
const IDLE_CHECK_MS = 50;
/** What Kong answers to a preflight. */
const PREFLIGHT_STATUS = 200;
const duration = histogram('dailydoco_http_server_duration_seconds');

/** Does what the entries of a kong.yml say; not yet listening. Throws when a service of the file has no upstream. */
export async function createGateway(parts: GatewayParts): Promise<FastifyInstance> {
  const { kong, upstreams, logger, lifecycle } = parts;
  const missing = kong.services.filter(({ host }) => !upstreams.has(host)).map(({ host }) => host);
  if (missing.length > 0) throw new Error(`GATEWAY_UPSTREAMS says nothing about ${missing.join(', ')}`);
  const forwarder = new Forwarder({ services: kong.services, upstreams, maxBytes: largestBody(kong.plugins), logger });
  const app = fastify({
    logger: false,
    trustProxy: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    genReqId: requestIdOf,
    frameworkErrors: (_error, _request, reply) => {
      ownAnswer(reply, 400, 'Bad request');
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onSend', async (_request, reply) => {
    if (lifecycle.draining) reply.header('connection', 'close');
  });
  if (pluginOf(kong.plugins, 'prometheus') !== undefined) measure(app);
  const origins = pluginOf(kong.plugins, 'cors');
  if (origins !== undefined) await app.register(cors, corsOptions(origins));
  await app.register(replyFrom, { disableRequestLogging: true, undici: forwarder.dispatcher });
  app.setErrorHandler((error, request, reply) => {
    logger.error({ err: error, route: request.kongRoute }, 'the gateway failed');
    ownAnswer(reply, 500, 'An unexpected error occurred');
  });
  const serve = serving(parts, forwarder);
  // Fastify has no routes here: kong.yml has them. `done` is never called, so that Fastify neither looks for a route nor at
  // the body, whatever its media type says.
  app.addHook('onRequest', (_request, reply, _done) => {
    serve(reply).catch((error: unknown) => reply.send(error));
  });
  closeInOrder(app, forwarder);
  return app;
}

/** What happens to one request, in the order in which Kong runs its plugins. */
function serving({ kong, redis }: GatewayParts, forwarder: Forwarder): (reply: FastifyReply) => Promise<void> {
  const matcher = new RouteMatcher(kong);
  const limits = limitsOf(kong, redis);
  const maxBytes = largestBody(kong.plugins);
  return async (reply) => {
    const { request } = reply;
    const where = normalisePath(request.raw.url ?? '');
    const target = where && matcher.find(where.path);
    if (where === undefined || target === undefined) return void ownAnswer(reply, 400, 'Bad request');
    request.kongRoute = target.route.name;
    if (Number(request.headers['content-length'] ?? 0) > maxBytes)
      return void ownAnswer(reply, 413, 'Request size limit exceeded');
    const verdict = await (limits.get(target.route.name) ?? limits.get(''))?.take(request.socket.remoteAddress ?? '');
    if (verdict !== undefined) reply.headers(verdict.headers);
    if (verdict?.allowed === false) return void ownAnswer(reply, 429, verdict.message);
    if (target.service === undefined) return terminate(reply, target);
    forwarder.send(reply, target.service, where);
  };
}

/** By route name; the empty name is the entry for all routes that have none of their own, as Kong prefers the nearest. */
function limitsOf({ services, plugins }: KongDocument, redis: Redis): Map<string, RateLimit> {
  const limits = new Map<string, RateLimit>();
  const add = (name: string, entries: readonly KongPlugin[]): void => {
    const entry = pluginOf(entries, 'rate-limiting');
    if (entry !== undefined) limits.set(name, new RateLimit(entry, { redis, place: name === '' ? 'global' : name }));
  };
  add('', plugins);
  for (const route of services.flatMap((service) => service.routes)) add(route.name, route.plugins ?? []);
  return limits;
}

function terminate(reply: FastifyReply, { route }: Target): void {
  const { status_code, content_type, body } = pluginOf(route.plugins ?? [], 'request-termination')?.config ?? {};
  reply.code(Number(status_code)).type(String(content_type)).send(String(body));
}

/** Requests by the name of their route in kong.yml. */
function measure(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    duration.record(reply.elapsedTime / 1_000, {
      method: request.method,
      route: request.kongRoute ?? 'none',
      status: String(reply.statusCode),
    });
  });
}

/** The connections to the services are needed until the last answer has been passed on: hooks on `onClose` come too early. */
function closeInOrder(app: FastifyInstance, forwarder: Forwarder): void {
  let reaper: NodeJS.Timeout | undefined;
  app.addHook('preClose', async () => {
    // A connection that was busy when the server closed is idle later, and would hold the close until it times out.
    reaper = setInterval(() => app.server.closeIdleConnections(), IDLE_CHECK_MS);
  });
  app.server.once('close', () => {
    clearInterval(reaper);
    void forwarder.close();
  });
}

function pluginOf(plugins: readonly KongPlugin[], name: string): KongPlugin | undefined {
  return plugins.find((plugin) => plugin.name === name);
}

const REQUEST_ID = /^[\x21-\x7e]{1,128}$/;

/** A client's own id is kept when it is one that the services keep, too. */
function requestIdOf(request: { headers: IncomingHttpHeaders }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

function corsOptions({ config }: KongPlugin) {
  const texts = (key: string): string[] => (config[key] as string[] | undefined) ?? [];
  return {
    origin: texts('origins').includes('*') ? '*' : texts('origins'),
    methods: texts('methods'),
    allowedHeaders: texts('headers'),
    exposedHeaders: texts('exposed_headers'),
    credentials: false,
    maxAge: Number(config['max_age'] ?? 0),
    strictPreflight: false,
    optionsSuccessStatus: PREFLIGHT_STATUS,
  };
}
