import { DomainError } from '@dailydoco/errors';
import type { Dispatcher } from 'undici';
import { readOpenAiError } from '../openai/openai-error.js';
import { AnswerRefused } from './provider.js';
import { parseRetryAfter } from './retry.js';

/** A call that brought no answer. */
export interface Failure {
  readonly error: DomainError | AnswerRefused;
  /** Present: the provider has not begun to work on it, so it may be asked again. */
  readonly retry?: { readonly reason: 'connect' | 'busy'; readonly retryAfterMs: number | undefined };
  /** It was not reached, broke off or answered 5xx: enough of these and it is left alone for a while. */
  readonly peerFailed: boolean;
}

/** What finds fault with the request itself, which the caller can mend; all other refusals are ours to mend. */
const CALLERS_FAULT: ReadonlySet<number> = new Set([400, 413, 422]);
const MAX_ERROR_BYTES = 64 * 1_024;

/** Errors of which it is certain that no request was sent. */
const NOT_CONNECTED: ReadonlySet<string> = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** The call itself failed: no status came back. */
export function failureOfCall(error: unknown, provider: string): Failure {
  const code = codeOf(error);
  const cause = new Error(`no answer from ${provider}`, { cause: error });
  if (code !== undefined && NOT_CONNECTED.has(code)) {
    const unavailable = new DomainError('UNAVAILABLE', { detail: 'The model provider cannot be reached.', cause });
    return { error: unavailable, retry: { reason: 'connect', retryAfterMs: undefined }, peerFailed: true };
  }
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    return {
      error: new DomainError('DEADLINE_EXCEEDED', { detail: 'The model provider did not answer in time.', cause }),
      peerFailed: true,
    };
  }
  return { error: failed(cause), peerFailed: true };
}

/** A status other than 200 came back. */
export async function failureOfAnswer(
  { statusCode, headers, body }: Dispatcher.ResponseData,
  { provider, apiKey, now }: { provider: string; apiKey: string | undefined; now: Date },
): Promise<Failure> {
  const cause = new Error(`${provider} answered ${statusCode}`);
  if (CALLERS_FAULT.has(statusCode)) {
    const said = readOpenAiError(await readJson(body), statusCode);
    if (said === undefined) return { error: failed(cause), peerFailed: false };
    // No provider should repeat our key to the caller; if one does, it does not get past here.
    const message = apiKey === undefined ? said.message : said.message.replaceAll(apiKey, '[redacted]');
    return { error: new AnswerRefused(statusCode, { ...said, message }), peerFailed: false };
  }
  await body.dump({ limit: MAX_ERROR_BYTES }).catch(() => undefined);
  const peerFailed = statusCode >= 500;
  if (statusCode !== 429 && statusCode !== 503) return { error: failed(cause), peerFailed };
  const header = headers['retry-after'];
  const retryAfterMs = parseRetryAfter(typeof header === 'string' ? header : undefined, now);
  const retryAfterSeconds = retryAfterMs === undefined ? undefined : retryAfterMs / 1_000;
  const busy =
    statusCode === 429
      ? new DomainError('RATE_LIMITED', { detail: 'The model provider limits our calls.', retryAfterSeconds, cause })
      : new DomainError('UNAVAILABLE', { detail: 'The model provider is not available.', retryAfterSeconds, cause });
  return { error: busy, retry: { reason: 'busy', retryAfterMs }, peerFailed };
}

function failed(cause: Error): DomainError {
  return new DomainError('UPSTREAM_FAILED', { detail: 'The model provider failed.', cause });
}

async function readJson(body: Dispatcher.ResponseData['body']): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_ERROR_BYTES) return undefined;
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

/** undici wraps what several addresses failed with in one AggregateError that has a code, or none. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return undefined;
}
