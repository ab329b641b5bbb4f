import { DomainError, isTransient, type Reason } from '@dailydoco/errors';

/** A purchase is waiting for the answer. */
const FIRST_TRY_MS = 200;
/** A replica that starts, stops or hangs is not waited for: calls go round, and the next one has the rest of a second. */
const SECOND_TRY_MS = 800;

export interface Question {
  /** The reason by which the neighbour says that there is no such thing. */
  readonly unknown: Reason;
  /** What the caller reads when the neighbour cannot be asked. */
  readonly detail: string;
}

/**
 * Asks a neighbour for what no event has told of yet: undefined when it knows of no such thing. Throws UNAVAILABLE when
 * neither try was answered, within a second. `ask` must be safe to repeat.
 */
export async function askNeighbour<T>(
  { unknown, detail }: Question,
  ask: (deadlineMs: number) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask(FIRST_TRY_MS).catch((error: unknown) => {
      if (isWorthAnother(error)) return ask(SECOND_TRY_MS);
      throw error;
    });
  } catch (error) {
    if (error instanceof DomainError && error.reason === unknown) return undefined;
    if (!isTransient(error)) throw error;
    throw new DomainError('UNAVAILABLE', { detail, cause: error });
  }
}

/** Not one that is there and says that it has too much to do. */
function isWorthAnother(error: unknown): boolean {
  return error instanceof DomainError && (error.reason === 'DEADLINE_EXCEEDED' || error.reason === 'UNAVAILABLE');
}
