import { AsyncLocalStorage } from 'node:async_hooks';
import { currentTraceparent, type Logger } from '@dailydoco/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Agent, type Dispatcher } from 'undici';
import { BodyTooLarge, countingBody } from './body-limit.js';
import { answerHeaders, requestHeaders } from './headers.js';
import type { KongService } from './kong.js';
import { ownAnswer } from './own-answer.js';

/** Most requests under way to one service; more wait in line. */
const CONNECTIONS_PER_SERVICE = 256;
const BODILESS = new Set(['GET', 'HEAD']);

interface Journey {
  readonly agent: Agent;
  /** Aborts when the client has gone before it had its answer. */
  readonly gone: AbortSignal;
}

interface Failure {
  readonly status: number;
  readonly message: string;
}

/** Sends requests on to the services and their answers back, both as they come. */
export class Forwarder {
  readonly #agents: ReadonlyMap<string, Agent>;
  readonly #upstreams: ReadonlyMap<string, string>;
  readonly #maxBytes: number;
  readonly #logger: Logger;
  readonly #journeys = new AsyncLocalStorage<Journey>();

  constructor(parts: {
    services: readonly KongService[];
    /** Host name → `host:port`. */
    upstreams: ReadonlyMap<string, string>;
    maxBytes: number;
    logger: Logger;
  }) {
    this.#upstreams = parts.upstreams;
    this.#maxBytes = parts.maxBytes;
    this.#logger = parts.logger;
    this.#agents = new Map(
      parts.services.map(({ name, connect_timeout: timeout }) => [
        name,
        new Agent({ connections: CONNECTIONS_PER_SERVICE, pipelining: 1, connect: { timeout } }),
      ]),
    );
  }

  /**
   * What reply-from sends by. It has no way to end a request whose client has gone, nor a connect timeout per service:
   * both come along with the asynchronous context in which `send` called it.
   */
  readonly dispatcher = {
    request: ((options: Dispatcher.RequestOptions, callback: (error: Error | null, data: never) => void) => {
      const journey = this.#journeys.getStore();
      if (journey === undefined) throw new Error('a request to a service was sent past Forwarder.send');
      journey.agent.request({ ...options, signal: journey.gone }, callback as never);
    }) as Dispatcher['request'],
  };

  /** `query`: with its question mark, or empty; neither it nor the path is changed. */
  send(reply: FastifyReply, service: KongService, { path, query }: { path: string; query: string }): void {
    const { request } = reply;
    const agent = this.#agents.get(service.name);
    if (agent === undefined) throw new Error(`${service.name} is no service of this gateway`);
    const hasBody = this.#attachBody(request);
    const gone = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    const caller = {
      address: request.socket.remoteAddress ?? '',
      host: request.headers.host ?? '',
      requestId: request.id,
      traceparent: currentTraceparent(),
    };
    this.#journeys.run({ agent, gone: gone.signal }, () =>
      reply.from(`http://${this.#upstreams.get(service.host)}${path}`, {
        timeout: service.read_timeout,
        queryString: () => query.slice(1),
        // Only a client knows whether its request may be sent twice.
        retryDelay: () => null,
        rewriteRequestHeaders: (_request, headers) => requestHeaders(headers, caller, { hasBody }),
        rewriteHeaders: (headers) => answerHeaders(headers, request.id),
        onResponse: (_request, _reply, answer) => {
          // reply-from closes the connection when the answer comes before the request was read whole; the rest of the
          // request is read and dropped instead (`#attachBody`), or the client might never see its answer.
          reply.removeHeader('connection');
          reply.send(answer.stream);
        },
        onError: (_reply, { error }) => this.#fail(reply, service, error),
      }),
    );
  }

  async close(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.destroy()));
  }

  /** Hands the body over as a stream; whether there is one. A body of a GET or HEAD means nothing and stays here. */
  #attachBody(request: FastifyRequest): boolean {
    const { headers, raw } = request;
    const told = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!told || BODILESS.has(request.method)) return false;
    const body = countingBody(this.#maxBytes);
    // Whoever reads it hears of its errors; nobody has to when nobody reads any more.
    body.on('error', () => undefined);
    body.once('close', () => raw.resume());
    raw.once('close', () => {
      if (!raw.complete) body.destroy(new Error('the client went away'));
    });
    request.body = raw.pipe(body);
    return true;
  }

  #fail(reply: FastifyReply, service: KongService, error: unknown): void {
    if (reply.raw.destroyed || reply.raw.writableEnded) return;
    const cause = rootOf(error);
    const { status, message } = failureOf(cause);
    if (status >= 500) this.#logger.warn({ err: cause, service: service.name, status }, 'a service did not answer');
    if (status === 503) reply.header('retry-after', '1');
    ownAnswer(reply, status, message);
  }
}

/** Statuses and words as Kong has them. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof BodyTooLarge) return { status: 413, message: 'Request size limit exceeded' };
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : '';
  if (code.includes('TIMEOUT') || code === 'ETIMEDOUT')
    return { status: 504, message: 'The upstream server is timing out' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { status: 503, message: 'name resolution failed' };
  return { status: 502, message: 'An invalid response was received from the upstream server' };
}

function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return root;
}
