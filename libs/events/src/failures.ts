import { isTransientDatabaseError } from '@dailydoco/database';
import { isTransient } from '@dailydoco/errors';
import { storableText } from './cloud-events.js';

/**
 * SQLSTATEs that say "this store is not what it should be": the schema, the rights or the role of the server, none of
 * which an event can be guilty of. Parking for them would set aside every event that comes in.
 */
const STORE_NOT_READY = new Set([
  '25006', // read-only: a replica, or a primary that has just been demoted
  '28000', // the role may not log in
  '28P01', // wrong password: a secret is being rotated
  '3D000', // no such database
  '3F000', // no such schema
  '42501', // right missing
  '42703', // column missing
  '42883', // function missing
  '42P01', // table missing
]);

/** Whether the same work may succeed later with nothing changed in the event: then it is tried again, never parked. */
export function isTransientFailure(error: unknown): boolean {
  if (isTransient(error) || isTransientDatabaseError(error)) return true;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && STORE_NOT_READY.has(code);
}

const MAX_ERROR_LENGTH = 4_000;

/** What is kept of an error beside a parked event. */
export function errorText(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  return storableText(text).slice(0, MAX_ERROR_LENGTH);
}
