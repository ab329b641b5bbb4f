import type { Answer } from './answer.js';

/** An error as RFC 9457 and our additions spell it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly errors?: readonly { readonly path: string; readonly message: string }[];
  readonly traceId?: string;
}

// The gateway may turn these away by itself, with a body of its own.
const MAY_BE_THE_GATEWAYS = new Set([413, 429, 500, 502, 503, 504]);

/** Throws when an answer breaks a rule that holds for every answer of the API, so that every test keeps watch. */
export function assertConventions(answer: Answer, { anyBody }: { anyBody: boolean }): void {
  const objection = objectionToAny(answer) ?? (anyBody ? undefined : objectionToError(answer));
  if (objection !== undefined)
    throw new Error(`${answer.call} answered ${answer.status} ${objection}: ${answer.text.slice(0, 500)}`);
}

function objectionToAny({ status, headers, text }: Answer): string | undefined {
  if (!headers['x-request-id']) return 'without X-Request-Id';
  if (/\n\s+at .+:\d+:\d+/.test(text)) return 'with a stack trace';
  if ((status === 429 || status === 503) && !headers['retry-after']) return 'without Retry-After';
  return undefined;
}

function objectionToError(answer: Answer): string | undefined {
  const { status } = answer;
  if (status < 400) return undefined;
  if (MAY_BE_THE_GATEWAYS.has(status) && answer.mediaType !== 'application/problem+json') return undefined;
  return answer.path.startsWith('/ai/v1/') ? notOpenAiError(answer) : notProblem(answer);
}

function notProblem({ status, mediaType, body }: Answer): string | undefined {
  if (mediaType !== 'application/problem+json') return `as ${mediaType}, not as a problem`;
  const problem = body as Partial<Problem>;
  for (const member of ['type', 'title', 'detail', 'code'] as const) {
    const value: unknown = problem[member];
    if (typeof value !== 'string' || value === '') return `with a problem without ${member}`;
  }
  if (problem.status !== status) return `with a problem of status ${String(problem.status)}`;
  if (problem.code === 'VALIDATION_FAILED' && problem.errors !== undefined) return wrongErrors(problem.errors);
  return undefined;
}

function wrongErrors(errors: unknown): string | undefined {
  const list = Array.isArray(errors) ? (errors as Partial<Record<string, unknown>>[]) : [];
  const wellFormed = list.every(({ path, message }) => typeof path === 'string' && typeof message === 'string');
  return wellFormed && list.length > 0 ? undefined : 'with errors that do not say path and message';
}

function notOpenAiError({ mediaType, body }: Answer): string | undefined {
  if (mediaType !== 'application/json') return `as ${mediaType}, not as an error of OpenAI's API`;
  const { error } = body as { error?: Record<string, unknown> };
  if (error === undefined) return 'without error';
  const { message, type } = error;
  if (typeof message !== 'string' || message === '' || typeof type !== 'string') return 'without message and type';
  return 'param' in error && 'code' in error ? undefined : 'without param and code';
}
