import type { Sql } from '@dailydoco/database';
import { asUserId, type PayoutId, type TenantId, type UserId } from '../ids.js';
import { approvalKey } from './screen-payouts.js';
import type { Payout, PayoutStatus } from './payout.js';
import { PayoutStore } from './payout.store.js';
import type { FindingDecision, KeptFinding, ReviewBook, TakenStep } from './review-payouts.js';
import type { FindingSource } from './screen.js';

/** Payouts as those who decide about them see them in one open database transaction. */
export class ReviewStore extends PayoutStore implements ReviewBook {
  readonly #sql: Sql;

  constructor(sql: Sql, given: ConstructorParameters<typeof PayoutStore>[1]) {
    super(sql, given);
    this.#sql = sql;
  }

  findingsOf({ tenantId, id }: Payout): Promise<KeptFinding[]> {
    return readFindings(this.#sql, tenantId, id);
  }

  async closeFinding(
    { tenantId, id }: Payout,
    position: number,
    { at, by, decision, reason }: NonNullable<KeptFinding['closed']>,
  ): Promise<void> {
    await this.#sql.query(
      `UPDATE payout_finding SET closed_at = $4, closed_by = $5, decision = $6, decision_reason = $7
       WHERE tenant_id = $1 AND payout_id = $2 AND position = $3`,
      [tenantId, id, position, at, by, decision, reason],
    );
  }

  async requesterOf({ tenantId, id }: Payout): Promise<UserId | undefined> {
    const { rows } = await this.#sql.query<{ taken_by: string | null }>(
      `SELECT taken_by FROM payout_step WHERE tenant_id = $1 AND payout_id = $2 AND step = 'requested'`,
      [tenantId, id],
    );
    const by = rows[0]?.taken_by ?? undefined;
    return by === undefined ? undefined : asUserId(by);
  }

  approvalsAbove(payouts: readonly Payout[]): Promise<ReadonlyMap<string, bigint>> {
    return readApprovalsAbove(this.#sql, payouts);
  }
}

/** See ApprovalTerms.approvalsAbove. */
export async function readApprovalsAbove(sql: Sql, payouts: readonly Payout[]): Promise<ReadonlyMap<string, bigint>> {
  const asked = [...new Map(payouts.map((payout) => [approvalKey(payout), payout])).values()];
  const { rows } = await sql.query<{ n: bigint; above: bigint | null }>(
    `SELECT asked.n, approval_above(asked.tenant_id, asked.currency) AS above
     FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS asked (tenant_id, currency, n)`,
    [asked.map(({ tenantId }) => tenantId), asked.map(({ currency }) => currency)],
  );
  return new Map(
    rows.flatMap(({ n, above }) => {
      const of = asked[Number(n) - 1];
      return of === undefined || above === null ? [] : [[approvalKey(of), above] as const];
    }),
  );
}

export async function readFindings(sql: Sql, tenantId: TenantId, id: PayoutId): Promise<KeptFinding[]> {
  const { rows } = await sql.query<{
    position: number;
    source: FindingSource;
    code: string;
    detail: string;
    found_at: Date;
    closed_at: Date | null;
    closed_by: string | null;
    decision: FindingDecision | null;
    decision_reason: string | null;
  }>(
    `SELECT position, source, code, detail, found_at, closed_at, closed_by, decision, decision_reason
     FROM payout_finding WHERE tenant_id = $1 AND payout_id = $2 ORDER BY position`,
    [tenantId, id],
  );
  return rows.map(({ closed_at: at, closed_by: by, decision, decision_reason: reason, ...row }) => ({
    position: row.position,
    source: row.source,
    code: row.code,
    detail: row.detail,
    foundAt: row.found_at,
    closed:
      at === null || by === null || decision === null || reason === null
        ? undefined
        : { at, by: asUserId(by), decision, reason },
  }));
}

/** In the order in which they were taken. */
export async function readSteps(sql: Sql, tenantId: TenantId, id: PayoutId): Promise<TakenStep[]> {
  const { rows } = await sql.query<{
    step: PayoutStatus;
    reason: string | null;
    taken_at: Date;
    taken_by: string | null;
    note: string | null;
  }>(
    `SELECT step, reason, taken_at, taken_by, note FROM payout_step
     WHERE tenant_id = $1 AND payout_id = $2 ORDER BY position`,
    [tenantId, id],
  );
  return rows.map((row) => ({
    step: row.step,
    reason: row.reason ?? undefined,
    at: row.taken_at,
    by: row.taken_by === null ? undefined : asUserId(row.taken_by),
    note: row.note ?? undefined,
  }));
}
