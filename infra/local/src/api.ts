import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export interface CallOptions {
  readonly token?: string;
  /** The Host header decides the tenant of a call without a token. */
  readonly host?: string;
  readonly idempotencyKey?: string;
}

/** A body as it goes out. */
interface Sent {
  readonly text: string;
  readonly type: string;
}

/** An answer that was not a success, with the problem the API sent. */
export class ApiError extends Error {
  readonly status: number;
  readonly body: string;

  constructor(call: string, status: number, body: string) {
    super(`${call} answered ${status}: ${body.slice(0, 400)}`);
    this.name = 'ApiError';
    this.status = status;
    this.body = body;
  }
}

const TIMEOUT_MS = 15_000;
const NOT_NOW_PAUSE_MS = 1_000;

/** The public API as a script sees it, through the gateway. Every POST carries an Idempotency-Key. */
export class Api {
  readonly baseUrl: string;
  readonly #patienceMs: number;

  /** `patienceMs`: for so long a call that is told 503 is made again, a POST under its key. Default 0. */
  constructor(baseUrl: string, { patienceMs = 0 }: { patienceMs?: number } = {}) {
    this.baseUrl = baseUrl;
    this.#patienceMs = patienceMs;
  }

  get<T>(path: string, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('GET', path, undefined, options);
  }

  /** The answer as it came, byte for byte: what is signed must not be read and written anew. */
  async getText(path: string, options: CallOptions = {}): Promise<string> {
    return this.#answer('GET', path, undefined, options);
  }

  post<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('POST', path, body, { idempotencyKey: randomUUID(), ...options });
  }

  put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<T> {
    return this.#call<T>('PUT', path, body, options);
  }

  /** Sends a file byte for byte, as the media type that it is. */
  async upload<T>(path: string, file: { text: string; type: string }, options: CallOptions = {}): Promise<T> {
    return JSON.parse(await this.#answer('POST', path, file, { idempotencyKey: randomUUID(), ...options })) as T;
  }

  async #call<T>(method: string, path: string, body: unknown, options: CallOptions): Promise<T> {
    const sent = body === undefined ? undefined : { text: JSON.stringify(body), type: 'application/json' };
    const text = await this.#answer(method, path, sent, options);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async #answer(method: string, path: string, body: Sent | undefined, options: CallOptions): Promise<string> {
    const deadline = Date.now() + this.#patienceMs;
    let { status, text } = await this.#send(method, path, body, options);
    while (status === 503 && Date.now() < deadline) {
      await wait(NOT_NOW_PAUSE_MS);
      ({ status, text } = await this.#send(method, path, body, options));
    }
    if (status >= 300) throw new ApiError(`${method} ${path}`, status, text);
    return text;
  }

  // Not fetch: it does not let a caller set Host.
  #send(
    method: string,
    path: string,
    body: Sent | undefined,
    options: CallOptions,
  ): Promise<{ status: number; text: string }> {
    const headers = {
      ...(body === undefined ? {} : { 'content-type': body.type }),
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.host === undefined ? {} : { host: options.host }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(`${this.baseUrl}${path}`, { method, headers, timeout: TIMEOUT_MS }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
        );
      });
      sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} did not answer within ${TIMEOUT_MS} ms`)));
      sent.on('error', reject);
      sent.end(body?.text);
    });
  }
}
