import { type DatabaseTransaction, prepared, type Sql } from '@dailydoco/database';
import { toStoredCuts } from '../commissions/commission-rows.store.js';
import type { NewPurchases } from './purchase-group.js';
import { insertMetadata } from './metadata.store.js';
import type { PurchaseRecord } from './purchase.js';
import { toStored } from './split-snapshot.store.js';

/** Snapshots come as one text, a line each, which JSON without indentation is: in an array every quote of it is escaped. */
const INSERT_FACTS = prepared(
  `WITH new AS MATERIALIZED (
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::text[], $7::text[],
       $8::uuid[], $9::timestamptz[], $10::boolean[], $11::timestamptz[], $12::text[], $13::integer[], $14::bigint[],
       string_to_array($15::text, E'\\n')::jsonb[], $16::text[], $17::timestamptz[])
       AS new (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, website_id, occurred_at,
         occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot, product_tag, due_at)
   ),
   fact AS (
     INSERT INTO purchase (tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, website_id,
       occurred_at, occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot,
       product_tag)
     SELECT tenant_id, id, external_id, buyer_id, amount_micros, currency, stream, website_id, occurred_at,
       occurred_at_given, recorded_at, plan_id, plan_version, commissions_micros, split_snapshot, product_tag FROM new
   )
   INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at, due_at)
   SELECT tenant_id, id, CASE WHEN commissions_micros > 0 THEN 2 ELSE 1 END, recorded_at, due_at FROM new`,
);

/**
 * What all entries of a purchase share is sent once for the purchase, because reading the arrays is a third of the work:
 * an entry names its purchase by its position, from 1. A shorter array ends in nulls, so nobody's cuts are no array.
 */
const INSERT_COMMISSIONS = prepared(
  `INSERT INTO commission (tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency,
     gross_micros, cuts, net_micros, status, available_at, created_at)
   SELECT purchase.tenant_id, entry.id, purchase.id, entry.beneficiary_id, entry.kind, entry.level, entry.rate_bps,
     entry.boost_bps, purchase.currency, entry.gross_micros, entry.cuts, entry.gross_micros, 'pending',
     purchase.available_at, purchase.created_at
   FROM unnest($6::integer[], $7::uuid[], $8::uuid[], $9::text[], $10::smallint[], $11::integer[], $12::integer[],
     $13::bigint[], $14::jsonb[])
     AS entry (position, id, beneficiary_id, kind, level, rate_bps, boost_bps, gross_micros, cuts)
   JOIN unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[]) WITH ORDINALITY
     AS purchase (tenant_id, id, currency, available_at, created_at, position) ON purchase.position = entry.position`,
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

/**
 * Writes new purchases, their commissions and what goes with them; their external ids are claimed already. Whether it
 * could be written is known at the commit.
 */
export async function insertPurchases(
  sql: DatabaseTransaction,
  { records, firsts, metadata, payments }: NewPurchases,
  randomBytes: (count: number) => Uint8Array,
): Promise<void> {
  const { unanswered } = sql;
  await Promise.all([
    insertFacts(unanswered, records),
    insertCommissions(unanswered, records),
    firsts.length > 0 && insertFirsts(unanswered, firsts),
    metadata.length > 0 && insertMetadata(sql, metadata, randomBytes),
    payments.length > 0 && insertPayments(unanswered, payments),
  ]);
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
    // The entries of a new purchase fall due together.
    records.map(({ commissions: [first] }) => first?.availableAt.toISOString() ?? null),
  ]);
}

async function insertCommissions(sql: Sql, records: readonly PurchaseRecord[]): Promise<void> {
  const paying = records.filter(({ commissions }) => commissions.length > 0);
  if (paying.length === 0) return;
  const entries = paying.flatMap(({ commissions }) => commissions);
  const firsts = paying.flatMap(({ commissions: [first] }) => first ?? []);
  const cuts = entries.map((entry) => toStoredCuts(entry.cuts));
  await sql.query(INSERT_COMMISSIONS, [
    paying.map(({ tenantId }) => tenantId),
    paying.map(({ id }) => id),
    paying.map(({ currency }) => currency),
    firsts.map(({ availableAt }) => availableAt.toISOString()),
    firsts.map(({ createdAt }) => createdAt.toISOString()),
    paying.flatMap(({ commissions }, index) => commissions.map(() => index + 1)),
    entries.map((entry) => entry.id),
    entries.map((entry) => entry.beneficiaryId),
    entries.map((entry) => entry.kind),
    entries.map((entry) => entry.level),
    entries.map((entry) => entry.rateBps),
    entries.map((entry) => entry.boostBps),
    entries.map((entry) => entry.grossMicros),
    cuts.every((cut) => cut === null) ? [] : cuts,
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
