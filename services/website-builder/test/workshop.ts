import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, runMigrations } from '@dailydoco/database';
import { events } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { createServiceDatabase, type TestDatabase } from '@dailydoco/testing';
import { asTenantId, asUserId, type TenantId, type UserId } from '../src/ids.js';
import { migrationSources } from '../src/migrations.js';

/** An event as it stands in the outbox. */
export interface WrittenEvent {
  readonly name: string;
  readonly key: string;
  readonly payload: Record<string, unknown>;
}

/** A database of this service with all its tables, and a folder for its sites: for one spec file. */
export class Workshop {
  readonly newId = newId;
  readonly sitesDir = mkdtempSync(join(tmpdir(), 'dailydoco-sites-'));
  readonly pool: ReturnType<typeof createPool>;
  /** Connects as the owner of the tables. */
  readonly ownerPool: ReturnType<typeof createPool>;
  readonly #database: TestDatabase;

  constructor(database: TestDatabase) {
    this.#database = database;
    const common = { applicationName: 'spec', statementTimeoutMs: 20_000 };
    this.pool = createPool({ ...common, connectionString: database.appUrl, max: 4 });
    this.ownerPool = createPool({ ...common, connectionString: database.ownerUrl, max: 2 });
  }

  get appUrl(): string {
    return this.#database.appUrl;
  }

  newTenant(): TenantId {
    return asTenantId(newId());
  }

  newUser(): UserId {
    return asUserId(newId());
  }

  /** The events of a site in the order of their writing. */
  async eventsOf(siteId: string): Promise<WrittenEvent[]> {
    const { rows } = await this.pool.query<{ event_type: string; aggregate_key: string; payload: Buffer }>(
      'SELECT event_type, aggregate_key, payload FROM messaging.outbox WHERE aggregate_key = $1 ORDER BY id',
      [siteId],
    );
    return rows.map((row) => {
      const type = Object.values(events).find((each) => each.type === row.event_type);
      if (type === undefined) throw new Error(`no event is called ${row.event_type}`);
      const payload = type.codec.decode(row.payload) as unknown as WrittenEvent['payload'];
      return { name: row.event_type.slice(row.event_type.lastIndexOf('.') + 1), key: row.aggregate_key, payload };
    });
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.ownerPool.end();
    await this.#database.drop();
    await rm(this.sitesDir, { recursive: true, force: true });
  }
}

export async function openWorkshop(): Promise<Workshop> {
  return new Workshop(
    await createServiceDatabase({
      service: 'website-builder',
      directories: migrationSources.map(({ directory }) => directory),
      migrate: async (connectionString, appRole) => {
        await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
      },
    }),
  );
}
