import { DomainError } from '@dailydoco/errors';

/** SQLSTATE classes and codes after which the same statement may well succeed. */
const TRANSIENT_STATE = /^(08|53|57P|40001|40P01|55P03|57014)/;
const TRANSIENT_SYSTEM = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
const TRANSIENT_MESSAGE =
  /Connection terminated|timeout exceeded when trying to connect|connection error and is not queryable|Client was closed|Query read timeout/;
/** States of a connection that ended under a statement: whether a COMMIT took effect is then unknown. */
const LOST_STATE = /^(08|57P0[123])/;

/** Prisma's own names for a store that is away, too busy or slow; others of its errors carry the SQLSTATE inside. */
const TRANSIENT_PRISMA = /^P(1001|1002|1008|1017|2024|2028|2034|2037)$/;

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('meta' in error) return sqlStateInside(error.meta) ?? textAt(error, 'code');
  return textAt(error, 'code');
}

/** Where Prisma keeps what the driver said. */
function sqlStateInside(meta: unknown): string | undefined {
  const cause = memberAt(memberAt(meta, 'driverAdapterError'), 'cause');
  return textAt(cause, 'originalCode');
}

function memberAt(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function textAt(value: unknown, key: string): string | undefined {
  const member = memberAt(value, key);
  return typeof member === 'string' ? member : undefined;
}

/** Whether waiting and trying again may help: the store is away, too busy, or chose this one as a victim. */
export function isTransientDatabaseError(error: unknown): boolean {
  if (error instanceof LostCommitError) return true;
  // The pool says so itself, before it asks the store.
  if (error instanceof DomainError) return error.reason === 'UNAVAILABLE' || error.reason === 'OVERLOADED';
  const code = codeOf(error);
  if (code !== undefined && isTransientCode(code)) return true;
  return error instanceof Error && TRANSIENT_MESSAGE.test(error.message);
}

function isTransientCode(code: string): boolean {
  return TRANSIENT_STATE.test(code) || TRANSIENT_SYSTEM.has(code) || TRANSIENT_PRISMA.test(code);
}

/** Whether the connection is gone, so that the client must not go back to the pool. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  if (code !== undefined && (LOST_STATE.test(code) || TRANSIENT_SYSTEM.has(code))) return true;
  return error instanceof Error && TRANSIENT_MESSAGE.test(error.message);
}

/** Why running the whole database transaction again is right; undefined when it is not. */
export function retryReason(error: unknown): 'serialization' | 'deadlock' | 'stale_plan' | undefined {
  const code = codeOf(error);
  if (code === '40001') return 'serialization';
  if (code === '40P01') return 'deadlock';
  return isStalePlan(error) ? 'stale_plan' : undefined;
}

/** A migration gave a column another type, and the connection's prepared statement cannot be planned again: another connection's can. */
export function isStalePlan(error: unknown): boolean {
  return codeOf(error) === '0A000' && textAt(error, 'routine') === 'RevalidateCachedQuery';
}

/** A unique constraint was violated; with a name, that very one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  if (codeOf(error) !== '23505') return false;
  if (constraint === undefined) return true;
  return typeof error === 'object' && error !== null && 'constraint' in error && error.constraint === constraint;
}

/** The connection was lost during COMMIT: the work may have been committed or not. Whoever retries must read its keys first. */
export class LostCommitError extends Error {
  constructor(cause: unknown) {
    super('the connection was lost during COMMIT; whether it took effect is unknown', { cause });
    this.name = 'LostCommitError';
  }
}
