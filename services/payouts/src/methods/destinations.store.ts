import type { Sql } from '@dailydoco/database';
import { asPayoutMethodId, asTenantId, asUserId, type PayoutMethodId, type TenantId } from '../ids.js';
import type { PersonSealer } from '../person-keys/person-sealer.store.js';
import type { RailKind } from '../rails/rail.js';
import type { Destinations, OpenDestination } from './destinations.js';
import type { Rails } from './method.js';

interface MethodRow {
  tenant_id: string;
  id: string;
  person_id: string;
  kind: RailKind;
  sandbox_outcome: string | null;
  sealed: Uint8Array | null;
  held_until: Date | null;
}

/**
 * Opens payout methods for payment. One that cannot be opened is not in the answer: its person was erased, or its rail
 * is not there any more.
 */
export class DestinationStore implements Destinations {
  readonly #sql: Sql;
  readonly #given: { sealer: PersonSealer; rails: Rails };

  constructor(sql: Sql, given: { sealer: PersonSealer; rails: Rails }) {
    this.#sql = sql;
    this.#given = given;
  }

  async open(
    methods: readonly { readonly tenantId: TenantId; readonly methodId: PayoutMethodId }[],
  ): Promise<ReadonlyMap<PayoutMethodId, OpenDestination>> {
    const { rows } = await this.#sql.query<MethodRow>(
      `SELECT DISTINCT m.tenant_id, m.id, m.person_id, m.kind, m.sandbox_outcome, m.sealed, m.held_until
       FROM payout_method m JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, id) USING (tenant_id, id)`,
      [methods.map(({ tenantId }) => tenantId), methods.map(({ methodId }) => methodId)],
    );
    const details = await this.#details(rows);
    return new Map(
      rows.flatMap((row, n) => {
        const rail = this.#given.rails.get(row.kind);
        const given = details[n];
        if (rail === undefined || given === undefined) return [];
        const heldUntil = row.held_until ?? undefined;
        return [[asPayoutMethodId(row.id), { kind: row.kind, destination: rail.destinationOf(given), heldUntil }]];
      }),
    );
  }

  /** Of each row what the person gave; undefined where the person's key is gone. */
  async #details(rows: readonly MethodRow[]): Promise<unknown[]> {
    const items = rows.flatMap(({ tenant_id: tenantId, id, person_id: personId, sealed }) =>
      sealed === null ? [] : [{ tenantId: asTenantId(tenantId), personId: asUserId(personId), sealed, boundTo: id }],
    );
    const opened = (await this.#given.sealer.open(this.#sql, items)).values();
    return rows.map((row): unknown => {
      if (row.sealed === null) return { outcome: row.sandbox_outcome };
      const plain = opened.next().value;
      return plain === undefined ? undefined : JSON.parse(plain);
    });
  }
}
