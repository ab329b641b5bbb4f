import type { Sql } from '@dailydoco/database';
import { asPayoutId, asUserId, type PayoutId, type TenantId, type UserId } from '../ids.js';
import type { StoppedBook, WaitingFinding } from './carry-out-hit.js';
import { approvalKey } from './screen-payouts.js';
import { COLUMNS, type PayoutRow, toPayout } from './payout-rows.store.js';
import type { Payout, PayoutStatus } from './payout.js';
import { PayoutStore } from './payout.store.js';
import type { FindingDecision, KeptFinding, ReviewBook, TakenStep } from './review-payouts.js';
import type { FindingSource } from './screen.js';

/** Payouts as those who decide about them see them in one open database transaction. */
export class ReviewStore extends PayoutStore implements ReviewBook, StoppedBook {
  readonly #sql: Sql;

  constructor(sql: Sql, given: ConstructorParameters<typeof PayoutStore>[1]) {
    super(sql, given);
    this.#sql = sql;
  }

  findingsOf({ tenantId, id }: Payout): Promise<KeptFinding[]> {
    return readFindings(this.#sql, tenantId, id);
  }

  async closeFindings(
    tenantId: TenantId,
    findings: readonly { readonly payoutId: PayoutId; readonly position: number }[],
    { at, by, decision, reason }: NonNullable<KeptFinding['closed']>,
  ): Promise<void> {
    if (findings.length === 0) return;
    await this.#sql.query(
      `UPDATE payout_finding f SET closed_at = $4, closed_by = $5, decision = $6, decision_reason = $7
       FROM unnest($2::uuid[], $3::smallint[]) AS closed (payout_id, position)
       WHERE f.tenant_id = $1 AND f.payout_id = closed.payout_id AND f.position = closed.position`,
      [
        tenantId,
        findings.map(({ payoutId }) => payoutId),
        findings.map(({ position }) => position),
        at,
        by,
        decision,
        reason,
      ],
    );
  }

  async requesterOf(payout: Payout): Promise<UserId | undefined> {
    return (await this.requestersOf([payout])).get(payout.id);
  }

  async requestersOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, UserId>> {
    const { rows } = await this.#sql.query<{ payout_id: string; taken_by: string }>(
      `SELECT payout_id, taken_by FROM payout_step
       WHERE (tenant_id, payout_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND step = 'requested'
         AND taken_by IS NOT NULL`,
      [payouts.map(({ tenantId }) => tenantId), payouts.map(({ id }) => id)],
    );
    return new Map(rows.map((row) => [asPayoutId(row.payout_id), asUserId(row.taken_by)]));
  }

  async isStoppedByHit({ tenantId, personId }: Payout): Promise<boolean> {
    const { rows } = await this.#sql.query<{ stopped: boolean }>('SELECT stopped_by_hit($1, $2) AS stopped', [
      tenantId,
      personId,
    ]);
    return rows[0]?.stopped === true;
  }

  async lockUnsent(tenantId: TenantId, personId: UserId): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.tenant_id = $1 AND p.person_id = $2 AND p.status IN ('requested', 'screened', 'approved')
       ORDER BY p.id FOR NO KEY UPDATE`,
      [tenantId, personId],
    );
    return rows.map(toPayout);
  }

  async lockStoppedBy(tenantId: TenantId, hitId: string): Promise<Payout[]> {
    const { rows } = await this.#sql.query<PayoutRow>(
      `SELECT ${COLUMNS} FROM payout p
       WHERE p.tenant_id = $1 AND p.status = 'requested' AND p.id IN (
         SELECT f.payout_id FROM payout_finding f WHERE f.tenant_id = $1 AND f.hit_id = $2 AND f.closed_at IS NULL)
       ORDER BY p.id FOR NO KEY UPDATE`,
      [tenantId, hitId],
    );
    return rows.map(toPayout);
  }

  async openFindingsOf(payouts: readonly Payout[]): Promise<WaitingFinding[]> {
    const { rows } = await this.#sql.query<FindingRow & { payout_id: string }>(
      `SELECT payout_id, ${FINDING_COLUMNS} FROM payout_finding
       WHERE (tenant_id, payout_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND closed_at IS NULL
       ORDER BY payout_id, position`,
      [payouts.map(({ tenantId }) => tenantId), payouts.map(({ id }) => id)],
    );
    return rows.map((row) => ({ ...toFinding(row), payoutId: asPayoutId(row.payout_id) }));
  }

  approvalsAbove(payouts: readonly Payout[]): Promise<ReadonlyMap<string, bigint>> {
    return readApprovalsAbove(this.#sql, payouts);
  }

  askedLately(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, bigint>> {
    return readAskedLately(this.#sql, payouts);
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

/** See ApprovalTerms.askedLately. */
export async function readAskedLately(sql: Sql, payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, bigint>> {
  const { rows } = await sql.query<{ id: PayoutId; micros: string }>(
    `SELECT asked.id, sum(p.amount_micros) AS micros
     FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[])
       AS asked (tenant_id, person_id, id, currency, at)
     JOIN payout p ON p.tenant_id = asked.tenant_id AND p.person_id = asked.person_id AND p.currency = asked.currency
       AND p.requested_at > asked.at - interval '24 hours' AND (p.requested_at, p.id) < (asked.at, asked.id)
     WHERE p.status IN ('requested', 'approved', 'submitted', 'unknown', 'settled')
       AND p.amount_micros <= approval_above(p.tenant_id, p.currency)
       AND NOT EXISTS (SELECT FROM payout_step s WHERE s.tenant_id = p.tenant_id AND s.payout_id = p.id
                       AND CASE s.step WHEN 'approved' THEN s.taken_by IS NOT NULL
                         -- A schedule asks once a day at most, and not always at the same second.
                         WHEN 'requested' THEN s.taken_by IS NULL END)
     GROUP BY asked.id`,
    [
      payouts.map(({ tenantId }) => tenantId),
      payouts.map(({ personId }) => personId),
      payouts.map(({ id }) => id),
      payouts.map(({ currency }) => currency),
      payouts.map(({ requestedAt }) => requestedAt),
    ],
  );
  return new Map(rows.map(({ id, micros }) => [id, BigInt(micros)]));
}

interface FindingRow {
  position: number;
  source: FindingSource;
  code: string;
  detail: string;
  hit_id: string | null;
  found_at: Date;
  closed_at: Date | null;
  closed_by: string | null;
  decision: FindingDecision | null;
  decision_reason: string | null;
}

const FINDING_COLUMNS =
  'position, source, code, detail, hit_id, found_at, closed_at, closed_by, decision, decision_reason';

export async function readFindings(sql: Sql, tenantId: TenantId, id: PayoutId): Promise<KeptFinding[]> {
  const { rows } = await sql.query<FindingRow>(
    `SELECT ${FINDING_COLUMNS} FROM payout_finding WHERE tenant_id = $1 AND payout_id = $2 ORDER BY position`,
    [tenantId, id],
  );
  return rows.map(toFinding);
}

function toFinding({
  closed_at: at,
  closed_by: by,
  decision,
  decision_reason: reason,
  ...row
}: FindingRow): KeptFinding {
  return {
    position: row.position,
    source: row.source,
    code: row.code,
    detail: row.detail,
    hitId: row.hit_id ?? undefined,
    foundAt: row.found_at,
    closed:
      at === null || by === null || decision === null || reason === null
        ? undefined
        : { at, by: asUserId(by), decision, reason },
  };
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
