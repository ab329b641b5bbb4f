import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing } from '@dailydoco/events';
import { DecisionStore } from '../commissions/decision.store.js';
import type { CommissionId, DisputeId, PurchaseId, TenantId, UserId } from '../ids.js';
import type { RandomBytes } from '../members/referral-code.js';
import type { Dispute, DisputeReport, DisputeStep, Stepped } from './dispute.js';
import { type DisputeRow, DISPUTE_COLUMNS, toDispute } from './dispute-rows.store.js';
import { insertText, readTexts } from './dispute-text.store.js';
import type { DisputeQuery, DisputeReads } from './disputes.js';
import type { EscalationBook } from './escalate-disputes.js';
import type { DisputeBook } from './settle-dispute.js';

/** Disputes: over a pool to read, over a database transaction to change. */
export class DisputeStore extends DecisionStore implements DisputeBook, DisputeReads, EscalationBook {
  readonly #sql: Sql;
  readonly #outbox: Outbox;
  readonly #randomBytes: RandomBytes;

  constructor(sql: Sql, { outbox, randomBytes }: { outbox: Outbox; randomBytes: RandomBytes }) {
    super(sql, outbox);
    this.#sql = sql;
    this.#outbox = outbox;
    this.#randomBytes = randomBytes;
  }

