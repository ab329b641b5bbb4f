import { DomainError, type Reason } from '@dailydoco/errors';
import type { CommissionId } from '../ids.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { Commission } from './commission.js';
import { decideCommissions, type DecisionBook, type DecisionOrder, type Refusal } from './decide-commissions.js';

const REFUSED_AS: Readonly<Record<Refusal, Reason>> = {
  unknown: 'NOT_FOUND',
  released: 'COMMISSION_RELEASED',
  closed: 'COMMISSION_CLOSED',
  held: 'COMMISSION_HELD',
  notHeld: 'COMMISSION_NOT_HELD',
};

export interface CommissionDecisionsParts {
  readonly once: OncePerKey<DecisionBook>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** What finance decides about one commission. */
export class CommissionDecisions {
  readonly #parts: CommissionDecisionsParts;

  constructor(parts: CommissionDecisionsParts) {
    this.#parts = parts;
  }

  /**
   * Carries out a decision and answers with the commission as it stands then. Throws NOT_FOUND, also for another
   * tenant's, COMMISSION_RELEASED, COMMISSION_CLOSED, COMMISSION_HELD, COMMISSION_NOT_HELD; nothing is written then.
   */
  decide<Body>(
    order: Omit<DecisionOrder, 'commissionIds'> & { commissionId: CommissionId },
    by: { call: IdempotentCall; answer: (commission: Commission) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#parts;
    const { commissionId, ...rest } = order;
    return once(by.call, async (book) => {
      const given = { now: clock.now(), newId };
      const [decided] = await decideCommissions(book, { ...rest, commissionIds: [commissionId] }, given);
      if (decided === undefined) throw new Error('Every commission asked for is answered');
      if (decided.outcome !== 'done') throw refusalOf(decided.outcome, decided.commission);
      return by.answer(decided.commission);
    });
  }
}

/** A refusal as callers are told it. */
export function refusalOf(refusal: Refusal, commission: Commission | undefined): DomainError {
  const causes = commission?.holdCauses.join(', ') ?? '';
  return new DomainError(REFUSED_AS[refusal], causes === '' ? {} : { detail: `It is held for: ${causes}.` });
}
