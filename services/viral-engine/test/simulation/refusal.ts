import { DomainError } from '@dailydoco/errors';

/** The reason, when it is one of those that may be given; anything else that was thrown is thrown on. */
export function refusal(error: unknown, ...reasons: DomainError['reason'][]): DomainError['reason'] {
  if (error instanceof DomainError && reasons.includes(error.reason)) return error.reason;
  throw error;
}
