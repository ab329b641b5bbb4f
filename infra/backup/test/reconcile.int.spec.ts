import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseMigrations, runMigrations } from '@dailydoco/database';
import { eventsMigrations } from '@dailydoco/events';
import { repositoryRoot, SERVICES, type ServiceName } from '@dailydoco/local';
import { createServiceDatabase, type TestDatabase } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Urls } from '../src/addresses.js';
import { holdDatabase, withSql } from '../src/hold.js';
import { accept } from '../src/reconcile/accept.js';
import { readStatement } from '../src/reconcile/payments.js';
import { reconcile, type ReconcileOptions, reportDigest, reportTable } from '../src/reconcile/report.js';

const HOUR = 3_600_000;
const ago = (ms: number): Date => new Date(Date.now() - ms);
const LONG_AGO = ago(HOUR);
const tenant = randomUUID();
let databases: Record<ServiceName, TestDatabase>;
let urls: Urls;
let folder: string;

/** The databases as the services make them: the same migrations, by their folders. */
async function open(service: ServiceName): Promise<TestDatabase> {
  const own = { name: service, directory: join(repositoryRoot, 'services', service, 'prisma', 'migrations') };
  const sources = [databaseMigrations, eventsMigrations, own];
  return createServiceDatabase({
    service: `reconcile-${service}`,
    directories: sources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources });
    },
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'reconcile-spec-'));
  const made: Partial<Record<ServiceName, TestDatabase>> = {};
  for (const service of SERVICES) made[service] = await open(service);
  databases = made as Record<ServiceName, TestDatabase>;
  urls = Object.fromEntries(SERVICES.map((service) => [service, databases[service].appUrl])) as Urls;
  await write('identity', "INSERT INTO tenant (id, name, created_at) VALUES ($1, 'Acme', $2)", [tenant, LONG_AGO]);
  await write('payouts', 'INSERT INTO known_tenant (tenant_id, known_since) VALUES ($1, $2)', [tenant, LONG_AGO]);
}, 120_000);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  for (const service of SERVICES) await databases[service].drop();
});

const write = (service: ServiceName, text: string, values: unknown[]) =>
  withSql(databases[service].ownerUrl, (sql) => sql.query(text, values));

const compare = (over: Partial<ReconcileOptions> = {}) => reconcile({ urls, settledBefore: ago(60_000), ...over });

/** The differences of one kind, without their moments. */
async function found(kind: string, over: Partial<ReconcileOptions> = {}) {
  const { differences } = await compare(over);
  return differences
    .filter((difference) => difference.kind === kind)
    .map(({ knownTo, unknownTo, count, sums, examples }) => ({ knownTo, unknownTo, count, sums, examples }));
}

interface Commission {
  readonly id: string;
  readonly purchaseId: string;
  readonly micros: bigint;
  readonly currency?: string;
  readonly at?: Date;
}

async function inEngine({ id, purchaseId, micros, currency = 'USD', at = LONG_AGO }: Commission): Promise<void> {
  await write(
    'viral-engine',
    `INSERT INTO commission (tenant_id, id, purchase_id, beneficiary_id, kind, level, rate_bps, boost_bps, currency,
       gross_micros, net_micros, status, available_at, created_at)
     VALUES ($1, $2, $3, $2, 'level', 1, 2000, 0, $4, $5, $5, 'pending', $6, $6)`,
    [tenant, id, purchaseId, currency, micros, at],
  );
  await write(
    'viral-engine',
    'INSERT INTO purchase_state (tenant_id, purchase_id, sequence, changed_at) VALUES ($1, $2, 2, $3) ON CONFLICT DO NOTHING',
    [tenant, purchaseId, at],
  );
}

