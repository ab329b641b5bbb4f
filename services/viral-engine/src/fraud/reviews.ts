import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { ReviewId, TenantId } from '../ids.js';
import { changeTuning, type TuningBook, type TuningChange } from './change-tuning.js';
import { decideReview, type ReviewBook, type ReviewOrder } from './decide-review.js';
import type { Review, ReviewCase, ReviewStatus, RuleRecord } from './review.js';
import { RULE_NAMES, type RuleName, STANDARD_TUNING, type Tuning } from './tuning.js';

export interface ReviewReads {
  /** Oldest first; `after` is the last id of the page before. */
  list(query: {
    tenantId: TenantId;
    status: ReviewStatus;
    after: ReviewId | undefined;
    limit: number;
  }): Promise<Review[]>;
  read(tenantId: TenantId, id: ReviewId): Promise<ReviewCase | undefined>;
  /** Of the rules about which somebody has decided. */
  records(tenantId: TenantId): Promise<RuleRecord[]>;
  tuning(tenantId: TenantId): Promise<Tuning | undefined>;
}

export interface ReviewsParts {
  readonly reads: ReviewReads;
  readonly once: OncePerKey<ReviewBook>;
  readonly withTuning: <T>(work: (book: TuningBook) => Promise<T>) => Promise<T>;
  /** Hears of every decision, with the rules that had a part in it. */
  readonly decided: (verdict: string, rules: readonly RuleName[]) => void;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** How purchases are scored, and how well each rule does. */
export interface RuleReport {
  readonly tuning: Tuning;
  readonly records: readonly RuleRecord[];
}

/** What finance and support do about fraud. */
export class Reviews {
  readonly #parts: ReviewsParts;

  constructor(parts: ReviewsParts) {
    this.#parts = parts;
  }

  list(query: Parameters<ReviewReads['list']>[0]): Promise<Review[]> {
    return this.#parts.reads.list(query);
  }

  /** Throws NOT_FOUND, also for another tenant's. */
  async read(tenantId: TenantId, id: ReviewId): Promise<ReviewCase> {
    const found = await this.#parts.reads.read(tenantId, id);
    if (found === undefined) throw new DomainError('NOT_FOUND');
    return found;
  }

  /** Throws NOT_FOUND, FORBIDDEN, REVIEW_CLOSED. */
  async decide<Body>(
    order: ReviewOrder,
    by: { call: IdempotentCall; answer: (decided: ReviewCase) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId, decided } = this.#parts;
    const rules: RuleName[] = [];
    const answer = await once(by.call, async (book) => {
      const done = await decideReview(book, order, { now: clock.now(), newId });
      rules.push(...done.signals.map(({ rule }) => rule));
      return by.answer(done);
    });
    if (!answer.replayed) decided(order.verdict, rules);
    return answer;
  }

  async rules(tenantId: TenantId): Promise<RuleReport> {
    const { reads } = this.#parts;
    const [tuning, records] = [await reads.tuning(tenantId), await reads.records(tenantId)];
    return report(tuning ?? STANDARD_TUNING, records);
  }

  async changeTuning(change: Omit<TuningChange, 'changedAt'>): Promise<RuleReport> {
    const { withTuning, reads, clock } = this.#parts;
    const tuning = await withTuning((book) => changeTuning(book, { ...change, changedAt: clock.now() }));
    return report(tuning, await reads.records(change.tenantId));
  }
}

function report(tuning: Tuning, records: readonly RuleRecord[]): RuleReport {
  const known = new Map(records.map((record) => [record.rule, record]));
  return { tuning, records: RULE_NAMES.map((rule) => known.get(rule) ?? { rule, decided: 0, confirmed: 0 }) };
}
