import { expect } from '@jest/globals';
import { payoutRound } from '../src/payouts/payout-work.module.js';
import { asPayoutId, type TenantId, type UserId } from '../src/ids.js';
import { OutsideStore } from '../src/reconciliation/outside-checks.store.js';
import type { Books } from './books.js';
import { type Edges, usd } from './edges.js';

export interface Partner {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  /** The partner's own credentials, and those of somebody of finance. */
  readonly as: string;
  readonly finance: string;
  readonly financeId: UserId;
  readonly methodId: string;
}

/** What a payout's journals come to, by the kind of account, in micros. */
export type Sums = Readonly<Record<string, bigint>>;

/**
 * Payouts through the whole service: partners and finance speak HTTP, the worker runs its real rounds with the rails and
 * screens of the settings, and only the clock is in the spec's hands.
 */
export class RailStory {
  readonly #books: Books;
  readonly #edges: Edges;

  constructor(books: Books, edges: Edges) {
    this.#books = books;
    this.#edges = edges;
  }

  /** Somebody with 100.00 USD who adds a method; payouts above 40.00 need an approval. */
  async partner(kind: string, details: object): Promise<Partner> {
    const [tenantId, personId, financeId] = [this.#books.newTenant(), this.#books.newPerson(), this.#books.newPerson()];
    await this.#books.earn(tenantId, personId, '100.00');
    const as = await this.#edges.person(tenantId, personId);
    const finance = await this.#edges.person(tenantId, financeId, ['finance']);
    const policy = { minimums: [], approvalsAbove: [usd('40.00')], reason: 'four eyes' };
    expect((await this.#edges.call('PUT', '/v1/payout-policy', { as: finance, body: policy })).status).toBe(200);
    const added = await this.#edges.call('POST', '/v1/payout-methods', { as, body: { kind, details } });
    expect([added.status, added.body.status]).toEqual([201, 'active']);
    return { tenantId, personId, as, finance, financeId, methodId: added.body.id };
  }

  async ask({ as, methodId }: Partner, amount = '30.00'): Promise<string> {
    const { status, body } = await this.#edges.call('POST', '/v1/payouts', {
      as,
      body: { amount: usd(amount), methodId },
    });
    expect([status, body.status]).toEqual([202, 'requested']);
    return body.id;
  }

  async approve({ finance }: Partner, id: string): Promise<void> {
    const body = { reason: 'looked at it' };
    const { status } = await this.#edges.call('POST', `/v1/payouts/${id}/approve`, { as: finance, body });
    expect(status).toBe(200);
  }

  /** Time passes, and the worker looks at what is due. */
  async round(afterMs = 0): Promise<void> {
    this.#books.clock.advance(afterMs);
    await payoutRound(this.#edges.runtime);
  }

  /** The payout as finance sees it. */
  async look({ finance }: Partner, id: string) {
    return (await this.#edges.call('GET', `/v1/payouts/${id}`, { as: finance })).body;
  }

  async statusOf(partner: Partner, id: string): Promise<string> {
    return (await this.look(partner, id)).status;
  }

  /** Every step of its life and, where a person took it, by whom. */
  async stepsOf(partner: Partner, id: string): Promise<string[]> {
    const { steps } = await this.look(partner, id);
    return steps.map(({ step, by }: { step: string; by?: string }) => {
      if (by === undefined) return step;
      return `${step} by ${by === partner.personId ? 'the partner' : by === partner.financeId ? 'finance' : by}`;
    });
  }

  /** What the partner reads: available, in transit, paid. */
  async balanceOf({ as }: Partner): Promise<string[]> {
    const { body } = await this.#edges.call('GET', '/v1/balances/me', { as });
    const [{ available, inTransit, paid }] = body.balances;
    return [available.amount, inTransit.amount, paid.amount];
  }

  events(id: string): Promise<string[]> {
    return this.#books.published(id);
  }

  /** The journals of a payout by their step, each with what it moves. */
  async journalsOf({ tenantId }: Partner, id: string): Promise<[step: string, sums: Sums][]> {
    const { rows } = await this.#books.pool.query<{ payout_step: string; kinds: string[]; micros: bigint[] }>(
      `SELECT j.payout_step, array_agg(a.kind ORDER BY a.kind) AS kinds, array_agg(p.amount_micros ORDER BY a.kind) AS micros
       FROM journal j
       JOIN posting p ON p.tenant_id = j.tenant_id AND p.journal_id = j.id
       JOIN account a ON a.tenant_id = j.tenant_id AND a.id = p.account_id
       WHERE j.tenant_id = $1 AND j.payout_id = $2 GROUP BY j.id, j.payout_step, j.recorded_at ORDER BY j.recorded_at, j.id`,
      [tenantId, id],
    );
    return rows.map(({ payout_step: step, kinds, micros }) => [
      step,
      Object.fromEntries(kinds.map((kind, n) => [kind, BigInt(micros[n] ?? 0)])),
    ]);
  }

  /** What left by the house's cash account, over all journals of the tenant. */
  async cashOf({ tenantId }: Partner): Promise<bigint> {
    const { rows } = await this.#books.pool.query<{ micros: string }>(
      `SELECT coalesce(sum(p.amount_micros), 0)::text AS micros FROM posting p
       JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id AND a.kind = 'cash' WHERE p.tenant_id = $1`,
      [tenantId],
    );
    return BigInt(rows[0]?.micros ?? 0);
  }

  /** What reconciliation finds within the books and beside the rails. */
  async breaksOf({ tenantId }: Partner): Promise<string[]> {
    const outside = new OutsideStore(
      this.#books.pool,
      new Map([
        ['stripe', 48],
        ['usdc', 24],
      ]),
    );
    const found = [
      ...(await this.#books.breaks(tenantId)),
      ...(await outside.breaksBeside(tenantId, this.#books.clock.now())),
    ];
    return found.map(({ invariant }) => invariant);
  }

  /** The payout is settled once, and its books are whole. */
  async expectPaid(partner: Partner, id: string, amount = '30.00'): Promise<void> {
    const payout = await this.#books.payout({ tenantId: partner.tenantId, id: asPayoutId(id) });
    expect(payout.status).toBe('settled');
    const left = (100 - Number(amount)).toFixed(2);
    expect(await this.balanceOf(partner)).toEqual([left, '0.00', amount]);
    expect(await this.cashOf(partner)).toBe(payout.amountMicros);
    expect((await this.journalsOf(partner, id)).map(([step]) => step)).toEqual(['requested', 'settled']);
    expect(await this.breaksOf(partner)).toEqual([]);
  }
}
