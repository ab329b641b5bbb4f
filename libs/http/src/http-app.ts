import 'reflect-metadata';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { AUTHENTICATOR, type Authenticator } from '@dailydoco/auth';
import type { Lifecycle } from '@dailydoco/lifecycle';
import { LoadShedder } from '@dailydoco/resilience';
import { type Logger, nestLogger } from '@dailydoco/telemetry';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';
import { admitBeforeBody } from './admission.js';
import { drainWithLifecycle } from './drain.js';
import { serveInternalPages } from './health.js';
import { toJson } from './json.js';
import { acceptJsonOnly } from './json-body.js';
import { type OpenApiDocument, openApiFor } from './openapi.js';
import { type ErrorBody, ProblemFilter, rawProblem } from './problem.filter.js';
import { refuseChanges } from './read-only.js';
import { requestIdOf } from './request-id.js';
import { publishPolicies } from './routes.js';
import { shedBeforeWork } from './shedding.js';
import { SchemaValidationPipe } from './validation.pipe.js';

export interface HttpAppOptions {
  /** The service's root module; it provides AUTHENTICATOR. */
  readonly module: Type | DynamicModule;
  readonly logger: Logger;
  readonly lifecycle: Lifecycle;
  /** Largest body of a request, in bytes; default 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** Whose `X-Forwarded-*` headers are believed, as Fastify takes it; default nobody's. */
  readonly trustProxy?: boolean | string | string[];
  /** Title of the OpenAPI document. */
  readonly title?: string;
  readonly errorBody?: ErrorBody;
  /** Completes the OpenAPI document where it cannot know better: the other error shape, answers that are streams. */
  readonly amendDocument?: (document: OpenApiDocument) => OpenApiDocument;
  /** Registers Fastify plugins (cookies, static files) before any route. */
  readonly plugins?: (fastify: FastifyInstance) => void | Promise<void>;
  /** Turns requests away before they are begun, those of the cluster's own pages aside. Default: past 1,000 at a time. */
  readonly shedder?: LoadShedder;
  /** While it says so, only reads are answered: whatever could change something is told READ_ONLY. Default never. */
  readonly isReadOnly?: () => boolean;
}

const IN_FLIGHT_MAX = 1_000;

const MAX_PATH_PARAMETER_CHARACTERS = 256;
// A client that takes longer to send its request is holding a connection for nothing.
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * A Nest application on Fastify with the conventions of the public API: every error a problem, bodies and parameters
 * validated by the schemas of their decorators, authentication and authorization before the body is read, request ids,
 * the pages for the cluster, a graceful drain. Not yet listening: call `listen` from a start hook.
 *
 * The order of checks is 503 for a process that is overloaded or read-only, 401, 403, 413, 415, 400, then whatever the handler finds (404, 409, 422). Handlers need no
 * guard: their `@Requires` is enforced here, and one without it stops the boot. Nest middleware is not supported; use
 * Fastify hooks by `plugins`.
 */
export async function createHttpApp(options: HttpAppOptions): Promise<NestFastifyApplication> {
  const { module, logger, lifecycle, bodyLimitBytes = 1_048_576, errorBody, plugins, title = 'DailyDoco' } = options;
  const { amendDocument = (document) => document } = options;
  const { shedder = new LoadShedder({ edge: 'http', inFlightMax: IN_FLIGHT_MAX }) } = options;
  const problems = new ProblemFilter(logger, errorBody);
  const adapter = new FastifyAdapter({
    ...serverOptions(options, problems),
    bodyLimit: bodyLimitBytes,
    skipMiddie: true,
  });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  const fastify: FastifyInstance = adapter.getInstance();
  acceptJsonOnly(fastify, bodyLimitBytes);
  fastify.setReplySerializer(toJson);
  fastify.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  drainWithLifecycle(fastify, lifecycle);
  admitBeforeBody(fastify, { authenticator: authenticatorOf(app), bodyLimitBytes });
  if (options.isReadOnly !== undefined) refuseChanges(fastify, options.isReadOnly);
  shedBeforeWork(fastify, shedder);
  app.useGlobalPipes(new SchemaValidationPipe());
  app.useGlobalFilters(problems);
  await plugins?.(fastify);
  publishPolicies(app);
  serveInternalPages(fastify, lifecycle, () => amendDocument(openApiFor(app, { title })));
  return app;
}

function serverOptions({ trustProxy = false }: HttpAppOptions, problems: ProblemFilter): FastifyServerOptions {
  return {
    logger: false,
    trustProxy,
    genReqId: (request: IncomingMessage) => requestIdOf(request),
    requestTimeout: REQUEST_TIMEOUT_MS,
    // While draining, a request on an open connection is still answered; the connection closes after it.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER_CHARACTERS },
    frameworkErrors: (error, request, reply) => {
      reply.header('x-request-id', request.id);
      problems.answer(error, request, reply);
    },
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) => {
      if (error.code !== 'ECONNRESET' && socket.writable) socket.end(rawProblem(error.code));
      else socket.destroy();
    },
  };
}

/** Without one, only routes for anyone can be served, and any other stops the boot. */
function authenticatorOf(app: NestFastifyApplication): Authenticator | undefined {
  try {
    return app.get<Authenticator>(AUTHENTICATOR, { strict: false });
  } catch {
    return undefined;
  }
}
