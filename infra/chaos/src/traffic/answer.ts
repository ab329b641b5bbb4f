/** What came back over the wire, headers in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/**
 * `ok`: the answer that was wanted. `refused`: a documented "not now", complete with what a client needs to come back.
 * `unclean`: anything else. `none`: no answer at all.
 */
export type Outcome = 'ok' | 'refused' | 'unclean' | 'none';

export interface Judged {
  readonly outcome: Outcome;
  /** Status, and what is wrong with it. */
  readonly why: string;
}

/** What a call hopes for. */
export interface Hope {
  readonly statuses: readonly number[];
  /** Whether the text is the one that was wanted. */
  readonly holds: (text: string) => boolean;
  /** Reasons of a problem that are a clean answer, too: a repeated call may meet its first try. */
  readonly cleanCodes?: readonly string[];
}

/** What the public API may answer while a part is away. */
const NOT_NOW = new Set([429, 502, 503, 504]);
const SAYS_WHEN = new Set([429, 503]);

/** An answer in the light of what was hoped for and of what the API's documentation allows. */
export function judgeAnswer(answer: Answer, hope: Hope): Judged {
  const { status, text } = answer;
  if (hope.statuses.includes(status))
    return holdsSafely(hope, text)
      ? { outcome: 'ok', why: String(status) }
      : { outcome: 'unclean', why: `${status} with another content: ${start(text)}` };
  const body = parsed(text);
  if (hope.cleanCodes?.includes(String(body?.['code'])) === true)
    return { outcome: 'refused', why: `${status} ${String(body?.['code'])}` };
  if (!NOT_NOW.has(status)) return { outcome: 'unclean', why: `${status} ${start(text)}` };
  if (!isKnownShape(answer, body)) return { outcome: 'unclean', why: `${status} in an unknown shape: ${start(text)}` };
  if (SAYS_WHEN.has(status) && !(Number(answer.headers['retry-after']) > 0))
    return { outcome: 'unclean', why: `${status} without Retry-After: ${start(text)}` };
  return { outcome: 'refused', why: `${status} ${codeOf(body)}` };
}

/** A problem, the gateway's own body, or OpenAI's. */
function isKnownShape({ status, headers }: Answer, body: Record<string, unknown> | undefined): boolean {
  if (body === undefined) return false;
  const mediaType = (headers['content-type'] ?? '').split(';')[0];
  if (mediaType === 'application/problem+json') return body['status'] === status && typeof body['code'] === 'string';
  if (mediaType !== 'application/json') return false;
  if (typeof body['message'] === 'string' && typeof body['request_id'] === 'string') return true;
  const error = body['error'] as Record<string, unknown> | undefined;
  return typeof error?.['message'] === 'string' && typeof error['type'] === 'string';
}

function codeOf(body: Record<string, unknown> | undefined): string {
  const error = body?.['error'] as Record<string, unknown> | undefined;
  const told = [body?.['code'], body?.['message'], error?.['code'], error?.['type']];
  return told.find((word) => typeof word === 'string') ?? '';
}

function holdsSafely({ holds }: Hope, text: string): boolean {
  try {
    return holds(text);
  } catch {
    return false;
  }
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function start(text: string): string {
  return text.slice(0, 160);
}
