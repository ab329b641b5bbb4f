import type { Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { type CurrencyCode, currencyOf } from '@dailydoco/money';
import {
  type AdjustmentId,
  asAdjustmentId,
  asJournalId,
  asTenantId,
  asUserId,
  type JournalId,
  type TenantId,
  type UserId,
} from '../ids.js';
import { type AccountKind, HOUSE_KINDS, type HouseKind } from './account.js';
import type { AdjustmentBook, AdjustmentReads } from './adjust-ledger.js';
import type { Adjustment, AdjustmentDecision, AdjustmentTerms, BookedJournal } from './adjustment.js';
import type { Journal, JournalCause } from './journal.js';
import type { LedgerStore } from './ledger.store.js';

interface AdjustmentRow {
  tenant_id: string;
  id: string;
  kind: AdjustmentTerms['kind'];
  currency: string;
  amount_micros: bigint | null;
  person_id: string | null;
  debit_kind: string | null;
  credit_kind: string | null;
  reverses: string | null;
  corrects: string | null;
  reason: string;
  effective_at: Date;
  proposed_by: string;
  proposed_at: Date;
  decision: AdjustmentDecision['decision'] | null;
  decision_reason: string | null;
  decided_by: string | null;
  decided_at: Date | null;
  journal_id: string | null;
}

const SELECT = `SELECT a.*, d.decision, d.reason AS decision_reason, d.decided_by, d.decided_at, j.id AS journal_id
  FROM ledger_adjustment a
  LEFT JOIN ledger_adjustment_decision d ON d.tenant_id = a.tenant_id AND d.adjustment_id = a.id
  LEFT JOIN journal j ON j.tenant_id = a.tenant_id AND j.adjustment_id = a.id`;

/** Adjustments outside any database transaction. */
export class AdjustmentReadStore implements AdjustmentReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(tenantId: TenantId, id: AdjustmentId): Promise<Adjustment | undefined> {
    const { rows } = await this.#sql.query<AdjustmentRow>(`${SELECT} WHERE a.tenant_id = $1 AND a.id = $2`, [
      tenantId,
      id,
    ]);
    return rows[0] && toAdjustment(rows[0]);
  }

  async list({ tenantId, status, before, limit }: Parameters<AdjustmentReads['list']>[0]): Promise<Adjustment[]> {
    const { rows } = await this.#sql.query<AdjustmentRow>(
      `${SELECT} WHERE a.tenant_id = $1 AND ($2::text IS NULL OR coalesce(d.decision, 'proposed') = $2)
         AND ($3::uuid IS NULL OR a.id < $3) ORDER BY a.id DESC LIMIT $4`,
      [tenantId, status ?? null, before ?? null, limit],
    );
    return rows.map(toAdjustment);
  }
}

/** Adjustments, as one open database transaction sees them. */
export class AdjustmentStore implements AdjustmentBook {
  readonly #sql: Sql;
  readonly #ledger: LedgerStore;

  constructor(sql: Sql, ledger: LedgerStore) {
    this.#sql = sql;
    this.#ledger = ledger;
  }

  async add({ tenantId, id, terms, currency, reason, ...given }: Adjustment): Promise<void> {
    await this.#sql.query(
      `INSERT INTO ledger_adjustment (tenant_id, id, kind, currency, amount_micros, person_id, debit_kind, credit_kind,
                                      reverses, corrects, reason, effective_at, proposed_by, proposed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        tenantId,
        id,
        terms.kind,
        currency,
        terms.kind === 'reversal' ? null : terms.amountMicros,
        terms.kind === 'write_off' ? terms.personId : null,
        terms.kind === 'transfer' ? terms.debit : null,
        terms.kind === 'transfer' ? terms.credit : null,
        terms.kind === 'reversal' ? terms.reverses : null,
        terms.kind === 'transfer' ? (terms.corrects ?? null) : null,
        reason,
        given.effectiveAt,
        given.proposedBy,
        given.proposedAt,
      ],
    );
  }

  async lock(tenantId: TenantId, id: AdjustmentId): Promise<Adjustment | undefined> {
    // The rows themselves never change, and the service may not lock what it may not update.
    await this.#sql.query(`SELECT pg_advisory_xact_lock(hashtextextended('ledger adjustment ' || $1 || $2, 0))`, [
      tenantId,
      id,
    ]);
    return new AdjustmentReadStore(this.#sql).find(tenantId, id);
  }

  async decide({ tenantId, id, proposedBy }: Adjustment, decision: AdjustmentDecision): Promise<void> {
    await this.#sql.query(
      `INSERT INTO ledger_adjustment_decision (tenant_id, adjustment_id, proposed_by, decision, reason, decided_by,
                                               decided_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [tenantId, id, proposedBy, decision.decision, decision.reason ?? null, decision.decidedBy, decision.decidedAt],
    );
  }

