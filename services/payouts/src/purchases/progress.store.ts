import type { Sql } from '@dailydoco/database';
import type { ReceivedEvent } from '@dailydoco/events';
import { currencyOf } from '@dailydoco/money';
import { asCommissionId, asPurchaseId, asTenantId, type CommissionId, type PurchaseId, type TenantId } from '../ids.js';
import type { Journal } from '../ledger/journal.js';
import type { LedgerStore } from '../ledger/ledger.store.js';
import type { ProgressBook, ProgressUpdate, PurchaseProgress, PurchaseRef } from './apply-money-events.js';
import type { Entry } from './book-changes.js';
import { toMoneyEvent, typeByName } from './money-event.codec.js';
import type { EntryStatus, MoneyEvent } from './money-event.js';

interface ProgressRow {
  tenant_id: string;
  purchase_id: string;
  sequence: bigint;
  currency: string;
  amount_micros: bigint | null;
  house_micros: bigint | null;
}

/** Purchases and how far their events have been applied, in an open database transaction. */
export class ProgressStore implements ProgressBook {
  readonly #sql: Sql;
  readonly #ledger: LedgerStore;
  readonly #now: Date;
  readonly #received: ReadonlyMap<string, ReceivedEvent>;

  /** `received` are the events of the batch: one that has to wait is kept as it came. */
  constructor(sql: Sql, given: { ledger: LedgerStore; now: Date; received: readonly ReceivedEvent[] }) {
    this.#sql = sql;
    this.#ledger = given.ledger;
    this.#now = given.now;
    this.#received = new Map(given.received.map((event) => [event.id, event]));
  }

  async lock(
    purchases: readonly (PurchaseRef & { currency: ReturnType<typeof currencyOf> })[],
  ): Promise<PurchaseProgress[]> {
    const refs = refColumns(purchases);
    await this.#sql.query(
      `INSERT INTO purchase_progress (tenant_id, purchase_id, currency, applied_at)
       SELECT tenant_id, purchase_id, currency, $4 FROM unnest($1::uuid[], $2::uuid[], $3::text[])
         AS new (tenant_id, purchase_id, currency)
       ORDER BY tenant_id, purchase_id ON CONFLICT DO NOTHING`,
      [...refs, purchases.map(({ currency }) => currency), this.#now],
    );
    const { rows } = await this.#sql.query<ProgressRow>(
      `SELECT p.tenant_id, p.purchase_id, p.sequence, p.currency, p.amount_micros, p.house_micros
       FROM purchase_progress p
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id) USING (tenant_id, purchase_id)
       ORDER BY p.tenant_id, p.purchase_id FOR NO KEY UPDATE OF p`,
      refs,
    );
    const [entries, setAside] = [await this.#entriesOf(refs), await this.#setAsideOf(refs)];
    return rows.map((row) => {
      const key = `${row.tenant_id} ${row.purchase_id}`;
      return {
        tenantId: asTenantId(row.tenant_id),
        purchaseId: asPurchaseId(row.purchase_id),
        sequence: row.sequence,
        currency: currencyOf(row.currency),
        amountMicros: row.amount_micros ?? undefined,
        houseMicros: row.house_micros ?? undefined,
        entries: entries.get(key) ?? new Map(),
        setAside: setAside.get(key) ?? [],
      };
    });
  }

