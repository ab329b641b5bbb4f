import type { TenantId } from '../ids.js';
import { changeTuning, type TuningBook, type TuningChange } from './change-tuning.js';
import { RULE_NAMES, type RuleName, STANDARD_TUNING, type Tuning } from './tuning.js';

/** What people decided about the findings of a rule. */
export interface RuleRecord {
  readonly rule: RuleName;
  readonly decided: number;
  /** Of them, those for which the payout was refused. */
  readonly upheld: number;
}

/** How the rules are set, and how often each was right. */
export interface RuleReport {
  readonly tuning: Tuning;
  /** One for each rule. */
  readonly records: readonly RuleRecord[];
}

/** How the risk rules of a tenant are set. */
export class RiskRules {
  readonly #given: {
    read: (tenantId: TenantId) => Promise<Tuning | undefined>;
    records: (tenantId: TenantId) => Promise<readonly RuleRecord[]>;
    inTransaction: <Result>(work: (book: TuningBook) => Promise<Result>) => Promise<Result>;
    clock: { now(): Date };
  };

  constructor(given: {
    read: (tenantId: TenantId) => Promise<Tuning | undefined>;
    /** Of those rules about whose findings somebody has decided. */
    records: (tenantId: TenantId) => Promise<readonly RuleRecord[]>;
    inTransaction: <Result>(work: (book: TuningBook) => Promise<Result>) => Promise<Result>;
    clock: { now(): Date };
  }) {
    this.#given = given;
  }

  async read(tenantId: TenantId): Promise<RuleReport> {
    return this.#report(tenantId, (await this.#given.read(tenantId)) ?? STANDARD_TUNING);
  }

  async change(change: Omit<TuningChange, 'changedAt'>): Promise<RuleReport> {
    const { inTransaction, clock } = this.#given;
    const tuning = await inTransaction((book) => changeTuning(book, { ...change, changedAt: clock.now() }));
    return this.#report(change.tenantId, tuning);
  }

  async #report(tenantId: TenantId, tuning: Tuning): Promise<RuleReport> {
    const known = new Map((await this.#given.records(tenantId)).map((record) => [record.rule, record]));
    return { tuning, records: RULE_NAMES.map((rule) => known.get(rule) ?? { rule, decided: 0, upheld: 0 }) };
  }
}
