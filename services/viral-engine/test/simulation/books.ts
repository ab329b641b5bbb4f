import { events as catalogue } from '@dailydoco/events';
import pg from 'pg';
import { UPLINE } from '../../src/members/upline.store.js';
import type { About, Dispute, Notice, Step } from './model-disputes.js';
import type { Status } from './model-life.js';
import type { Move } from './model.js';
import type { Delivered } from './payouts-model.js';

/** Everything of a tenant that the model has an opinion on, read in one moment. */
export interface Snapshot {
  /** Money events that were not seen before, in the order of their writing. */
  readonly events: readonly (Delivered & { readonly at: number; readonly refundId: string | undefined })[];
  readonly sales: readonly SaleRow[];
  readonly entries: readonly EntryRow[];
  readonly refunds: readonly RefundRow[];
  readonly wins: readonly { readonly refund_id: string; readonly won_at: Date }[];
  readonly members: readonly MemberRow[];
  readonly waiting: readonly WaitingRow[];
  /** Those who are mapped; `due`: whether attribution has yet to come by. */
  readonly customers: readonly { readonly customer_id: string; readonly user_id: string; readonly due: boolean }[];
  readonly counters: readonly CounterRow[];
  readonly plans: {
    readonly versions: readonly string[];
    readonly defaultPlan: string | undefined;
    readonly archives: readonly string[];
  };
  readonly decisions: readonly DecisionRow[];
  readonly disputes: readonly DisputeRow[];
  /** In the order of each dispute. */
  readonly steps: readonly StepRow[];
  /** What was told of disputes and not seen before. */
  readonly notices: readonly Notice[];
}

export interface SaleRow {
  readonly id: string;
  readonly external_id: string;
  readonly buyer_id: string;
  readonly amount_micros: bigint;
  readonly currency: string;
  readonly stream: string;
  readonly product_tag: string | null;
  readonly website_id: string | null;
  readonly occurred_at: Date;
  readonly recorded_at: Date;
  readonly plan: string | null;
  readonly sequence: bigint;
  readonly refunded_micros: bigint;
  readonly due_at: Date | null;
}

export interface EntryRow {
  readonly id: string;
  readonly purchase_id: string;
  readonly beneficiary_id: string;
  readonly kind: 'website_bonus' | 'level';
  readonly level: number;
  readonly gross_micros: bigint;
  readonly net_micros: bigint;
  readonly status: Status;
  readonly available_at: Date;
  readonly held_since: Date | null;
  readonly hold_causes: readonly string[];
}

export interface RefundRow {
  readonly id: string;
  readonly external_id: string;
  readonly purchase_id: string;
  readonly reason: string;
  readonly amount_micros: bigint;
}

export interface MemberRow {
  readonly user_id: string;
  readonly upline: readonly string[];
  readonly status: 'active' | 'suspended';
  readonly boost_bps: number;
  readonly code: string;
  /** Whether the task that holds and lifts has yet to come by. */
  readonly hold_sweep_due: boolean;
  readonly hold_swept_to: string | null;
}

export interface WaitingRow {
  readonly id: string;
  readonly external_id: string;
  readonly customer_id: string;
  readonly amount_micros: bigint;
  readonly occurred_at: Date;
  /** Whether it still waits. */
  readonly waits: boolean;
}

export interface CounterRow {
  readonly plan_id: string;
  readonly holder: string;
  readonly currency: string;
  readonly period: string;
  readonly paid_micros: string;
  readonly closed_at_cap_micros: bigint | null;
}

export interface DecisionRow {
  readonly id: string;
  readonly commission_id: string;
  readonly purchase_id: string;
  readonly decision: string;
  readonly cause: string | null;
  readonly reason: string;
  readonly decided_by: string;
  readonly decided_at: Date;
  readonly purchase_sequence: bigint | null;
}

export interface DisputeRow {
  readonly id: string;
  readonly commission_id: string;
  readonly purchase_id: string;
  readonly opened_by: string;
  readonly kind: About;
  readonly hold: Dispute['hold'];
  readonly opened_at: Date;
  readonly due_at: Date;
  readonly status: Dispute['status'];
  readonly owner_id: string | null;
  readonly outcome: string | null;
  readonly decided_at: Date | null;
  readonly escalated_at: Date | null;
  readonly steps: number;
}