  async save(updates: readonly ProgressUpdate[], journals: readonly Journal[]): Promise<void> {
    await this.#ledger.write(journals);
    await this.#sql.query(
      `UPDATE purchase_progress p
       SET sequence = new.sequence, amount_micros = new.amount, house_micros = new.house, applied_at = $6
       FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::bigint[])
         AS new (tenant_id, purchase_id, sequence, amount, house)
       WHERE p.tenant_id = new.tenant_id AND p.purchase_id = new.purchase_id`,
      [
        ...refColumns(updates),
        updates.map(({ sequence }) => sequence),
        updates.map(({ amountMicros }) => amountMicros ?? null),
        updates.map(({ houseMicros }) => houseMicros ?? null),
        this.#now,
      ],
    );
    await this.#saveEntries(updates);
    await this.#dropTaken(updates);
    await this.#setAside(updates.flatMap(({ toSetAside }) => toSetAside));
  }

  async #entriesOf(refs: [TenantId[], PurchaseId[]]): Promise<Map<string, Map<CommissionId, Entry>>> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      purchase_id: string;
      commission_id: string;
      status: EntryStatus;
      net_micros: bigint;
    }>(
      `SELECT e.tenant_id, e.purchase_id, e.commission_id, e.status, e.net_micros FROM purchase_entry e
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id) USING (tenant_id, purchase_id)`,
      refs,
    );
    const entries = new Map<string, Map<CommissionId, Entry>>();
    for (const row of rows) {
      const key = `${row.tenant_id} ${row.purchase_id}`;
      const own = entries.get(key) ?? new Map<CommissionId, Entry>();
      entries.set(key, own.set(asCommissionId(row.commission_id), { status: row.status, netMicros: row.net_micros }));
    }
    return entries;
  }

  async #setAsideOf(refs: [TenantId[], PurchaseId[]]): Promise<Map<string, MoneyEvent[]>> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      purchase_id: string;
      event_id: string;
      event_type: string;
      payload: Buffer;
      occurred_at: Date;
    }>(
      `SELECT s.tenant_id, s.purchase_id, s.event_id, s.event_type, s.payload, s.occurred_at FROM set_aside_event s
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, purchase_id) USING (tenant_id, purchase_id)`,
      refs,
    );
    const waiting = rows.map((row) => {
      const type = typeByName(row.event_type);
      const { event_id: id, tenant_id: tenantId, occurred_at: occurredAt } = row;
      return toMoneyEvent({ id, type, tenantId, occurredAt, payload: type.codec.decode(row.payload) });
    });
    return Map.groupBy(waiting, ({ tenantId, purchaseId }) => `${tenantId} ${purchaseId}`);
  }

  async #saveEntries(updates: readonly ProgressUpdate[]): Promise<void> {
    const changed = updates.flatMap(({ tenantId, purchaseId, currency, changedEntries }) =>
      [...changedEntries].map(([commissionId, entry]) => ({ tenantId, purchaseId, commissionId, currency, ...entry })),
    );
    if (changed.length === 0) return;
    await this.#sql.query(
      `INSERT INTO purchase_entry (tenant_id, purchase_id, commission_id, beneficiary_id, currency, status, net_micros)
       SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::bigint[])
       ON CONFLICT (tenant_id, purchase_id, commission_id)
       DO UPDATE SET status = EXCLUDED.status, net_micros = EXCLUDED.net_micros`,
      [
        ...refColumns(changed),
        changed.map(({ commissionId }) => commissionId),
        changed.map(({ beneficiaryId }) => beneficiaryId),
        changed.map(({ currency }) => currency),
        changed.map(({ status }) => status),
        changed.map(({ netMicros }) => netMicros),
      ],
    );
  }

  async #dropTaken(updates: readonly ProgressUpdate[]): Promise<void> {
    const taken = updates.flatMap(({ tenantId, purchaseId, taken: sequences }) =>
      sequences.map((sequence) => ({ tenantId, purchaseId, sequence })),
    );
    if (taken.length === 0) return;
    await this.#sql.query(
      `DELETE FROM set_aside_event s
       USING unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS done (tenant_id, purchase_id, sequence)
       WHERE s.tenant_id = done.tenant_id AND s.purchase_id = done.purchase_id AND s.purchase_sequence = done.sequence`,
      [...refColumns(taken), taken.map(({ sequence }) => sequence)],
    );
  }

  async #setAside(early: readonly MoneyEvent[]): Promise<void> {
    if (early.length === 0) return;
    const received = early.map(({ eventId }) => {
      const event = this.#received.get(eventId);
      if (event === undefined) throw new Error(`event ${eventId} was never received`);
      return event;
    });
    await this.#sql.query(
      `INSERT INTO set_aside_event (tenant_id, purchase_id, purchase_sequence, event_id, event_type, payload,
                                    occurred_at, set_aside_at)
       SELECT *, $8::timestamptz
       FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::bytea[], $7::timestamptz[])
       ON CONFLICT DO NOTHING`,
      [
        ...refColumns(early),
        early.map(({ sequence }) => sequence),
        early.map(({ eventId }) => eventId),
        received.map(({ type }) => type.type),
        received.map(({ type, payload }) => Buffer.from(type.codec.encode(payload).finish())),
        early.map(({ occurredAt }) => occurredAt),
        this.#now,
      ],
    );
  }
}

function refColumns(refs: readonly PurchaseRef[]): [TenantId[], PurchaseId[]] {
  return [refs.map(({ tenantId }) => tenantId), refs.map(({ purchaseId }) => purchaseId)];
}
