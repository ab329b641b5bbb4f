import { DomainError } from '@dailydoco/errors';

/** FILE_MALFORMED with where and why. What the file says at that place stays out: it may be a name or an account. */
export function malformed(fileLine: number, why: string): DomainError {
  return new DomainError('FILE_MALFORMED', { detail: `Line ${fileLine}: ${why}.` });
}
