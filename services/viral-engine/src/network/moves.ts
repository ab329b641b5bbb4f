import { asMoveId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { type Move, type MoveBook, movePerson, type WantedMove } from './move-person.js';

export interface MovesParts {
  readonly once: OncePerKey<MoveBook>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Moves of people by administrators. */
export class Moves {
  readonly #parts: MovesParts;

  constructor(parts: MovesParts) {
    this.#parts = parts;
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
