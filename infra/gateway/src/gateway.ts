import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import cors from '@fastify/cors';
import replyFrom from '@fastify/reply-from';
import type { Lifecycle } from '@dailydoco/lifecycle';
import { histogram, type Logger } from '@dailydoco/telemetry';
import { fastify, type FastifyInstance } from 'fastify';
import type { Redis } from 'ioredis';
import { Forwarder } from './forward.js';
import { healthRulesOf, Instances } from './instances.js';
import type { KongDocument, KongPlugin } from './kong.js';
import { ownAnswer } from './own-answer.js';
import { Server, type Way } from './serve.js';

export interface GatewayParts {
  readonly kong: KongDocument;
  /** Host name of kong.yml → `host:port` of each instance. */
  readonly upstreams: ReadonlyMap<string, readonly string[]>;
  readonly redis: Redis;
  readonly logger: Logger;
  readonly lifecycle: Pick<Lifecycle, 'draining'>;
  /** For tokens that end. */
  readonly now?: () => Date;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Once the path has told it. */
    kongWay?: Way;
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
  const { kong, redis, logger, lifecycle, now = () => new Date() } = parts;
  const forwarder = new Forwarder({ services: kong.services, instances: instancesOf(parts), logger });
  const server = new Server({ kong, redis, forwarder, now });
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
  app.addHook('onRequest', (request, reply, done) => {
    const way = server.receive(request, reply);
    // Answered already: `done` would go on to the next hook.
    if (way === undefined) return;
    request.kongWay = way;
    done();
  });
  const origins = pluginOf(kong.plugins, 'cors');
  if (origins !== undefined) await app.register(cors, corsOptions(origins));
  await app.register(replyFrom, { disableRequestLogging: true, undici: forwarder.dispatcher });
  app.setErrorHandler((error, request, reply) => {
    logger.error({ err: error, route: routeOf(request) }, 'the gateway failed');
    ownAnswer(reply, 500, 'An unexpected error occurred');
  });
  // Fastify has no routes here: kong.yml has them. `done` is never called, so that Fastify neither looks for a route nor at
  // the body, whatever its media type says.
  app.addHook('onRequest', ({ kongWay: way }, reply, _done) => {
    if (way === undefined) throw new Error('a request was served before its way was known');
    server.serve(reply, way).catch((error: unknown) => reply.send(error));
  });
  closeInOrder(app, forwarder);
  return app;
}

/** Service name → its instances. */
function instancesOf({ kong, upstreams, logger }: GatewayParts): Map<string, Instances> {
  const grpc = kong.services.filter(({ protocol }) => protocol !== 'http').map(({ name }) => name);
  if (grpc.length > 0) throw new Error(`this gateway speaks plain HTTP only: ${grpc.join(', ')} cannot be served`);
  const found = kong.services.map(({ name, host }) => {
    const upstream = kong.upstreams.find((one) => one.name === host);
    const hostName = upstream?.targets[0]?.target.split(':')[0] ?? '';
    return { name, hostName, addresses: upstreams.get(hostName) ?? [], healthchecks: upstream?.healthchecks ?? {} };
  });
  const missing = found.filter(({ addresses }) => addresses.length === 0).map(({ hostName }) => hostName);
  if (missing.length > 0) throw new Error(`GATEWAY_UPSTREAMS says nothing about ${missing.join(', ')}`);
  return new Map(
    found.map(({ name, addresses, healthchecks }) => [
      name,
      new Instances({ addresses, rules: healthRulesOf(healthchecks), logger }),
    ]),
  );
}

function routeOf({ kongWay: way }: { kongWay?: Way }): string | undefined {
  return way?.target.route.name;
}

/** Requests by the name of their route in kong.yml. */
function measure(app: FastifyInstance): void {
  app.addHook('onResponse', async (request, reply) => {
    duration.record(reply.elapsedTime / 1_000, {
      method: request.method,
      route: routeOf(request) ?? 'none',
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
