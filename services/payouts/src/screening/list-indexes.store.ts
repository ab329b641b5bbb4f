import { createHash } from 'node:crypto';
import type { Sql } from '@dailydoco/database';
import { asTenantId, type TenantId } from '../ids.js';
import { STANDARD_TUNING } from '../risk/tuning.js';
import { readTunings } from '../risk/tuning.store.js';
import type { Similarity } from './match-names.js';
import { NameIndex } from './name-index.js';
import {
  INSTALLATION,
  type ListEntry,
  type ListKind,
  type Match,
  type SanctionsList,
  type Subject,
} from './sanctions-list.js';

/** Changes whenever names are compared in another way, so that everybody is screened again. */
const MATCHING_VERSION = 2;
/** Lists kept in memory at a time, some ten thousand entries each; more are loaded again and again. */
const MAX_INDEXES = 16;

interface ListVersion {
  readonly ownedBy: TenantId;
  readonly list: string;
  readonly version: number;
  readonly kind: ListKind;
}

interface LoadedList {
  readonly index: NameIndex;
  readonly digests: ReadonlyMap<ListEntry, string>;
}

/** Lists in memory, ready to be searched: one for the whole process. A version of a list never changes. */
export class ListIndexes {
  readonly #similarity: Similarity;
  readonly #loaded = new Map<string, LoadedList>();

  constructor(similarity: Similarity) {
    this.#similarity = similarity;
  }

  async load(sql: Sql, version: ListVersion): Promise<LoadedList> {
    const key = textOf(version);
    const known = this.#loaded.get(key);
    if (known !== undefined) return known;
    const rows = await readEntries(sql, version);
    const loaded = {
      index: new NameIndex(
        rows.map(({ entry }) => entry),
        this.#similarity,
      ),
      digests: new Map(rows.map(({ entry, digest }) => [entry, digest])),
    };
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size >= MAX_INDEXES && oldest !== undefined) this.#loaded.delete(oldest);
    this.#loaded.set(key, loaded);
    return loaded;
  }
}

/** The lists that were uploaded here: a tenant's own, and the installation's. */
export class LocalLists implements SanctionsList {
  readonly #sql: Sql;
  readonly #indexes: ListIndexes;
  readonly #versions = new Map<TenantId, readonly ListVersion[]>();
  readonly #thresholds = new Map<TenantId, number>();

  /** For the length of a database transaction: the lists in force and the thresholds are read once. */
  constructor(sql: Sql, indexes: ListIndexes) {
    this.#sql = sql;
    this.#indexes = indexes;
  }

  async stateOf(tenantIds: readonly TenantId[]): Promise<ReadonlyMap<TenantId, string>> {
    const versions = await listsInForce(this.#sql, tenantIds);
    const tunings = await readTunings(this.#sql, tenantIds);
    const everybodys = versions.filter(({ ownedBy }) => ownedBy === INSTALLATION);
    for (const tenantId of tenantIds) {
      this.#thresholds.set(tenantId, (tunings.get(tenantId) ?? STANDARD_TUNING).nameThreshold);
      this.#versions.set(tenantId, [...everybodys, ...versions.filter(({ ownedBy }) => ownedBy === tenantId)]);
    }
    return new Map(
      tenantIds.flatMap((tenantId): [TenantId, string][] => {
        const texts = (this.#versions.get(tenantId) ?? []).map(textOf);
        if (texts.length === 0) return [];
        const text = [MATCHING_VERSION, this.#thresholdOf(tenantId), ...texts.toSorted()].join('\n');
        return [[tenantId, createHash('sha256').update(text).digest('hex')]];
      }),
    );
  }

  async matches(tenantId: TenantId, subjects: readonly Subject[]): Promise<readonly (readonly Match[])[]> {
    if (!this.#versions.has(tenantId)) await this.stateOf([tenantId]);
    const found = subjects.map((): Match[] => []);
    const threshold = this.#thresholdOf(tenantId);
    for (const version of this.#versions.get(tenantId) ?? []) {
      const { index, digests } = await this.#indexes.load(this.#sql, version);
      const { list, ownedBy, kind } = version;
      subjects.forEach((subject, at) => {
        for (const { entry, score } of index.find(subject, threshold)) {
          found[at]?.push({ list, ownedBy, kind, entry, entryDigest: digests.get(entry) ?? '', score });
        }
      });
    }
    return found.map((matches) => matches.toSorted((a, b) => b.score - a.score));
  }

  #thresholdOf(tenantId: TenantId): number {
    return this.#thresholds.get(tenantId) ?? STANDARD_TUNING.nameThreshold;
  }
}

async function listsInForce(sql: Sql, tenantIds: readonly TenantId[]): Promise<ListVersion[]> {
  const { rows } = await sql.query<{
    tenant_id: string;
    list: string;
    version: number;
    kind: ListKind;
    entries: number;
  }>(
    `SELECT DISTINCT ON (tenant_id, list) tenant_id, list, version, kind, entries FROM screening_list
     WHERE tenant_id = ANY ($1::uuid[]) ORDER BY tenant_id, list, version DESC`,
    [[INSTALLATION, ...tenantIds]],
  );
  return rows
    .filter(({ entries }) => entries > 0)
    .map(({ tenant_id, list, version, kind }) => ({ ownedBy: asTenantId(tenant_id), list, version, kind }));
}

async function readEntries(
  sql: Sql,
  { ownedBy, list, version }: ListVersion,
): Promise<{ entry: ListEntry; digest: string }[]> {
  const { rows } = await sql.query<{
    entry_key: string;
    name: string;
    aliases: string[];
    birth_years: number[];
    country: string | null;
    program: string | null;
    entry_digest: string;
  }>(
    `SELECT entry_key, name, aliases, birth_years, country, program, entry_digest FROM screening_entry
     WHERE tenant_id = $1 AND list = $2 AND version = $3`,
    [ownedBy, list, version],
  );
  return rows.map((row) => ({
    digest: row.entry_digest,
    entry: {
      key: row.entry_key,
      name: row.name,
      aliases: row.aliases,
      birthYears: row.birth_years,
      country: row.country ?? undefined,
      program: row.program ?? undefined,
    },
  }));
}

function textOf({ ownedBy, list, version }: ListVersion): string {
  return `${ownedBy} ${list} ${version}`;
}
