import { hash } from 'node:crypto';
import type { Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';

/** Keys are kept this long unless a call says otherwise. */
export const DEFAULT_TTL_HOURS = 24;
const MAX_KEY_CHARACTERS = 255;

/** Where a key means one thing: the same key of another tenant, caller, method or path is another key. */
export interface IdempotencyScope {
  readonly tenantId: string;
  /** callerIdOf(principal). */
  readonly callerId: string;
  readonly method: string;
  /** The request's concrete path without its query. */
  readonly path: string;
}

/** A key ready to be claimed: everything is hashed before a database transaction is open. */
export interface KeyClaim {
  /** SHA-256 of scope and key, lower-case hex. */
  readonly keyHash: string;
  /** SHA-256 of the parsed input, lower-case hex. */
  readonly requestHash: string;
  readonly ttlHours: number;
  /**
   * The status of an answer whose body need not be kept, because it can be made again, just as it was, from what the work
   * wrote and nothing changes: if the work comes to this answer, nothing is to be saved. Keeping a body costs more than its key.
   */
  readonly madeAgainStatus?: number;
}

/** Who calls, as one text: `user:…`, `apiKey:…`, `service:…`, or `anonymous`. */
export function callerIdOf(principal: Principal | undefined): string {
  switch (principal?.kind) {
    case undefined:
      return 'anonymous';
    case 'person':
      return `user:${principal.userId}`;
    case 'apiKey':
      return `apiKey:${principal.apiKeyId}`;
    case 'service':
      return `service:${principal.service}`;
  }
}

/** Prepares a claim. `ttlHours` (default 24) is how long the answer must be remembered at least. */
export function keyClaim(claim: {
  key: string;
  scope: IdempotencyScope;
  requestHash: Uint8Array;
  ttlHours?: number | undefined;
}): KeyClaim {
  const { tenantId, callerId, method, path } = claim.scope;
  // JSON keeps the parts apart, whatever characters they hold.
  const text = JSON.stringify([tenantId, callerId, method, path, claim.key]);
  return {
    keyHash: hash('sha256', text, 'hex'),
    requestHash: Buffer.from(claim.requestHash).toString('hex'),
    ttlHours: claim.ttlHours ?? DEFAULT_TTL_HOURS,
  };
}

/** The key of a call that needs one: missing is IDEMPOTENCY_KEY_REQUIRED, a bad one VALIDATION_FAILED. */
export function requireIdempotencyKey(header: string | readonly string[] | undefined): string {
  const key = optionalIdempotencyKey(header);
  if (key === undefined) throw new DomainError('IDEMPOTENCY_KEY_REQUIRED');
  return key;
}

/** The key of a call that may carry one; undefined without it, VALIDATION_FAILED when it has not 1–255 characters. */
export function optionalIdempotencyKey(header: string | readonly string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && header.length > 0 && header.length <= MAX_KEY_CHARACTERS) return header;
  throw new DomainError('VALIDATION_FAILED', {
    fieldErrors: [{ path: 'Idempotency-Key', message: `must have 1 to ${MAX_KEY_CHARACTERS} characters` }],
  });
}
