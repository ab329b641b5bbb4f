import { randomUUID } from 'node:crypto';
import { type OutgoingHttpHeaders, request } from 'node:http';
import type { Answer, Json } from './answer.js';
import { assertConventions } from './conventions.js';
import { fleet } from './fleet.js';
import { sourceAddress } from './source-address.js';

export interface CallOptions {
  /** An access token or an API key. */
  readonly as?: string | undefined;
  /** The Host header decides the tenant of a call without credentials. */
  readonly host?: string | undefined;
  readonly json?: unknown;
  /** A body as it is; it needs its own Content-Type among the headers. */
  readonly raw?: string | Buffer;
  /** A new key for every POST unless one is named; null: none. */
  readonly key?: string | null;
  readonly headers?: OutgoingHttpHeaders;
  /** For requests so odd that the gateway may turn them away with a body of its own. */
  readonly anyBody?: true;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD' | 'OPTIONS';

const TIMEOUT_MS = 30_000;
const { hostname, port } = new URL(fleet.gatewayUrl);
const localAddress = sourceAddress();

/** One call of the public API through the gateway. Every answer is checked against the conventions of all answers. */
export async function call<Body = Json>(
  method: Method,
  path: string,
  options: CallOptions = {},
): Promise<Answer<Body>> {
  const answer = await send<Body>(method, path, options);
  assertConventions(answer, { anyBody: options.anyBody === true });
  return answer;
}

export const get = <Body = Json>(path: string, options?: CallOptions) => call<Body>('GET', path, options);
export const post = <Body = Json>(path: string, options?: CallOptions) => call<Body>('POST', path, options);
export const put = <Body = Json>(path: string, options?: CallOptions) => call<Body>('PUT', path, options);
export const del = <Body = Json>(path: string, options?: CallOptions) => call<Body>('DELETE', path, options);

/** The body of an answer that had to have this status; else throws what came instead. */
export function expecting<Body>(status: number, answer: Answer<Body>): Body {
  if (answer.status !== status)
    throw new Error(`${answer.call} answered ${answer.status}, not ${status}: ${answer.text.slice(0, 500)}`);
  return answer.body;
}

/** The body of an answer that had to be a success of whatever kind. */
export function succeeding<Body>(answer: Answer<Body>): Body {
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  throw new Error(`${answer.call} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
}

function headersOf(method: Method, { as, host, json, key, headers }: CallOptions): OutgoingHttpHeaders {
  const idempotencyKey = key === undefined && method === 'POST' ? randomUUID() : key;
  return {
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(as === undefined ? {} : { authorization: `Bearer ${as}` }),
    ...(host === undefined ? {} : { host }),
    ...(typeof idempotencyKey === 'string' ? { 'idempotency-key': idempotencyKey } : {}),
    ...headers,
  };
}

// Not fetch, which lets nobody set Host. No connection is kept: one that the server gives up while a test waits would fail
// the next call for no reason of the API's.
function send<Body>(method: Method, path: string, options: CallOptions): Promise<Answer<Body>> {
  const text = options.json === undefined ? options.raw : JSON.stringify(options.json);
  const body = text === undefined ? undefined : Buffer.from(text);
  const headers = headersOf(method, options);
  if (body !== undefined) headers['content-length'] = body.length;
  return new Promise((resolve, reject) => {
    // Not as one address, which would be tidied up: the path travels as it is written.
    const settings = {
      hostname,
      port,
      path,
      method,
      headers,
      localAddress,
      agent: false as const,
      timeout: TIMEOUT_MS,
    };
    const sent = request(settings, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const received = Buffer.concat(chunks).toString('utf8');
        const mediaType = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
        resolve({
          call: `${method} ${path}`,
          path,
          status: response.statusCode ?? 0,
          headers: response.headers,
          mediaType,
          text: received,
          body: (isJson(mediaType) && received !== '' ? JSON.parse(received) : undefined) as Body,
        });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path} did not answer within ${TIMEOUT_MS} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function isJson(mediaType: string): boolean {
  return mediaType === 'application/json' || mediaType.endsWith('+json');
}
