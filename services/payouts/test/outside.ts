import type { createPool } from '@dailydoco/database';
import type { TenantId } from '../src/ids.js';
import type { Books } from './books.js';
import { START } from './lives.js';

type Pool = ReturnType<typeof createPool>;

export interface Paid {
  readonly rail: 'sandbox' | 'sepa' | 'ach' | 'stripe';
  readonly status: 'submitted' | 'settled' | 'failed' | 'returned';
  readonly micros: number;
  readonly currency?: string;
  readonly withheld?: number;
  readonly batchId?: string;
}

/** Everything of one tenant by the name that the cases below give it. */
export interface Place {
  readonly books: Books;
  readonly owner: Pool;
  readonly tenantId: TenantId;
  readonly ids: Record<string, string>;
}

/** A payout as it would stand after its life, with the steps on its way. */
export async function payout({ books, owner, tenantId, ids }: Place, name: string, paid: Paid): Promise<void> {
  const personId = books.newPerson();
  const methodId = await books.addMethod(tenantId, personId);
  const { rail, status, micros, currency = 'EUR', withheld = 0, batchId = null } = paid;
  ids[name] = books.newId();
  await owner.query(
    `INSERT INTO payout (tenant_id, id, person_id, method_id, amount_micros, currency, requested_at, status, changed_at,
                         rail, withheld_micros, batch_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, $9, $10, $11)`,
    [tenantId, ids[name], personId, methodId, micros, currency, START, status, rail, withheld, batchId],
  );
  const steps = ['requested', 'submitted', ...(status === 'returned' ? ['settled'] : []), status];
  await owner.query(
    `INSERT INTO payout_step (tenant_id, payout_id, step, taken_at)
     SELECT $1, $2, step, $4 FROM unnest($3::text[]) AS step`,
    [tenantId, ids[name], [...new Set(steps)], START],
  );
}

/** What a rail told of a payout. */
export async function report(place: Place, name: string, told: { rail: string; state: string; micros: number | null }) {
  const { rail, state, micros } = told;
  await place.owner.query(
    `INSERT INTO rail_report (tenant_id, rail, report_id, reference, state, amount_micros, currency, occurred_at, received_at, applied)
     VALUES ($1, $2, $3, $4, $5, $6, 'EUR', $7, $7, 'recorded')`,
    [place.tenantId, rail, `${name} ${state}`, place.ids[name], state, micros, START],
  );
}

/** A journal that moves cash by so much: what finance books to mend something, or a payout's. */
export async function cashJournal(
  { books, owner, tenantId, ids }: Place,
  name: string,
  { micros, of = 'adjustment' }: { micros: number; of?: 'adjustment' | 'payout' },
): Promise<void> {
  ids[name] = books.newId();
  const [payoutId, adjustmentId] = of === 'payout' ? [ids[name], null] : [null, ids[name]];
  await owner.query(
    `INSERT INTO journal (tenant_id, id, event_type, currency, payout_id, payout_step, adjustment_id, occurred_at, recorded_at)
     VALUES ($1, $2, 'Mended', 'EUR', $3, CASE WHEN $3::uuid IS NULL THEN NULL ELSE 'x' END, $4, $5, $5)`,
    [tenantId, ids[name], payoutId, adjustmentId, START],
  );
  await owner.query(
    `INSERT INTO account (tenant_id, id, owner_id, kind, currency, opened_at)
     SELECT $1, gen_random_uuid(), $1, kind, 'EUR', $2 FROM unnest(ARRAY['cash', 'bad_debt']) AS kind ON CONFLICT DO NOTHING`,
    [tenantId, START],
  );
  await owner.query(
    `INSERT INTO posting (tenant_id, journal_id, account_id, amount_micros, position)
     SELECT $1, $2, id, CASE kind WHEN 'cash' THEN $3::bigint ELSE -$3::bigint END, nextval('house_position')
     FROM account WHERE tenant_id = $1 AND kind IN ('cash', 'bad_debt')`,
    [tenantId, ids[name], micros],
  );
}

/** A tenant of whom rails say the same as the ledger. */
export async function soundRails(books: Books, owner: Pool): Promise<Place> {
  const place: Place = { books, owner, tenantId: books.newTenant(), ids: {} };
  const { tenantId, ids } = place;
  const batchId = books.newId();
  ids['batch'] = batchId;
  await owner.query(
    `INSERT INTO payout_batch (tenant_id, id, rail, currency, payments, amount_micros, created_at, file_name, file_sha256, made_at, sent_at, sent_by)
     VALUES ($1, $2, 'sepa', 'EUR', 1, 700, $3, 'f', '\\x00', $3, $3, $2)`,
    [tenantId, batchId, START],
  );
  await payout(place, 'settled', { rail: 'sepa', status: 'settled', micros: 1_000, withheld: 100 });
  await report(place, 'settled', { rail: 'sepa', state: 'settled', micros: 900 });
  await payout(place, 'returned', { rail: 'sepa', status: 'returned', micros: 500 });
  await report(place, 'returned', { rail: 'sepa', state: 'settled', micros: 500 });
  await report(place, 'returned', { rail: 'sepa', state: 'returned', micros: null });
  await payout(place, 'failed', { rail: 'ach', status: 'failed', micros: 300 });
  await report(place, 'failed', { rail: 'ach', state: 'failed', micros: 300 });
  await payout(place, 'batched', { rail: 'sepa', status: 'settled', micros: 700, batchId });
  await report(place, 'batched', { rail: 'sepa', state: 'settled', micros: null });
  await payout(place, 'underWay', { rail: 'ach', status: 'submitted', micros: 1 });
  await payout(place, 'sandbox', { rail: 'sandbox', status: 'settled', micros: 50, withheld: 1 });
  await owner.query(
    `INSERT INTO sandbox_payment (tenant_id, reference, amount_micros, currency, outcome, first_asked_at)
     VALUES ($1, $2, 49, 'EUR', 'settled', $3)`,
    [tenantId, ids['sandbox'], START],
  );
  return place;
}

/** What a superuser can do to these tables is the matter of a spec; their own guards have specs elsewhere. */
export async function unguard(owner: Pool, ...tables: string[]): Promise<void> {
  for (const table of tables) await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
}