export interface StepRow {
  readonly dispute_id: string;
  readonly position: number;
  readonly kind: Step['kind'];
  readonly taken_by: Step['by'];
  readonly user_id: string | null;
  readonly outcome: string | null;
  readonly entry: Step['entry'] | null;
  readonly taken_at: Date;
  /** Whether anything was written with it. */
  readonly written: boolean;
}

const INT8 = 20;
export const types: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? BigInt : pg.types.getTypeParser(oid, format as 'text')) as typeof pg.types.getTypeParser,
};

/** Reads the tables by a connection of its own, past everything that is simulated. */
export class Books {
  readonly #client: pg.Client;
  readonly #tenantId: string;
  readonly #seen = new Set<string>();

  constructor(client: pg.Client, tenantId: string) {
    this.#client = client;
    this.#tenantId = tenantId;
  }

  /** One round trip; the events in it count as seen. */
  async read(): Promise<Snapshot> {
    const results = (await this.#client.query(this.#statements())) as unknown as pg.QueryResult[];
    const rowsOf = <Row>(index: number): Row[] => (results[index]?.rows ?? []) as Row[];
    const written = rowsOf<OutboxRow>(0);
    for (const { id } of written) this.#seen.add(id);
    const currencies = new Map(rowsOf<SaleRow>(1).map(({ id, currency }) => [id, currency]));
    return {
      events: written.flatMap((row) => toEvent(row, currencies)),
      sales: rowsOf(1),
      entries: rowsOf(2),
      refunds: rowsOf(3),
      wins: rowsOf(4),
      members: rowsOf(5),
      waiting: rowsOf(6),
      customers: rowsOf(7),
      counters: rowsOf(8),
      plans: {
        versions: rowsOf<{ version: string }>(9).map(({ version }) => version),
        defaultPlan: rowsOf<{ plan_id: string }>(10)[0]?.plan_id,
        archives: rowsOf<{ plan_id: string; last_version: number; archived_at: Date }>(11).map(
          (row) => `${row.plan_id} ${row.last_version} ${row.archived_at.getTime()}`,
        ),
      },
      decisions: rowsOf(12),
      disputes: rowsOf(13),
      steps: rowsOf(14),
      notices: written.flatMap(toNotice),
    };
  }

  #statements(): string {
    const own = `tenant_id = '${this.#tenantId}'`;
    const seen = [...this.#seen].join(',');
    return [
      `SELECT id::text, event_id, event_type, aggregate_key, payload, occurred_at FROM messaging.outbox
       WHERE ${own} AND id <> ALL ('{${seen}}'::bigint[]) ORDER BY messaging.outbox.id`,
      `SELECT id, external_id, buyer_id, amount_micros, currency, stream, product_tag, website_id, occurred_at,
         recorded_at, plan_id || ' ' || plan_version AS plan, s.sequence, s.refunded_micros, s.due_at
       FROM purchase p JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
       WHERE p.${own} ORDER BY id`,
      `SELECT id, purchase_id, beneficiary_id, kind, level, gross_micros, net_micros, status, available_at, held_since,
         hold_causes
       FROM commission WHERE ${own} ORDER BY purchase_id, kind DESC, level`,
      `SELECT id, external_id, purchase_id, reason, amount_micros FROM refund WHERE ${own} ORDER BY id`,
      `SELECT refund_id, won_at FROM chargeback_win WHERE ${own} ORDER BY refund_id`,
      `SELECT m.user_id, ${UPLINE} AS upline, m.status, m.boost_bps, m.hold_sweep_due, m.hold_swept_to, c.code
       FROM member m
       JOIN referral_code c ON c.tenant_id = m.tenant_id AND c.owner_id = m.user_id
       WHERE m.${own} ORDER BY cardinality(${UPLINE}), m.user_id`,
      `SELECT u.id, u.external_id, u.customer_id, u.amount_micros, u.occurred_at, w.purchase_id IS NOT NULL AS waits
       FROM unattributed_purchase u
       LEFT JOIN waiting_purchase w ON w.tenant_id = u.tenant_id AND w.purchase_id = u.id WHERE u.${own} ORDER BY u.id`,
      `SELECT customer_id, user_id, attribute_after IS NOT NULL AS due FROM customer WHERE ${own} AND user_id IS NOT NULL ORDER BY customer_id`,
      `SELECT plan_id, holder, currency, period, paid_micros, closed_at_cap_micros FROM cap_counter WHERE ${own}`,
      `SELECT plan_id || ' ' || version AS version FROM plan_version WHERE ${own} ORDER BY plan_id, version`,
      `SELECT plan_id FROM tenant_default_plan WHERE ${own}`,
      `SELECT plan_id, last_version, archived_at FROM plan_archive WHERE ${own}`,
      `SELECT id, commission_id, purchase_id, decision, cause, reason, decided_by, decided_at, purchase_sequence
       FROM commission_decision WHERE ${own}`,
      `SELECT id, commission_id, purchase_id, opened_by, kind, hold, opened_at, due_at, status, owner_id, outcome,
         decided_at, escalated_at, steps FROM dispute WHERE ${own}`,
      `SELECT s.dispute_id, s.position, s.kind, s.taken_by, s.user_id, s.outcome, s.entry, s.taken_at,
         t.user_id IS NOT NULL AS written
       FROM dispute_step s LEFT JOIN dispute_text t ON t.tenant_id = s.tenant_id AND t.dispute_id = s.dispute_id
         AND t.position = s.position AND t.user_id = s.user_id
       WHERE s.${own} ORDER BY s.dispute_id, s.position`,
    ].join(';');
  }
}

interface OutboxRow {
  readonly id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly aggregate_key: string;
  readonly payload: Buffer;
  readonly occurred_at: Date;
}

interface Payload {
  readonly purchaseId?: string;
  /** Undefined: no event of money. */
  readonly purchaseSequence?: bigint;
  readonly refundId?: string;
  readonly changes?: readonly {
    readonly beneficiaryId: string;
    readonly kind: number;
    readonly level: number;
    readonly fromStatus: number;
    readonly toStatus: number;
    readonly deltaMicros: bigint;
    readonly netMicros: bigint;
  }[];
}

/** The wire's numbers of statuses and kinds, as the contract of the events gives them. */
const STATUSES: readonly (Status | undefined)[] = [undefined, 'pending', 'held', 'available', 'reversed', 'forfeited'];
const LEVEL = 1;

interface DisputePayload {
  readonly disputeId: string;
  readonly commissionId: string;
  readonly purchaseId: string;
  readonly userId: string;
  readonly kind?: About;
  readonly outcome?: string;
  readonly hold: string;
  readonly openedAt: Date;
  readonly decidedAt?: Date;
}

function decode(row: OutboxRow): { name: string; payload: unknown } {
  const type = Object.values(catalogue).find((each) => each.type === row.event_type);
  if (type === undefined) throw new Error(`no event is called ${row.event_type}`);
  const name = row.event_type.slice(row.event_type.lastIndexOf('.') + 1);
  return { name, payload: type.codec.decode(row.payload) };
}

function toNotice(row: OutboxRow): Notice[] {
  const { name, payload } = decode(row);
  if (name !== 'DisputeOpened' && name !== 'DisputeDecided') return [];
  const told = payload as DisputePayload;
  const { disputeId, commissionId, purchaseId: saleId, userId, hold, kind: about, outcome } = told;
  const times = {
    at: row.occurred_at.getTime(),
    openedAt: told.openedAt.getTime(),
    decidedAt: told.decidedAt?.getTime(),
  };
  return [{ name, key: row.aggregate_key, disputeId, commissionId, saleId, userId, hold, about, outcome, ...times }];
}

function toEvent(row: OutboxRow, currencies: ReadonlyMap<string, string>): Snapshot['events'] {
  const { name, payload: decoded } = decode(row);
  const payload = decoded as Payload;
  const { purchaseId: saleId, purchaseSequence: sequence, refundId } = payload;
  if (saleId === undefined || sequence === undefined) return [];
  const moves = (payload.changes ?? []).map((change): Move => {
    const to = STATUSES[change.toStatus];
    if (to === undefined) throw new Error('an entry goes to no status');
    return {
      kind: change.kind === LEVEL ? 'level' : 'website_bonus',
      level: change.level,
      beneficiary: change.beneficiaryId,
      from: STATUSES[change.fromStatus],
      to,
      delta: change.deltaMicros,
      net: change.netMicros,
    };
  });
  const currency = currencies.get(saleId) ?? '';
  const at = row.occurred_at.getTime();
  return [{ eventId: row.event_id, key: row.aggregate_key, name, saleId, sequence, moves, currency, at, refundId }];
}
