import { AsyncLocalStorage } from 'node:async_hooks';
import { Readable } from 'node:stream';
import { currentTraceparent, type Logger } from '@dailydoco/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Agent, type Dispatcher } from 'undici';
import { BodyReading } from './body-reading.js';
import { BodyTooLarge, countingBody } from './body-limit.js';
import { answerHeaders, requestHeaders } from './headers.js';
import type { Instances } from './instances.js';
import type { KongService } from './kong.js';
import { ownAnswer } from './own-answer.js';

/** Most requests under way to one service; more wait in line. */
const CONNECTIONS_PER_SERVICE = 256;
const BODILESS = new Set(['GET', 'HEAD']);

/** The connection never came about: nothing was sent, so sending is safe. */
const NEVER_CONNECTED = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'UND_ERR_CONNECT_TIMEOUT']);
/** The connection broke off before an answer. Kong asks once more by these methods, which do no harm twice. */
const BROKE_OFF = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
const ASKED_AGAIN = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

interface Journey {
  readonly agent: Agent;
  readonly instances: Instances;
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
  readonly #instances: ReadonlyMap<string, Instances>;
  readonly #logger: Logger;
  readonly #journeys = new AsyncLocalStorage<Journey>();

  constructor(parts: {
    services: readonly KongService[];
    /** By service name. */
    instances: ReadonlyMap<string, Instances>;
    logger: Logger;
  }) {
    this.#instances = parts.instances;
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
      request(journey, { options, callback: callback as never, left: journey.retries });
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
    const instances = this.#instances.get(service.name);
    if (agent === undefined || instances === undefined)
      throw new Error(`${service.name} is no service of this gateway`);
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
    this.#journeys.run({ agent, instances, retries: service.retries, gone: gone.signal }, () =>
      reply.from(`http://${instances.next()}${path}`, {
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
    for (const instances of this.#instances.values()) instances.close();
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
  const body = options.body instanceof Readable ? new BodyReading(options.body) : undefined;
  const attempt = body === undefined ? options : { ...options, body };
  journey.agent.request({ ...attempt, signal: journey.gone }, (error, data) => {
    if (error === null) return callback(null, data);
    const address = new URL(String(options.origin)).host;
    const code = codeOf(rootOf(error));
    if (NEVER_CONNECTED.has(code)) journey.instances.unreachable(address);
    if (
      left > 0 &&
      !journey.gone.aborted &&
      mayBeSentAgain(code, { method: options.method, begun: body?.begun === true })
    ) {
      const origin = `http://${journey.instances.next(address)}`;
      return request(journey, { options: { ...options, origin }, callback, left: left - 1 });
    }
    // Nobody reads it any more.
    if (options.body instanceof Readable) options.body.destroy();
    callback(error, data);
  });
}

/** `begun`: whether any of a body may have been sent. */
function mayBeSentAgain(code: string, { method, begun }: { method: string; begun: boolean }): boolean {
  if (begun) return false;
  return NEVER_CONNECTED.has(code) || (BROKE_OFF.has(code) && ASKED_AGAIN.has(method));
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
