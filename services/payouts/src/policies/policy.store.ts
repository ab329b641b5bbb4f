import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { Freeze, PolicyBook, Stop } from './policies.js';
import { type Decision, type PayoutPolicy, unsetPolicy } from './policy.js';

interface DecisionRow {
  reason: string;
  decided_by: string;
  decided_at: Date;
}

/** A person's decisions that are shown, the latest. */
const MAX_FREEZES = 200;

/** Policies, stops and freezes, in a database transaction or outside. */
export class PolicyStore implements PolicyBook {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Waits for others who change what a tenant's finance decided; the first thing in a database transaction. */
  async lock(tenantId: TenantId): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`payout_policy ${tenantId}`]);
  }

  async policy(tenantId: TenantId): Promise<PayoutPolicy> {
    const { rows } = await this.#sql.query<DecisionRow & { version: number }>(
      `SELECT version, reason, changed_by AS decided_by, changed_at AS decided_at FROM payout_policy
       WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1`,
      [tenantId],
    );
    const [row] = rows;
    if (row === undefined) return unsetPolicy(tenantId);
    const { version } = row;
    const { rows: terms } = await this.#sql.query<{ rail: RailKind | null; currency: string; micros: bigint }>(
      `SELECT rail, currency, minimum_micros AS micros FROM payout_policy_minimum WHERE tenant_id = $1 AND version = $2
       UNION ALL
       SELECT NULL, currency, above_micros FROM payout_policy_approval WHERE tenant_id = $1 AND version = $2
       ORDER BY rail, currency`,
      [tenantId, version],
    );
    const amountOf = ({ currency, micros }: { currency: string; micros: bigint }) => ({
      amountMicros: micros,
      currency: currencyOf(currency),
    });
    return {
      tenantId,
      version,
      minimums: terms.flatMap(({ rail, ...term }) => (rail === null ? [] : [{ rail, amount: amountOf(term) }])),
      approvalsAbove: terms.filter(({ rail }) => rail === null).map(amountOf),
      decision: toDecision(row),
    };
  }

  async stop(tenantId: TenantId): Promise<Stop> {
    const { rows } = await this.#sql.query<DecisionRow & { stopped: boolean }>(
      `SELECT stopped, reason, decided_by, decided_at FROM payout_stop
       WHERE tenant_id = $1 ORDER BY position DESC LIMIT 1`,
      [tenantId],
    );
    const [row] = rows;
    return row === undefined
      ? { stopped: false, decision: undefined }
      : { stopped: row.stopped, decision: toDecision(row) };
  }

  async freezes(tenantId: TenantId, personId: UserId): Promise<Freeze[]> {
    const { rows } = await this.#sql.query<DecisionRow & { frozen: boolean }>(
      `SELECT frozen, reason, decided_by, decided_at FROM payout_freeze
       WHERE tenant_id = $1 AND person_id = $2 ORDER BY position DESC LIMIT ${MAX_FREEZES}`,
      [tenantId, personId],
    );
    return rows.map((row) => ({ frozen: row.frozen, ...toDecision(row) }));
  }

  async addPolicy(policy: PayoutPolicy & { readonly decision: Decision }): Promise<void> {
    const { tenantId, version, minimums, approvalsAbove, decision } = policy;
    await this.#sql.query(
      `INSERT INTO payout_policy (tenant_id, version, reason, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5)`,
      [tenantId, version, decision.reason, decision.by, decision.at],
    );
    await this.#sql.query(
      `INSERT INTO payout_policy_minimum (tenant_id, version, rail, currency, minimum_micros)
       SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::bigint[])`,
      [
        tenantId,
        version,
        minimums.map(({ rail }) => rail),
        minimums.map(({ amount }) => amount.currency),
        minimums.map(({ amount }) => amount.amountMicros),
      ],
    );
    await this.#sql.query(
      `INSERT INTO payout_policy_approval (tenant_id, version, currency, above_micros)
       SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[])`,
      [
        tenantId,
        version,
        approvalsAbove.map(({ currency }) => currency),
        approvalsAbove.map(({ amountMicros }) => amountMicros),
      ],
    );
  }

  async addStop(tenantId: TenantId, { stopped, decision }: { stopped: boolean; decision: Decision }): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout_stop (tenant_id, position, stopped, reason, decided_by, decided_at)
       SELECT $1, coalesce(max(position), 0) + 1, $2, $3, $4, $5 FROM payout_stop WHERE tenant_id = $1`,
      [tenantId, stopped, decision.reason, decision.by, decision.at],
    );
  }

  async addFreeze(tenantId: TenantId, personId: UserId, { frozen, reason, by, at }: Freeze): Promise<void> {
    await this.#sql.query(
      `INSERT INTO payout_freeze (tenant_id, person_id, position, frozen, reason, decided_by, decided_at)
       SELECT $1, $2, coalesce(max(position), 0) + 1, $3, $4, $5, $6 FROM payout_freeze
       WHERE tenant_id = $1 AND person_id = $2`,
      [tenantId, personId, frozen, reason, by, at],
    );
  }
}

function toDecision({ reason, decided_by: by, decided_at: at }: DecisionRow): Decision {
  return { reason, by, at };
}
