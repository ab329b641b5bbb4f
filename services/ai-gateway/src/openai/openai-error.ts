import { type Problem, toProblem } from '@dailydoco/errors';

/** What stands under `error` in every refusal of OpenAI's API. */
export interface OpenAiError {
  readonly message: string;
  readonly type: string;
  /** The field of the request that is to blame, if one is. */
  readonly param: string | null;
  readonly code: string | null;
}

export interface OpenAiErrorBody {
  readonly error: OpenAiError;
}

const MAX_TEXT_CHARACTERS = 2_000;

/** Codes that OpenAI's clients know; any other is the reason in lower case. */
const CODES: Partial<Record<Problem['code'], string>> = {
  UNAUTHENTICATED: 'invalid_api_key',
  RATE_LIMITED: 'rate_limit_exceeded',
};

/** A problem in OpenAI's words; its status stays that of the problem. */
export function openAiErrorOf({ status, detail, code, errors }: Problem): OpenAiErrorBody {
  const [first] = errors ?? [];
  return {
    error: {
      message: first === undefined ? detail : `${first.path}: ${first.message}`,
      type: typeOf(status),
      param: first?.path ?? null,
      code: CODES[code] ?? code.toLowerCase(),
    },
  };
}

/** The same for anything thrown: what is not a DomainError is told as an internal error, without its message. */
export function openAiErrorFrom(error: unknown): OpenAiErrorBody {
  return openAiErrorOf(toProblem(error));
}

function typeOf(status: number): string {
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/**
 * The error that stands in what a provider sent, under `error` or as the whole, with texts of bounded length; undefined
 * when none is there. Providers put an object or a bare text there, and numbers where OpenAI has texts.
 */
export function readOpenAiError(sent: unknown, status: number): OpenAiError | undefined {
  if (!isRecord(sent)) return undefined;
  const { error = sent } = sent;
  if (typeof error === 'string') return { message: cut(error), type: typeOf(status), param: null, code: null };
  if (!isRecord(error) || typeof error['message'] !== 'string') return undefined;
  return {
    message: cut(error['message']),
    type: textOf(error['type']) ?? typeOf(status),
    param: textOf(error['param']),
    code: textOf(error['code']),
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? cut(String(value)) : null;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS ? text : `${text.slice(0, MAX_TEXT_CHARACTERS)}…`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
