import { prepared, type Sql } from '@dailydoco/database';
import { toStoredCuts } from '../commissions/commission-rows.store.js';
import type { NewPurchases } from './purchase-group.js';
import { insertMetadata } from './metadata.store.js';
import type { PurchaseRecord } from './purchase.js';
import { toStored } from './split-snapshot.store.js';

/** Snapshots come as one text, a line each, which JSON without indentation is: in an array every quote of it is escaped. */
const INSERT_FACTS = prepared(
  `WITH added AS (
     INSERT INTO purchase (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, website_id,
       occurred_at, occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot,
       product_tag)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
       $8::uuid[], $9::timestamptz[], $10::boolean[], $11::timestamptz[], $12::text[], $13::integer[], $14::bigint[],
       string_to_array($15::text, E'\\n')::jsonb[], $16::text[])
     RETURNING tenant_id, id, recorded_at, commissions_micros
   )
   INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at)
   SELECT tenant_id, id, CASE WHEN commissions_micros > 0 THEN 2 ELSE 1 END, recorded_at FROM added`,
);

const INSERT_COMMISSIONS = prepared(
  `INSERT INTO commission (tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency,
     gross_micros, cuts, net_micros, status, available_at, created_at)
   SELECT tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency, gross_micros,
     cuts, gross_micros, 'pending', available_at, created_at
   FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::smallint[], $7::integer[],
     $8::integer[], $9::text[], $10::bigint[], $11::jsonb[], $12::timestamptz[], $13::timestamptz[])
     AS entry (tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency, gross_micros,
       cuts, available_at, created_at)`,
);

const INSERT_FIRSTS = prepared(
  `INSERT INTO buyer_plan_recurrence (tenant_id, buyer_id, plan_id, first_purchase_id, first_occurred_at)
   SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[])`,
);

const INSERT_PAYMENTS = prepared(
  `INSERT INTO buyer_payment (tenant_id, buyer_id, fingerprint, purchase_id)
   SELECT DISTINCT ON (tenant_id, buyer_id, fingerprint) tenant_id, buyer_id, decode(fingerprint, 'hex'), purchase_id
   FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[])
     AS payment (tenant_id, buyer_id, fingerprint, purchase_id)
   ORDER BY tenant_id, buyer_id, fingerprint, purchase_id ON CONFLICT DO NOTHING`,
);

/** Writes new purchases, their commissions and what goes with them; their external ids are claimed already. */
export async function insertPurchases(
  sql: Sql,
  { records, firsts, metadata, payments }: NewPurchases,
  randomBytes: (count: number) => Uint8Array,
): Promise<void> {
  await insertFacts(sql, records);
  await insertCommissions(sql, records);
  if (firsts.length > 0) await insertFirsts(sql, firsts);
  if (metadata.length > 0) await insertMetadata(sql, metadata, randomBytes);
  if (payments.length > 0) await insertPayments(sql, payments);
}

async function insertFacts(sql: Sql, records: readonly PurchaseRecord[]): Promise<void> {
  await sql.query(INSERT_FACTS, [
    records.map((record) => record.tenantId),
    records.map((record) => record.id),
    records.map((record) => record.externalId),
    records.map((record) => record.buyerId),
    records.map((record) => record.amountMicros),
    records.map((record) => record.currency),
    records.map((record) => record.stream),
    records.map((record) => record.websiteId ?? null),
    records.map((record) => record.occurredAt.toISOString()),
    records.map((record) => record.occurredAtGiven),
    records.map((record) => record.recordedAt.toISOString()),
    records.map((record) => record.plan?.id ?? null),
    records.map((record) => record.plan?.version ?? null),
    records.map((record) => record.totalMicros),
    records.map((record) => JSON.stringify(toStored(record.snapshot))).join('\n'),
    records.map((record) => record.productTag ?? null),
  ]);
}

async function insertCommissions(sql: Sql, records: readonly PurchaseRecord[]): Promise<void> {
  const rows = records.flatMap(({ tenantId, commissions }) => commissions.map((entry) => ({ tenantId, ...entry })));
  if (rows.length === 0) return;
  await sql.query(INSERT_COMMISSIONS, [
    rows.map((row) => row.tenantId),
    rows.map((row) => row.id),
    rows.map((row) => row.purchaseId),
    rows.map((row) => row.beneficiaryId),
    rows.map((row) => row.kind),
    rows.map((row) => row.level),
    rows.map((row) => row.rateBps),
    rows.map((row) => row.boostBps),
    rows.map((row) => row.currency),
    rows.map((row) => row.grossMicros),
    rows.map((row) => toStoredCuts(row.cuts)),
    rows.map((row) => row.availableAt.toISOString()),
    rows.map((row) => row.createdAt.toISOString()),
  ]);
}

async function insertFirsts(sql: Sql, firsts: NewPurchases['firsts']): Promise<void> {
  await sql.query(INSERT_FIRSTS, [
    firsts.map((first) => first.tenantId),
    firsts.map((first) => first.buyerId),
    firsts.map((first) => first.planId),
    firsts.map((first) => first.purchaseId),
    firsts.map((first) => first.occurredAt.toISOString()),
  ]);
}

/** A buyer's cards are written under the buyer's lock, so no two groups wait for each other here. */
async function insertPayments(sql: Sql, payments: NewPurchases['payments']): Promise<void> {
  await sql.query(INSERT_PAYMENTS, [
    payments.map(({ tenantId }) => tenantId),
    payments.map(({ buyerId }) => buyerId),
    payments.map(({ fingerprint }) => Buffer.from(fingerprint).toString('hex')),
    payments.map(({ purchaseId }) => purchaseId),
  ]);
}
