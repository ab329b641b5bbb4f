import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing } from '@dailydoco/events';
import { fingerprint } from '@dailydoco/sealing';
import { asPayoutMethodId, asTenantId, asUserId, type PayoutMethodId, type TenantId, type UserId } from '../ids.js';
import type { PersonSealer } from '../person-keys/person-sealer.store.js';
import type { RailKind } from '../rails/rail.js';
import type { PayoutMethod, SandboxOutcome } from './method.js';
import type { MethodBook, MethodReads, MethodSecrets } from './payout-methods.js';

/** Payout methods, as one open database transaction sees them. */
export class PayoutMethodStore implements MethodBook {
  readonly #sql: Sql;
  readonly #given: { sealer: PersonSealer; fingerprintKey: Uint8Array; outbox: Outbox };

  constructor(sql: Sql, given: { sealer: PersonSealer; fingerprintKey: Uint8Array; outbox: Outbox }) {
    this.#sql = sql;
    this.#given = given;
  }

  async lockPerson(tenantId: TenantId, personId: UserId): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [
      `payout_method ${tenantId} ${personId}`,
    ]);
  }

  async countReal(tenantId: TenantId, personId: UserId): Promise<number> {
    const { rows } = await this.#sql.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM payout_method
       WHERE tenant_id = $1 AND person_id = $2 AND kind <> 'sandbox'`,
      [tenantId, personId],
    );
    return rows[0]?.count ?? 0;
  }

  async add(method: PayoutMethod, { details, account }: MethodSecrets): Promise<void> {
    const { tenantId, id, personId, kind, createdAt } = method;
    const plain = JSON.stringify(details);
    const sealed = await this.#given.sealer.seal(this.#sql, method, { plain, boundTo: id });
    const hash = account && fingerprint(account, { key: this.#given.fingerprintKey, boundTo: `${tenantId} ${kind}` });
    await this.#sql.query(
      `INSERT INTO payout_method (tenant_id, id, person_id, kind, sandbox_outcome, sealed, masked, fingerprint, country,
                                  held_until, created_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        tenantId,
        id,
        personId,
        kind,
        method.outcome ?? null,
        sealed,
        method.masked ?? null,
        hash ?? null,
        method.country ?? null,
        method.heldUntil ?? null,
        createdAt,
      ],
    );
    const payload = { methodId: id, personId, rail: kind, heldUntil: method.heldUntil, addedAt: createdAt };
    const event = { key: personId, tenantId, occurredAt: createdAt, type: events.payoutMethodAdded, payload };
    await this.#given.outbox.append(this.#sql, [outgoing(event)]);
  }
}

/** Payout methods outside any database transaction. */
export class PayoutMethodReadStore implements MethodReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async list(query: {
    tenantId: TenantId;
    personId: UserId;
    after: PayoutMethodId | undefined;
    limit: number;
  }): Promise<PayoutMethod[]> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      id: string;
      person_id: string;
      kind: RailKind;
      sandbox_outcome: SandboxOutcome | null;
      masked: string | null;
      country: string | null;
      held_until: Date | null;
      created_at: Date;
    }>(
      `SELECT tenant_id, id, person_id, kind, sandbox_outcome, masked, country, held_until, created_at
       FROM payout_method
       WHERE tenant_id = $1 AND person_id = $2 AND deleted_at IS NULL AND ($3::uuid IS NULL OR id > $3)
       ORDER BY id LIMIT $4`,
      [query.tenantId, query.personId, query.after ?? null, query.limit],
    );
    return rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      id: asPayoutMethodId(row.id),
      personId: asUserId(row.person_id),
      kind: row.kind,
      outcome: row.sandbox_outcome ?? undefined,
      masked: row.masked ?? undefined,
      country: row.country ?? undefined,
      heldUntil: row.held_until ?? undefined,
      createdAt: row.created_at,
    }));
  }

  async delete(tenantId: TenantId, personId: UserId, id: PayoutMethodId, at: Date): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      `UPDATE payout_method SET deleted_at = $4
       WHERE tenant_id = $1 AND person_id = $2 AND id = $3 AND deleted_at IS NULL`,
      [tenantId, personId, id, at],
    );
    return rowCount > 0;
  }
}
