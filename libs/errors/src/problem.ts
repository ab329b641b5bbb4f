import { DomainError, type FieldError } from './domain-error.js';
import { REASONS, type Reason } from './reasons.js';

/** The body of an `application/problem+json` answer (RFC 9457). Optional members are absent, never null. */
export interface Problem {
  /** `urn:dailydoco:problem:<kebab-case-reason>`. */
  type: string;
  title: string;
  status: number;
  detail: string;
  /** The stable reason; clients compare this and nothing else. */
  code: Reason;
  errors?: readonly FieldError[];
  traceId?: string;
}

/**
 * What the HTTP client gets to read about an error. Anything but a DomainError is a bug: it becomes INTERNAL and its
 * message stays inside, because it may name hosts, queries or other people's data.
 */
export function toProblem(error: unknown, traceId?: string): Problem {
  const reason: Reason = error instanceof DomainError ? error.reason : 'INTERNAL';
  const { http, title } = REASONS[reason];
  const problem: Problem = {
    type: `urn:dailydoco:problem:${reason.toLowerCase().replaceAll('_', '-')}`,
    title,
    status: http,
    detail: error instanceof DomainError ? error.detail : title,
    code: reason,
  };
  if (error instanceof DomainError && error.fieldErrors.length > 0) problem.errors = error.fieldErrors;
  if (traceId !== undefined) problem.traceId = traceId;
  return problem;
}
