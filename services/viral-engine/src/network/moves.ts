import { asMoveId, type MoveId, type TenantId, type UserId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { type Move, type MoveBook, movePerson, type WantedMove } from './move-person.js';

export interface MovesQuery {
  readonly tenantId: TenantId;
  /** Only moves of this person itself, not those in which it came along. */
  readonly userId: UserId | undefined;
  /** The last one of the page before. */
  readonly before: MoveId | undefined;
  readonly limit: number;
}

export interface MoveReads {
  /** The newest first. */
  list(query: MovesQuery): Promise<Move[]>;
}

export interface MovesParts {
  readonly once: OncePerKey<MoveBook>;
  readonly reads: MoveReads;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Moves of people by administrators. */
export class Moves {
  readonly #parts: MovesParts;

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  /** Who moved whom, when, why, and with how many people; the newest first. */
  list(query: MovesQuery): Promise<Move[]> {
    return this.#parts.reads.list(query);
  }

  /** See movePerson for what it refuses. */
  move<Body>(
    wanted: WantedMove,
    { call, answer }: { call: IdempotentCall; answer: (move: Move) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#parts;
    return once(call, async (book) =>
      answer(await movePerson(book, wanted, { now: clock.now(), newMoveId: () => asMoveId(newId()) })),
    );
  }
}