  async findJournal(tenantId: TenantId, id: JournalId): Promise<BookedJournal | undefined> {
    const { rows } = await this.#sql.query<{
      currency: string;
      cause: JournalCause['kind'];
      owner_id: string;
      kind: AccountKind;
      amount_micros: bigint;
      reversed_by: string | null;
    }>(
      `SELECT j.currency, a.owner_id, a.kind, p.amount_micros, r.id AS reversed_by,
              CASE WHEN j.purchase_id IS NOT NULL THEN 'purchase' WHEN j.payout_id IS NOT NULL THEN 'payout'
                ELSE 'adjustment' END AS cause
       FROM journal j
       JOIN posting p ON p.tenant_id = j.tenant_id AND p.journal_id = j.id
       JOIN account a ON a.tenant_id = p.tenant_id AND a.id = p.account_id
       LEFT JOIN journal r ON r.tenant_id = j.tenant_id AND r.reverses = j.id
       WHERE j.tenant_id = $1 AND j.id = $2`,
      [tenantId, id],
    );
    const [first] = rows;
    if (first === undefined) return undefined;
    return {
      id,
      currency: currencyOf(first.currency),
      causeKind: first.cause,
      reversedBy: first.reversed_by === null ? undefined : asJournalId(first.reversed_by),
      legs: rows.map(({ owner_id: ownerId, kind, amount_micros: amountMicros }) => ({
        personId: ownerId === tenantId ? undefined : asUserId(ownerId),
        kind,
        amountMicros,
      })),
    };
  }

  async availableOf(tenantId: TenantId, personId: UserId, currency: CurrencyCode): Promise<bigint | undefined> {
    const { rows } = await this.#sql.query<{ micros: string }>(
      `SELECT b.balance_micros AS micros FROM account a
       JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = 0
       WHERE a.tenant_id = $1 AND a.owner_id = $2 AND a.currency = $3 AND a.kind = 'available'`,
      [tenantId, personId, currency],
    );
    return rows[0] && BigInt(rows[0].micros);
  }

  async write(journal: Journal): Promise<JournalId> {
    const { cause, tenantId } = journal;
    if (cause.kind !== 'adjustment') throw new Error('only adjustments are written here');
    await this.#ledger.write([journal]);
    const { rows } = await this.#sql.query<{ id: string }>(
      'SELECT id FROM journal WHERE tenant_id = $1 AND adjustment_id = $2',
      [tenantId, cause.adjustmentId],
    );
    if (rows[0] === undefined) throw new Error('a journal was written and then not found');
    return asJournalId(rows[0].id);
  }
}

function toAdjustment(row: AdjustmentRow): Adjustment {
  const { decision, decided_by: by, decided_at: at } = row;
  return {
    tenantId: asTenantId(row.tenant_id),
    id: asAdjustmentId(row.id),
    terms: termsOf(row),
    currency: currencyOf(row.currency),
    reason: row.reason,
    effectiveAt: row.effective_at,
    proposedBy: asUserId(row.proposed_by),
    proposedAt: row.proposed_at,
    decision:
      decision === null || by === null || at === null
        ? undefined
        : { decision, reason: row.decision_reason ?? undefined, decidedBy: asUserId(by), decidedAt: at },
    journalId: row.journal_id === null ? undefined : asJournalId(row.journal_id),
  };
}

function termsOf(row: AdjustmentRow): AdjustmentTerms {
  const amountMicros = row.amount_micros ?? 0n;
  switch (row.kind) {
    case 'write_off':
      return { kind: 'write_off', personId: asUserId(row.person_id ?? ''), amountMicros };
    case 'reversal':
      return { kind: 'reversal', reverses: asJournalId(row.reverses ?? '') };
    case 'transfer': {
      const [debit, credit] = [houseKind(row.debit_kind), houseKind(row.credit_kind)];
      const corrects = row.corrects === null ? undefined : asJournalId(row.corrects);
      return { kind: 'transfer', debit, credit, amountMicros, corrects };
    }
  }
}

function houseKind(text: string | null): HouseKind {
  const kind = HOUSE_KINDS.find((each) => each === text);
  if (kind === undefined) throw new DomainError('INTERNAL', { detail: 'an account of the house has an unknown kind' });
  return kind;
}
