import { isTransientDatabaseError } from '@dailydoco/database';
import { DomainError, type Reason } from '@dailydoco/errors';
import { HttpException } from '@nestjs/common';

const REASON_BY_STATUS: Readonly<Record<number, Reason>> = {
  400: 'MALFORMED_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  408: 'MALFORMED_REQUEST',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  // A path parameter longer than the router takes names nothing that we have.
  414: 'NOT_FOUND',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  422: 'VALIDATION_FAILED',
  429: 'RATE_LIMITED',
  503: 'UNAVAILABLE',
};

/**
 * What Fastify, Nest and the database driver throw, as a DomainError: the one place where their errors get a reason.
 * A DomainError stays as it is, and undefined means a bug.
 */
export function domainErrorOf(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (error instanceof HttpException) {
    // Nest wraps what Fastify threw; a DomainError thrown by a body parser travels inside.
    return error.cause instanceof DomainError ? error.cause : ofStatus(error.getStatus(), error);
  }
  // Before the database's, which knows ECONNRESET as well: a client that broke off is no trouble of ours.
  if (isOfFastify(error)) return ofStatus(error.statusCode, error);
  return isTransientDatabaseError(error) ? new DomainError('UNAVAILABLE', { cause: error }) : undefined;
}

function ofStatus(status: number, cause: Error): DomainError | undefined {
  const reason = REASON_BY_STATUS[status];
  return reason === undefined ? undefined : new DomainError(reason, { cause });
}

/** Only what Fastify made of a request: a status code on anybody else's error says nothing about our caller. */
function isOfFastify(error: unknown): error is Error & { statusCode: number } {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return false;
  const isBrokenJson = error instanceof SyntaxError;
  const isBrokenOffBody = 'code' in error && error.code === 'ECONNRESET';
  return isBrokenJson || isBrokenOffBody || error.name === 'FastifyError';
}
