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

/** The connection never came about: nothing was sent, so sending is safe. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);

interface Journey {
  readonly agent: Agent;
  readonly retries: number;
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
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #logger: Logger;
  readonly #journeys = new AsyncLocalStorage<Journey>();

  constructor(parts: {
    services: readonly KongService[];
    /** Service name → `host:port`. */
    addresses: ReadonlyMap<string, string>;
    logger: Logger;
  }) {
    this.#addresses = parts.addresses;
    this.#logger = parts.logger;
    this.#agents = new Map(
      parts.services.map(({ name, connect_timeout: timeout }) => [
        name,
        new Agent({ connections: CONNECTIONS_PER_SERVICE, pipelining: 1, connect: { timeout } }),
      ]),
    );
  }

  /**
   * What reply-from sends by. It has no way to end a request whose client has gone, nor a connect timeout or retries per
   * service: all come along with the asynchronous context in which `send` called it.
   */
  readonly dispatcher = {
    request: ((options: Dispatcher.RequestOptions, callback: (error: Error | null, data: never) => void) => {
      const journey = this.#journeys.getStore();
      if (journey === undefined) throw new Error('a request to a service was sent past Forwarder.send');
      // A body is lost with the connection that did not come about.
      request(journey, { options, callback: callback as never, left: options.body ? 0 : journey.retries });
    }) as Dispatcher['request'],
  };

  /** `query`: with its question mark, or empty; neither it nor the path is changed. */
  send(
    reply: FastifyReply,
    service: KongService,
    { path, query, maxBytes }: { path: string; query: string; maxBytes: number },
  ): void {
    const { request } = reply;
    const agent = this.#agents.get(service.name);
    if (agent === undefined) throw new Error(`${service.name} is no service of this gateway`);
    const hasBody = attachBody(request, maxBytes);
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
    this.#journeys.run({ agent, retries: service.retries, gone: gone.signal }, () =>
      reply.from(`http://${this.#addresses.get(service.name)}${path}`, {
        timeout: service.read_timeout,
        queryString: () => query.slice(1),
        // What may be tried again is decided above.
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

  #fail(reply: FastifyReply, service: KongService, error: unknown): void {
    if (reply.raw.destroyed || reply.raw.writableEnded) return;
    const cause = rootOf(error);
    const { status, message } = failureOf(cause);
    if (status >= 500) this.#logger.warn({ err: cause, service: service.name, status }, 'a service did not answer');
    if (status === 503) reply.header('retry-after', '1');
    ownAnswer(reply, status, message);
  }
}

/** Hands the body over as a stream; whether there is one. A body of a GET or HEAD means nothing and stays here. */
function attachBody(request: FastifyRequest, maxBytes: number): boolean {
  const { headers, raw } = request;
  const told = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!told || BODILESS.has(request.method)) return false;
  const body = countingBody(maxBytes);
  // Whoever reads it hears of its errors; nobody has to when nobody reads any more.
  body.on('error', () => undefined);
  body.once('close', () => raw.resume());
  raw.once('close', () => {
    if (!raw.complete) body.destroy(new Error('the client went away'));
  });
  request.body = raw.pipe(body);
  return true;
}

interface Sending {
  readonly options: Dispatcher.RequestOptions;
  readonly callback: (error: Error | null, data: Dispatcher.ResponseData) => void;
  /** How often it may still be tried again. */
  readonly left: number;
}

function request(journey: Journey, { options, callback, left }: Sending): void {
  journey.agent.request({ ...options, signal: journey.gone }, (error, data) => {
    if (error !== null && left > 0 && !journey.gone.aborted && NEVER_CONNECTED.has(codeOf(rootOf(error))))
      request(journey, { options, callback, left: left - 1 });
    else callback(error, data);
  });
}

/** Statuses and words as Kong has them. */
function failureOf(cause: unknown): Failure {
  if (cause instanceof BodyTooLarge) return { status: 413, message: 'Request size limit exceeded' };
  const code = codeOf(cause);
  if (code.includes('TIMEOUT') || code === 'ETIMEDOUT')
    return { status: 504, message: 'The upstream server is timing out' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { status: 503, message: 'name resolution failed' };
  return { status: 502, message: 'An invalid response was received from the upstream server' };
}

function codeOf(cause: unknown): string {
  return cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : '';
}

function rootOf(error: unknown): unknown {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  return root;
}