  async findCommission(
    tenantId: TenantId,
    id: CommissionId,
  ): Promise<{ purchaseId: PurchaseId; beneficiaryId: UserId } | undefined> {
    const { rows } = await this.#sql.query<{ purchase_id: PurchaseId; beneficiary_id: UserId }>(
      'SELECT purchase_id, beneficiary_id FROM commission WHERE tenant_id = $1 AND id = $2',
      [tenantId, id],
    );
    return rows[0] && { purchaseId: rows[0].purchase_id, beneficiaryId: rows[0].beneficiary_id };
  }

  async lockPerson(tenantId: TenantId, userId: UserId): Promise<CommissionId[]> {
    await this.#sql.query('SELECT 1 FROM member WHERE tenant_id = $1 AND user_id = $2 FOR NO KEY UPDATE', [
      tenantId,
      userId,
    ]);
    const { rows } = await this.#sql.query<{ commission_id: CommissionId }>(
      `SELECT commission_id FROM dispute WHERE tenant_id = $1 AND opened_by = $2 AND status <> 'decided'`,
      [tenantId, userId],
    );
    return rows.map((row) => row.commission_id);
  }

  async add({ dispute, step }: Stepped): Promise<void> {
    await this.#sql.query(
      `INSERT INTO dispute (tenant_id, id, commission_id, purchase_id, opened_by, kind, hold, opened_at, due_at, steps)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        dispute.tenantId,
        dispute.id,
        dispute.commissionId,
        dispute.purchaseId,
        dispute.openedBy,
        dispute.kind,
        dispute.hold,
        dispute.openedAt,
        dispute.dueAt,
        dispute.steps,
      ],
    );
    await this.#addStep(dispute, step);
    await this.#tell(dispute);
  }

  async lock(tenantId: TenantId, id: DisputeId): Promise<Dispute | undefined> {
    const { rows } = await this.#sql.query<DisputeRow>(
      `SELECT ${DISPUTE_COLUMNS} FROM dispute WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE`,
      [tenantId, id],
    );
    return rows[0] && toDispute(rows[0]);
  }

  async save({ dispute, step }: Stepped): Promise<void> {
    await this.#sql.query(
      `UPDATE dispute SET status = $3, owner_id = $4, outcome = $5, decided_at = $6, escalated_at = $7, steps = $8
       WHERE tenant_id = $1 AND id = $2`,
      [
        dispute.tenantId,
        dispute.id,
        dispute.status,
        dispute.ownerId ?? null,
        dispute.outcome ?? null,
        dispute.decidedAt ?? null,
        dispute.escalatedAt ?? null,
        dispute.steps,
      ],
    );
    await this.#addStep(dispute, step);
    if (step.outcome !== undefined) await this.#tell(dispute);
  }

  async lockOverdue(now: Date, limit: number): Promise<Dispute[]> {
    const { rows } = await this.#sql.query<DisputeRow>(
      `SELECT ${DISPUTE_COLUMNS} FROM dispute WHERE status <> 'decided' AND due_at <= $1 AND escalated_at IS NULL
       ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED`,
      [now, limit],
    );
    return rows.map(toDispute);
  }

  async list(query: DisputeQuery): Promise<Dispute[]> {
    const { rows } = await this.#sql.query<DisputeRow>(
      `SELECT ${DISPUTE_COLUMNS} FROM dispute
       WHERE tenant_id = $1 AND ($2::uuid IS NULL OR opened_by = $2) AND ($3::text IS NULL OR status = $3)
         AND ($4::timestamptz IS NULL OR (status <> 'decided' AND due_at <= $4)) AND ($5::uuid IS NULL OR id < $5)
       ORDER BY id DESC LIMIT $6`,
      [
        query.tenantId,
        query.openedBy ?? null,
        query.status ?? null,
        query.overdueAt ?? null,
        query.before ?? null,
        query.limit,
      ],
    );
    return rows.map(toDispute);
  }

  async report(tenantId: TenantId, id: DisputeId): Promise<DisputeReport | undefined> {
    const { rows } = await this.#sql.query<DisputeRow>(
      `SELECT ${DISPUTE_COLUMNS} FROM dispute WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    );
    if (rows[0] === undefined) return undefined;
    const steps = await this.#sql.query<StepRow>(
      `SELECT position, kind, taken_by, user_id, outcome, entry, taken_at FROM dispute_step
       WHERE tenant_id = $1 AND dispute_id = $2 ORDER BY position`,
      [tenantId, id],
    );
    const texts = await readTexts(this.#sql, { tenantId, id });
    return {
      dispute: toDispute(rows[0]),
      steps: steps.rows.map((row) => ({
        position: row.position,
        kind: row.kind,
        takenBy: row.taken_by,
        userId: row.user_id ?? undefined,
        outcome: row.outcome ?? undefined,
        entry: row.entry ?? undefined,
        takenAt: row.taken_at,
        written: texts.get(row.position),
      })),
    };
  }

  /** Tells neighbours that it was opened, or that it has ended. */
  async #tell(dispute: Dispute): Promise<void> {
    const { tenantId, id: disputeId, openedBy: userId, hold, openedAt, outcome, decidedAt } = dispute;
    const { commissionId, purchaseId, kind } = dispute;
    const common = { disputeId, commissionId, purchaseId, userId, hold, openedAt };
    const envelope = { key: userId, tenantId, occurredAt: decidedAt ?? openedAt };
    await this.#outbox.append(this.#sql, [
      outcome === undefined || decidedAt === undefined
        ? outgoing({ ...envelope, type: events.disputeOpened, payload: { ...common, kind } })
        : outgoing({ ...envelope, type: events.disputeDecided, payload: { ...common, outcome, decidedAt } }),
    ]);
  }

  async #addStep({ tenantId, id }: Dispute, step: DisputeStep): Promise<void> {
    const { position, userId, written } = step;
    await this.#sql.query(
      `INSERT INTO dispute_step (tenant_id, dispute_id, position, kind, taken_by, user_id, outcome, entry, taken_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        tenantId,
        id,
        position,
        step.kind,
        step.takenBy,
        userId ?? null,
        step.outcome ?? null,
        step.entry ?? null,
        step.takenAt,
      ],
    );
    if (written === undefined || userId === undefined) return;
    await insertText(this.#sql, { tenantId, id, position, userId, written, randomBytes: this.#randomBytes });
  }
}

interface StepRow {
  position: number;
  kind: DisputeStep['kind'];
  taken_by: DisputeStep['takenBy'];
  user_id: UserId | null;
  outcome: Exclude<DisputeStep['outcome'], undefined> | null;
  entry: Exclude<DisputeStep['entry'], undefined> | null;
  taken_at: Date;
}
