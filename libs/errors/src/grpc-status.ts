import { BadRequest, ErrorInfo, RetryInfo } from '@dailydoco/proto/google/rpc/error_details';
import { Status } from '@dailydoco/proto/google/rpc/status';
import type { Any } from '@dailydoco/proto/google/protobuf/any';
import { DomainError, type DomainErrorOptions, type FieldError } from './domain-error.js';
import { GRPC_STATUS, isReason, type GrpcStatus, type Reason, reasonEntry } from './reasons.js';

/** An error as gRPC carries it: status number, text, and the bytes of metadata `grpc-status-details-bin`. */
export interface GrpcError {
  code: GrpcStatus;
  details: string;
  /** An encoded google.rpc.Status. */
  statusDetailsBin: Uint8Array;
}

/** What a client received; grpc-js calls the text `details`, and it lacks the bytes when grpc-js itself made the error. */
export interface ReceivedGrpcError {
  code: number;
  details: string;
  statusDetailsBin?: Uint8Array | undefined;
}

const ERROR_DOMAIN = 'dailydoco';
const TYPE_URL = 'type.googleapis.com/google.rpc.';

// The status travels in an HTTP/2 header block, which Node refuses from 64 KiB on; base64 adds a third. Within these
// bounds the largest error stays under 40 KiB whatever it is written in, and an ordinary one under one.
const MAX_FIELD_ERRORS = 20;
const MAX_METADATA_ENTRIES = 20;
const MAX_TEXT_CHARACTERS = 120;
const MAX_DETAIL_CHARACTERS = 500;

/** What google.rpc.ErrorInfo allows as a key; it also keeps `__proto__` from meaning anything on the other side. */
const METADATA_KEY = /^[a-z][a-zA-Z0-9_-]{0,63}$/;

/**
 * The gRPC status of an error: ErrorInfo with the reason in domain `dailydoco`, BadRequest for field errors, RetryInfo
 * for retryAfterSeconds. Anything but a DomainError is a bug and becomes INTERNAL without its message.
 */