async function inLedger({ id, purchaseId, micros, currency = 'USD', at = LONG_AGO }: Commission): Promise<void> {
  await write(
    'payouts',
    `INSERT INTO purchase_progress (tenant_id, purchase_id, sequence, currency, applied_at) VALUES ($1, $2, 2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [tenant, purchaseId, currency, at],
  );
  await write(
    'payouts',
    `INSERT INTO purchase_entry (tenant_id, purchase_id, commission_id, beneficiary_id, currency, status, net_micros)
     VALUES ($1, $2, $3, $3, $4, 'pending', $5)`,
    [tenant, purchaseId, id, currency, micros],
  );
}

const commission = (over: Partial<Commission> = {}): Commission => ({
  id: randomUUID(),
  purchaseId: randomUUID(),
  micros: 15_800_000n,
  ...over,
});

describe('reconciliation over all databases', () => {
  it('says balanced when both sides know the same', async () => {
    const both = commission();
    await inEngine(both);
    await inLedger(both);
    const report = await compare();
    expect(report).toMatchObject({ balanced: true, inFlight: 0, differences: [], held: [] });
    expect(reportTable(report)).toBe('balanced');
  });

  it('names commissions that only one side has, with their sums by currency, and counts the young apart', async () => {
    const [dollars, euros] = [commission(), commission({ currency: 'EUR', micros: 2_500_000n })];
    await inEngine(dollars);
    await inEngine(euros);
    await inEngine(commission({ at: new Date() }));
    const orphan = commission({ micros: 1n });
    await inLedger(orphan);
    const [theirs, ours] = [commission({ micros: 10_000_000n }), 4_000_000n];
    await inEngine(theirs);
    await inLedger({ ...theirs, micros: ours });

    const [missing] = await found('commission-without-journal');
    expect(missing).toMatchObject({ knownTo: 'viral-engine', unknownTo: 'payouts', count: 2 });
    expect(missing?.sums).toEqual({ EUR: '2.50', USD: '15.80' });
    expect(missing?.examples.toSorted()).toEqual([dollars.id, euros.id].toSorted());
    expect(await found('journal-without-commission')).toMatchObject([
      { knownTo: 'payouts', count: 1, sums: { USD: '0.000001' }, examples: [orphan.id] },
    ]);
    expect(await found('commission-stands-otherwise')).toMatchObject([
      { count: 1, sums: { USD: '6.00' }, examples: [theirs.id] },
    ]);
    expect((await compare()).inFlight).toBe(1);
    expect(await found('commission-without-journal', { settledBefore: new Date() })).toMatchObject([{ count: 3 }]);
  });

  it('names payments of the rail that the ledger does not know, by the rail’s own statement', async () => {
    const [methodId, settled, failed] = [randomUUID(), randomUUID(), randomUUID()];
    const [underWay, unknown] = [randomUUID(), randomUUID()];
    await write(
      'payouts',
      `INSERT INTO payout_method (tenant_id, id, person_id, kind, sandbox_outcome, created_at)
       VALUES ($1, $2, $2, 'sandbox', 'settled', $3)`,
      [tenant, methodId, LONG_AGO],
    );
    for (const [id, status] of [
      [settled, 'settled'],
      [failed, 'failed'],
      [underWay, 'submitted'],
    ])
      await write(
        'payouts',
        `INSERT INTO payout (tenant_id, id, person_id, method_id, amount_micros, currency, requested_at, status, changed_at)
         VALUES ($1, $2, $3, $3, 5000000, 'USD', $4, $5, $4)`,
        [tenant, id, methodId, LONG_AGO, status],
      );
    const file = join(folder, 'statement.jsonl');
    const paidAt = '2026-01-31T12:00:00+01:00';
    const lines = [failed, underWay, unknown].map((reference) => ({
      reference,
      amount: '5.00',
      currency: 'USD',
      paidAt,
    }));
    writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
    const statement = readStatement(file);

    const [unbooked] = await found('payment-not-booked', { statement });
    expect(unbooked).toMatchObject({ knownTo: 'rail', count: 2, sums: { USD: '10.00' } });
    expect(unbooked?.examples.toSorted()).toEqual([failed, unknown].toSorted());
    expect(await found('payout-unknown-to-rail', { statement })).toEqual([]);
    expect(await found('payout-unknown-to-rail', { statement, statementIsComplete: true })).toMatchObject([
      { count: 1, examples: [settled] },
    ]);
    // Without a statement the sandbox's own memory counts, and that has nothing.
    expect(await found('payout-unknown-to-rail')).toMatchObject([{ count: 1, examples: [settled] }]);
  });

  it('refuses a statement that it cannot read, by the line', () => {
    const file = join(folder, 'wrong.jsonl');
    writeFileSync(file, '\n{"reference":"x","amount":"5,00","currency":"USD","paidAt":"yesterday"}\n');
    expect(() => readStatement(file)).toThrow(`Line 2 of ${file} cannot be read.`);
  });

  it('names events that were published and not applied, and events that were applied and that nobody published', async () => {
    const eventOf = async (service: ServiceName, type: string, id: string, publishedAt: Date | null) =>
      write(
        service,
        `INSERT INTO messaging.outbox (event_id, topic, event_type, source, aggregate_key, tenant_id, occurred_at, payload,
           created_at, published_at)
         VALUES ($1, 'identity.events.v1', $2, 'spec', 'k', $3, $4, '', $4, $5)`,
        [id, type, tenant, LONG_AGO, publishedAt],
      );
    const [seen, missed, waiting, lost] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
    const type = 'dailydoco.identity.events.v1.TenantCreated';
    await eventOf('identity', type, seen, LONG_AGO);
    await eventOf('identity', type, missed, LONG_AGO);
    await eventOf('identity', type, waiting, null);
    for (const id of [seen, lost])
      await write(
        'payouts',
        "INSERT INTO messaging.inbox (consumer, event_id, received_at) VALUES ('payouts-standing', $1, $2)",
        [id, LONG_AGO],
      );
    expect(await found('event-not-applied')).toEqual([
      { knownTo: 'identity', unknownTo: 'payouts (payouts-standing)', count: 1, sums: {}, examples: [missed] },
    ]);
    expect(await found('event-forgotten')).toEqual([
      { knownTo: 'payouts', unknownTo: 'identity, payouts, viral-engine', count: 1, sums: {}, examples: [lost] },
    ]);
  });

  it('names people whom identity does not know, and people of whom viral-engine has not heard', async () => {
    const [unheard, orphan, ghost] = [randomUUID(), randomUUID(), randomUUID()];
    await write(
      'identity',
      'INSERT INTO user_account (id, tenant_id, status_changed_at, registered_at) VALUES ($1, $2, $3, $3)',
      [unheard, tenant, LONG_AGO],
    );
    await write(
      'viral-engine',
      'INSERT INTO member (tenant_id, user_id, status_changed_at, joined_at) VALUES ($1, $2, $3, $3)',
      [tenant, orphan, LONG_AGO],
    );
    await write(
      'payouts',
      "INSERT INTO account (tenant_id, id, owner_id, kind, currency, opened_at) VALUES ($1, $2, $2, 'pending', 'USD', $3)",
      [tenant, ghost, LONG_AGO],
    );
    expect(await found('person-unknown')).toEqual([
      { knownTo: 'identity', unknownTo: 'viral-engine', count: 1, sums: {}, examples: [`${tenant}/${unheard}`] },
      { knownTo: 'viral-engine', unknownTo: 'identity', count: 1, sums: {}, examples: [`${tenant}/${orphan}`] },
      { knownTo: 'payouts', unknownTo: 'identity', count: 1, sums: {}, examples: [`${tenant}/${ghost}`] },
    ]);
  });
});

describe('the acceptance of a restore', () => {
  const restoredTo = new Date('2026-01-31T12:00:00Z');
  const given = {
    acceptedBy: 'finance',
    reason: 'compared',
    ownerUrlOf: (service: ServiceName) => databases[service].ownerUrl,
  };

  it('is refused when nothing is held', async () => {
    await expect(accept(await compare(), given)).rejects.toThrow('There is nothing to accept.');
  });

  it('ends each hold, and keeps who, why, and the digest of what was seen', async () => {
    await holdDatabase(databases.payouts.ownerUrl, { restoredTo, restoredBy: 'ops', reason: 'a disk was lost' });
    const report = await compare();
    expect(report.held).toMatchObject([
      { service: 'payouts', restoredTo: restoredTo.toISOString(), restoredBy: 'ops' },
    ]);
    expect(reportTable(report)).toContain(
      'payouts is held: brought back to 2026-01-31T12:00:00.000Z by ops: a disk was lost',
    );
    expect(await accept(report, given)).toEqual(['payouts']);
    expect((await compare()).held).toEqual([]);
    const { rows } = await withSql(urls.payouts, (sql) => sql.query('SELECT * FROM operations.restore_acceptance'));
    expect(rows).toMatchObject([{ accepted_by: 'finance', reason: 'compared', report_sha256: reportDigest(report) }]);
  });

  it('needs a database that knows of holds: one from before says what to do', async () => {
    const client = new pg.Client({ connectionString: databases.analytics.ownerUrl });
    await client.connect();
    await client.query('DROP SCHEMA operations CASCADE');
    await client.end();
    await expect(
      holdDatabase(databases.analytics.ownerUrl, { restoredTo, restoredBy: 'ops', reason: 'old' }),
    ).rejects.toMatchObject({ todo: expect.stringContaining('run the service’s migration job') });
  });
});
