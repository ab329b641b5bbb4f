import type { Sql } from '@dailydoco/database';
import { asTenantId, asUserId } from '../ids.js';
import type { ListKind, Match } from './sanctions-list.js';
import {
  type Hit,
  type KnownPerson,
  type Person,
  personKey,
  type Screened,
  type ScreeningBook,
} from './screen-people.js';

interface HitRow {
  tenant_id: string;
  person_id: string;
  id: string;
  kind: ListKind;
  list: string;
  entry_name: string;
  program: string | null;
  score: number;
  decision: 'cleared' | 'confirmed' | null;
}

/** The last decision about a hit `h`. */
export const LAST_DECISION = `LEFT JOIN LATERAL (
    SELECT d.decision, d.reason, d.decided_by, d.decided_at FROM screening_decision d
    WHERE d.tenant_id = h.tenant_id AND d.hit_id = h.id ORDER BY d.position DESC LIMIT 1
  ) AS last ON true`;

/** What is remembered of screening, in an open database transaction. */
export class ScreeningStore implements ScreeningBook {
  readonly #sql: Sql;
  readonly #given: {
    subjectsOf: (sql: Sql, people: readonly Person[]) => Promise<readonly KnownPerson[]>;
    clock: { now(): Date };
    newId: () => string;
  };

  constructor(
    sql: Sql,
    given: {
      subjectsOf: (sql: Sql, people: readonly Person[]) => Promise<readonly KnownPerson[]>;
      clock: { now(): Date };
      newId: () => string;
    },
  ) {
    this.#sql = sql;
    this.#given = given;
  }

  subjectsOf(people: readonly Person[]): Promise<readonly KnownPerson[]> {
    return this.#given.subjectsOf(this.#sql, people);
  }

  async screenedOf(people: readonly Person[]): Promise<ReadonlyMap<string, Screened>> {
    await this.#holdMatched(people);
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      person_id: string;
      subject: Uint8Array;
      lists_digest: string;
    }>(
      `SELECT s.tenant_id, s.person_id, s.subject, s.lists_digest FROM screened_person s
       JOIN unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, person_id) USING (tenant_id, person_id)`,
      columns(people),
    );
    const hits = await this.#currentHits(people);
    return new Map(
      rows.map((row) => {
        const key = personKey({ tenantId: asTenantId(row.tenant_id), personId: asUserId(row.person_id) });
        return [key, { digest: row.subject, state: row.lists_digest, hits: hits.get(key) ?? [] }];
      }),
    );
  }

  /**
   * Whoever matches an entry is held until the end, in one order: nobody decides about a hit between it being looked up
   * and the payouts being stopped for it. The statements after this one see what was decided before.
   */
  async #holdMatched(people: readonly Person[]): Promise<void> {
    await this.#sql.query(
      `SELECT 1 FROM screened_person s
       WHERE (s.tenant_id, s.person_id) IN (SELECT * FROM unnest($1::uuid[], $2::uuid[])) AND s.hit_ids <> '{}'
       ORDER BY s.tenant_id, s.person_id FOR NO KEY UPDATE`,
      columns(people),
    );
  }

  async remember(
    found: readonly { person: KnownPerson; state: string; matches: readonly Match[] }[],
  ): Promise<ReadonlyMap<string, readonly Hit[]>> {
    // In one order, so that two who screen the same people wait for each other and do not lock up.
    const sorted = found.toSorted((a, b) => (personKey(a.person) < personKey(b.person) ? -1 : 1));
    const hitIds = await this.#addHits(sorted);
    await this.#sql.query(
      `INSERT INTO screened_person AS known (tenant_id, person_id, subject, lists_digest, hit_ids, screened_at)
       SELECT tenant_id, person_id, subject, lists_digest, hit_ids::uuid[], $6
       FROM unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::text[], $5::text[])
         AS new (tenant_id, person_id, subject, lists_digest, hit_ids)
       ON CONFLICT (tenant_id, person_id) DO UPDATE
       SET subject = EXCLUDED.subject, lists_digest = EXCLUDED.lists_digest, hit_ids = EXCLUDED.hit_ids,
           screened_at = EXCLUDED.screened_at`,
      [
        ...columns(sorted.map(({ person }) => person)),
        sorted.map(({ person }) => Buffer.from(person.digest)),
        sorted.map(({ state }) => state),
        sorted.map(({ person }) => `{${(hitIds.get(personKey(person)) ?? []).join(',')}}`),
        this.#given.clock.now(),
      ],
    );
    return this.#currentHits(sorted.map(({ person }) => person));
  }

  /** The ids of the hits of each person; a pair that was found before has the id it had. */
  async #addHits(
    found: readonly { person: KnownPerson; matches: readonly Match[] }[],
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const pairs = found.flatMap(({ person, matches }) => matches.map((match) => ({ person, match })));
    if (pairs.length === 0) return new Map();
    const { rows } = await this.#sql.query<{ tenant_id: string; person_id: string; id: string }>(
      `WITH new AS (
         SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bytea[], $5::uuid[], $6::text[], $7::text[],
                              $8::text[], $9::text[], $10::text[], $11::text[], $12::smallint[])
           AS pair (tenant_id, person_id, id, subject, list_tenant_id, list, kind, entry_key, entry_digest, entry_name,
                    program, score)
       ), added AS (
         INSERT INTO screening_hit (tenant_id, person_id, id, subject, list_tenant_id, list, kind, entry_key,
                                    entry_digest, entry_name, program, score, found_at)
         SELECT new.*, $13 FROM new
         ON CONFLICT (tenant_id, person_id, subject, list_tenant_id, list, entry_key, entry_digest) DO NOTHING
         RETURNING tenant_id, person_id, id
       )
       SELECT tenant_id, person_id, id FROM added
       UNION ALL
       SELECT h.tenant_id, h.person_id, h.id FROM new JOIN screening_hit h
         USING (tenant_id, person_id, subject, list_tenant_id, list, entry_key, entry_digest)`,
      [...this.#hitColumns(pairs), this.#given.clock.now()],
    );
    const ids = new Map<string, string[]>();
    for (const row of rows) {
      const key = personKey({ tenantId: asTenantId(row.tenant_id), personId: asUserId(row.person_id) });
      ids.set(key, [...(ids.get(key) ?? []), row.id]);
    }
    return ids;
  }

  #hitColumns(pairs: readonly { person: KnownPerson; match: Match }[]): unknown[] {
    return [
      ...columns(pairs.map(({ person }) => person)),
      pairs.map(() => this.#given.newId()),
      pairs.map(({ person }) => Buffer.from(person.digest)),
      pairs.map(({ match }) => match.ownedBy),
      pairs.map(({ match }) => match.list),
      pairs.map(({ match }) => match.kind),
      pairs.map(({ match }) => match.entry.key),
      pairs.map(({ match }) => match.entryDigest),
      pairs.map(({ match }) => match.entry.name),
      pairs.map(({ match }) => match.entry.program ?? null),
      pairs.map(({ match }) => match.score),
    ];
  }

  async #currentHits(people: readonly Person[]): Promise<Map<string, Hit[]>> {
    const { rows } = await this.#sql.query<HitRow>(
      `SELECT h.tenant_id, h.person_id, h.id, h.kind, h.list, h.entry_name, h.program, h.score, last.decision
       FROM unnest($1::uuid[], $2::uuid[]) AS asked (tenant_id, person_id)
       JOIN screened_person s USING (tenant_id, person_id)
       JOIN screening_hit h ON h.tenant_id = s.tenant_id AND h.id = ANY (s.hit_ids)
       ${LAST_DECISION}
       ORDER BY h.score DESC, h.id`,
      columns(people),
    );
    const hits = new Map<string, Hit[]>();
    for (const row of rows) {
      const key = personKey({ tenantId: asTenantId(row.tenant_id), personId: asUserId(row.person_id) });
      hits.set(key, [...(hits.get(key) ?? []), toHit(row)]);
    }
    return hits;
  }
}

function toHit({ id, kind, list, entry_name: entryName, program, score, decision }: HitRow): Hit {
  return { id, kind, list, entryName, program: program ?? undefined, score, status: decision ?? 'open' };
}

function columns(people: readonly Person[]): [string[], string[]] {
  return [people.map(({ tenantId }) => tenantId), people.map(({ personId }) => personId)];
}
