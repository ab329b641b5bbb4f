import type { Sql } from '@dailydoco/database';
import { asTenantId, asUserId, type TenantId, type UserId } from '../ids.js';
import { PersonSealer } from '../person-keys/person-sealer.store.js';
import type { TaxRecordBook } from './submit-tax-record.js';
import type { Declaration, TaxForm, TaxRecord } from './tax-record.js';

interface RecordRow {
  tenant_id: string;
  person_id: string;
  version: number;
  form: TaxForm;
  country: string;
  masked_number: string | null;
  treaty_rate_bps: number | null;
  sealed: Uint8Array;
  submitted_at: Date;
  expires_at: Date | null;
}

interface Person {
  readonly tenantId: TenantId;
  readonly personId: UserId;
}

/** What seals declarations, under a key of their own for each person. */
export function recordSealer(given: { secret: Uint8Array; randomBytes: (size: number) => Uint8Array }): PersonSealer {
  return new PersonSealer({ ...given, use: 'payouts tax records' });
}

/** The last version of each person who has one. */
export async function readRecords(sql: Sql, people: readonly Person[]): Promise<TaxRecord[]> {
  return (await lastRows(sql, people)).map(toRecord);
}

/** What each person declared last, by `tenant person`; opened for the length of a comparison, never kept. */
export async function openDeclarations(
  sql: Sql,
  sealer: PersonSealer,
  people: readonly Person[],
): Promise<Map<string, Declaration>> {
  const rows = await lastRows(sql, people);
  const opened = await sealer.open(
    sql,
    rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      personId: asUserId(row.person_id),
      sealed: row.sealed,
      boundTo: boundTo(row.version),
    })),
  );
  return new Map(
    rows.flatMap((row, at): [string, Declaration][] => {
      const plain = opened[at];
      // Only `add` seals what is read here.
      return plain === undefined ? [] : [[`${row.tenant_id} ${row.person_id}`, JSON.parse(plain) as Declaration]];
    }),
  );
}

/** Tax records in an open database transaction. */
export class TaxRecordStore implements TaxRecordBook {
  readonly #sql: Sql;
  readonly #sealer: PersonSealer;

  constructor(sql: Sql, sealer: PersonSealer) {
    this.#sql = sql;
    this.#sealer = sealer;
  }

  async lock(tenantId: TenantId, personId: UserId): Promise<TaxRecord | undefined> {
    await this.#sql.query("SELECT pg_advisory_xact_lock(hashtextextended('tax record ' || $1 || ' ' || $2, 0))", [
      tenantId,
      personId,
    ]);
    return (await readRecords(this.#sql, [{ tenantId, personId }]))[0];
  }

  async add(record: TaxRecord, declaration: Declaration): Promise<void> {
    const { tenantId, personId, version } = record;
    const plain = JSON.stringify(declaration);
    const sealed = await this.#sealer.seal(this.#sql, { tenantId, personId }, { plain, boundTo: boundTo(version) });
    await this.#sql.query(
      `INSERT INTO tax_record (tenant_id, person_id, version, form, country, masked_number, treaty_rate_bps, sealed,
                               submitted_at, expires_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        tenantId,
        personId,
        version,
        record.form,
        record.country,
        record.maskedNumber ?? null,
        record.treatyRateBps ?? null,
        Buffer.from(sealed),
        record.submittedAt,
        record.expiresAt ?? null,
      ],
    );
  }
}

async function lastRows(sql: Sql, people: readonly Person[]): Promise<RecordRow[]> {
  const { rows } = await sql.query<RecordRow>(
    `SELECT last.* FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])) AS asked (tenant_id, person_id)
     CROSS JOIN LATERAL (
       SELECT tenant_id, person_id, version, form, country, masked_number, treaty_rate_bps, sealed, submitted_at, expires_at
       FROM tax_record r WHERE r.tenant_id = asked.tenant_id AND r.person_id = asked.person_id
       ORDER BY version DESC LIMIT 1
     ) AS last`,
    [people.map(({ tenantId }) => tenantId), people.map(({ personId }) => personId)],
  );
  return rows;
}

/** The seal of one version opens no other. */
function boundTo(version: number): string {
  return `tax record ${version}`;
}

function toRecord(row: RecordRow): TaxRecord {
  return {
    tenantId: asTenantId(row.tenant_id),
    personId: asUserId(row.person_id),
    version: row.version,
    form: row.form,
    country: row.country,
    maskedNumber: row.masked_number ?? undefined,
    treatyRateBps: row.treaty_rate_bps ?? undefined,
    submittedAt: row.submitted_at,
    expiresAt: row.expires_at ?? undefined,
  };
}
