import { isTransientDatabaseError } from '@dailydoco/database';
import { DomainError, fromGrpcStatus, toGrpcStatus } from '@dailydoco/errors';
import { Metadata, status } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

const DETAILS_KEY = 'grpc-status-details-bin';

/** An error in the shape that grpc-js sends as a status. */
export type StatusError = Pick<ServiceError, 'name' | 'message' | 'code' | 'details' | 'metadata'>;

/** What goes over the wire for an error; of anything but a DomainError only that it happened. */
export function statusErrorOf(error: unknown): StatusError {
  const { code, details, statusDetailsBin } = toGrpcStatus(error);
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, Buffer.from(statusDetailsBin));
  return Object.assign(new Error(statusName(code)), { code, details, metadata });
}

/** What a handler threw, as what its caller is told: a store that is away is UNAVAILABLE, and no bug. */
export function refusalOf(error: unknown): unknown {
  if (error instanceof DomainError || !isTransientDatabaseError(error)) return error;
  return new DomainError('UNAVAILABLE', { cause: error });
}

/** The DomainError behind what a call ended with: the one the server threw, or what stands for grpc-js's own error. */
export function domainErrorOf(error: unknown): unknown {
  if (!isServiceError(error)) return error;
  const [bytes] = error.metadata.get(DETAILS_KEY);
  const statusDetailsBin = bytes instanceof Uint8Array ? bytes : undefined;
  return fromGrpcStatus({ code: error.code, details: error.details, statusDetailsBin });
}

/** The status, by name, that an error has in metrics; OK for none. */
export function statusNameOf(error: unknown): string {
  return error === undefined ? 'OK' : statusName(toGrpcStatus(error).code);
}

/** Whether the error tells of a bug rather than of a refusal. */
export function isBug(error: unknown): boolean {
  return !(error instanceof DomainError) || error.reason === 'INTERNAL';
}

function isServiceError(error: unknown): error is StatusError {
  return error instanceof Error && 'code' in error && 'metadata' in error && error.metadata instanceof Metadata;
}

function statusName(code: number): string {
  return status[code] ?? 'UNKNOWN';
}
