import type { Sql } from '@dailydoco/database';
import { fingerprint, keyFor } from '@dailydoco/sealing';
import { asTenantId, asUserId } from '../ids.js';
import type { PersonSealer } from '../person-keys/person-sealer.store.js';
import { openDeclarations } from '../tax/tax-record.store.js';
import type { Declaration } from '../tax/tax-record.js';
import type { Subject } from './sanctions-list.js';
import { type KnownPerson, type Person, personKey } from './screen-people.js';

/** The use of the key that hashes what people are screened by. */
const SUBJECT_KEY = 'payouts screening subjects';
/** More methods than people have; older ones are left out. */
const MAX_METHODS = 20;

/**
 * The names of people: of the tax record, and of the holders of their payout methods, deleted ones too. They are opened
 * for the comparison only; what is kept is a keyed hash, bound to the person.
 */
export class PersonNames {
  readonly #given: { methods: PersonSealer; records: PersonSealer; secret: Uint8Array };

  constructor(given: { methods: PersonSealer; records: PersonSealer; secret: Uint8Array }) {
    this.#given = given;
  }

  async subjectsOf(sql: Sql, people: readonly Person[]): Promise<readonly KnownPerson[]> {
    const declared = await openDeclarations(sql, this.#given.records, people);
    const holders = await this.#holders(sql, people);
    const key = keyFor(SUBJECT_KEY, this.#given.secret);
    return people.map(({ tenantId, personId }) => {
      const at = personKey({ tenantId, personId });
      const subject = subjectOf(declared.get(at), holders.get(at) ?? []);
      const text = JSON.stringify([subject.names, subject.birthYear ?? null]);
      return { tenantId, personId, subject, digest: fingerprint(text, { key, boundTo: at }) };
    });
  }

  async #holders(sql: Sql, people: readonly Person[]): Promise<Map<string, string[]>> {
    const { rows } = await sql.query<{ tenant_id: string; person_id: string; id: string; sealed: Uint8Array }>(
      `SELECT asked.tenant_id, asked.person_id, m.id, m.sealed
       FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::uuid[])) AS asked (tenant_id, person_id)
       CROSS JOIN LATERAL (
         SELECT id, sealed FROM payout_method m
         WHERE m.tenant_id = asked.tenant_id AND m.person_id = asked.person_id AND m.sealed IS NOT NULL
         ORDER BY m.id DESC LIMIT $3
       ) AS m`,
      [people.map(({ tenantId }) => tenantId), people.map(({ personId }) => personId), MAX_METHODS],
    );
    const owned = rows.map((row) => ({
      tenantId: asTenantId(row.tenant_id),
      personId: asUserId(row.person_id),
      sealed: row.sealed,
      boundTo: row.id,
    }));
    const opened = await this.#given.methods.open(sql, owned);
    const names = new Map<string, string[]>();
    owned.forEach((method, at) => {
      const name = holderOf(opened[at]);
      if (name !== undefined) names.set(personKey(method), [...(names.get(personKey(method)) ?? []), name]);
    });
    return names;
  }
}

/** Rails that know the holder of an account call it `name`. */
function holderOf(details: string | undefined): string | undefined {
  if (details === undefined) return undefined;
  const given: unknown = JSON.parse(details);
  if (typeof given !== 'object' || given === null || !('name' in given)) return undefined;
  return typeof given.name === 'string' ? given.name : undefined;
}

function subjectOf(declared: Declaration | undefined, holders: readonly string[]): Subject {
  const business = declared?.form === 'w9' ? declared.businessName : undefined;
  const names = [declared?.name, business, ...holders].filter((name) => name !== undefined);
  const birthDate = declared !== undefined && 'birthDate' in declared ? declared.birthDate : undefined;
  return {
    names: [...new Set(names)].toSorted((a, b) => (a < b ? -1 : 1)),
    birthYear: birthDate === undefined ? undefined : Number(birthDate.slice(0, 4)),
  };
}
