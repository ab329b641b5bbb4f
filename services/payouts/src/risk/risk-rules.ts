import type { TenantId } from '../ids.js';
import { changeTuning, type TuningBook, type TuningChange } from './change-tuning.js';
import { STANDARD_TUNING, type Tuning } from './tuning.js';

/** How the risk rules of a tenant are set. */
export class RiskRules {
  readonly #given: {
    read: (tenantId: TenantId) => Promise<Tuning | undefined>;
    inTransaction: <Result>(work: (book: TuningBook) => Promise<Result>) => Promise<Result>;
    clock: { now(): Date };
  };

  constructor(given: {
    read: (tenantId: TenantId) => Promise<Tuning | undefined>;
    inTransaction: <Result>(work: (book: TuningBook) => Promise<Result>) => Promise<Result>;
    clock: { now(): Date };
  }) {
    this.#given = given;
  }

  async read(tenantId: TenantId): Promise<Tuning> {
    return (await this.#given.read(tenantId)) ?? STANDARD_TUNING;
  }

  change(change: Omit<TuningChange, 'changedAt'>): Promise<Tuning> {
    const { inTransaction, clock } = this.#given;
    return inTransaction((book) => changeTuning(book, { ...change, changedAt: clock.now() }));
  }
}