export function toGrpcStatus(error: unknown): GrpcError {
  const known = error instanceof DomainError ? error : new DomainError('INTERNAL');
  const code = reasonEntry(known.reason).grpc;
  const message = cut(known.detail, MAX_DETAIL_CHARACTERS);
  const details: Any[] = [pack('ErrorInfo', ErrorInfo.encode(errorInfo(known)).finish())];
  if (known.fieldErrors.length > 0) details.push(pack('BadRequest', BadRequest.encode(badRequest(known)).finish()));
  if (known.retryAfterSeconds !== undefined) {
    const retryDelay = { seconds: BigInt(known.retryAfterSeconds), nanos: 0 };
    details.push(pack('RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return { code, details: message, statusDetailsBin: Status.encode({ code, message, details }).finish() };
}

/**
 * The DomainError that the other side threw. Without a readable ErrorInfo of ours (grpc-js made the error, or a proxy)
 * the status number alone decides the reason, and the text is kept as `cause`: it was not written for our callers.
 */
export function fromGrpcStatus(received: ReceivedGrpcError): DomainError {
  const told = received.statusDetailsBin === undefined ? undefined : readDetails(received.statusDetailsBin);
  if (told !== undefined) return new DomainError(told.reason, told.options);
  const cause = new Error(`gRPC status ${received.code}: ${received.details}`);
  return new DomainError(reasonOfBareStatus(received.code), { cause });
}

function errorInfo(error: DomainError): ErrorInfo {
  const entries = Object.entries(error.metadata)
    .filter(([key]) => METADATA_KEY.test(key))
    .slice(0, MAX_METADATA_ENTRIES);
  const metadata = Object.fromEntries(entries.map(([key, value]) => [key, cut(value, MAX_TEXT_CHARACTERS)]));
  return { reason: error.reason, domain: ERROR_DOMAIN, metadata };
}

function badRequest(error: DomainError): BadRequest {
  return {
    fieldViolations: error.fieldErrors.slice(0, MAX_FIELD_ERRORS).map(({ path, message }) => ({
      field: cut(path, MAX_TEXT_CHARACTERS),
      description: cut(message, MAX_TEXT_CHARACTERS),
    })),
  };
}

function pack(name: 'ErrorInfo' | 'BadRequest' | 'RetryInfo', value: Uint8Array): Any {
  return { typeUrl: TYPE_URL + name, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength) };
}

/** undefined when the bytes are broken, or hold no reason that this version knows. */
function readDetails(bytes: Uint8Array): { reason: Reason; options: DomainErrorOptions } | undefined {
  try {
    const status = Status.decode(bytes);
    const find = (name: string): Uint8Array | undefined =>
      status.details.find((detail) => detail.typeUrl === TYPE_URL + name)?.value;
    const infoBytes = find('ErrorInfo');
    if (infoBytes === undefined) return undefined;
    const info = ErrorInfo.decode(infoBytes);
    if (info.domain !== ERROR_DOMAIN || !isReason(info.reason)) return undefined;
    return {
      reason: info.reason,
      options: {
        detail: status.message,
        metadata: { ...info.metadata },
        fieldErrors: readFieldErrors(find('BadRequest')),
        retryAfterSeconds: readRetryAfter(find('RetryInfo')),
      },
    };
  } catch {
    return undefined;
  }
}

function readFieldErrors(bytes: Uint8Array | undefined): FieldError[] {
  if (bytes === undefined) return [];
  return BadRequest.decode(bytes).fieldViolations.map(({ field, description }) => ({
    path: field,
    message: description,
  }));
}

function readRetryAfter(bytes: Uint8Array | undefined): number | undefined {
  const delay = bytes === undefined ? undefined : RetryInfo.decode(bytes).retryDelay;
  return delay === undefined ? undefined : Number(delay.seconds) + delay.nanos / 1e9;
}

function reasonOfBareStatus(code: number): Reason {
  return isGrpcStatus(code) ? BARE_STATUS_REASONS[code] : 'INTERNAL';
}

function isGrpcStatus(code: number): code is GrpcStatus {
  return Object.hasOwn(BARE_STATUS_REASONS, code);
}

/**
 * Statuses without our ErrorInfo come from grpc-js itself. RESOURCE_EXHAUSTED is then nearly always its message size
 * limit, and must not count as transient: a message that is too large today is too large tomorrow. UNIMPLEMENTED is a
 * peer of another version, not the caller's mistake.
 */
const BARE_STATUS_REASONS: Record<GrpcStatus, Reason> = {
  [GRPC_STATUS.CANCELLED]: 'CANCELLED',
  [GRPC_STATUS.UNKNOWN]: 'INTERNAL',
  [GRPC_STATUS.INVALID_ARGUMENT]: 'VALIDATION_FAILED',
  [GRPC_STATUS.DEADLINE_EXCEEDED]: 'DEADLINE_EXCEEDED',
  [GRPC_STATUS.NOT_FOUND]: 'NOT_FOUND',
  [GRPC_STATUS.ALREADY_EXISTS]: 'CONFLICT',
  [GRPC_STATUS.PERMISSION_DENIED]: 'FORBIDDEN',
  [GRPC_STATUS.RESOURCE_EXHAUSTED]: 'PAYLOAD_TOO_LARGE',
  [GRPC_STATUS.FAILED_PRECONDITION]: 'CONFLICT',
  [GRPC_STATUS.ABORTED]: 'CONFLICT',
  [GRPC_STATUS.OUT_OF_RANGE]: 'VALIDATION_FAILED',
  [GRPC_STATUS.UNIMPLEMENTED]: 'INTERNAL',
  [GRPC_STATUS.INTERNAL]: 'INTERNAL',
  [GRPC_STATUS.UNAVAILABLE]: 'UNAVAILABLE',
  [GRPC_STATUS.DATA_LOSS]: 'INTERNAL',
  [GRPC_STATUS.UNAUTHENTICATED]: 'UNAUTHENTICATED',
};

/** grpc-js escapes the text with encodeURI, which throws on half a surrogate pair: such a half is replaced. */
function cut(text: string, maxCharacters: number): string {
  const kept = text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 1)}…`;
  return kept.toWellFormed();
}
