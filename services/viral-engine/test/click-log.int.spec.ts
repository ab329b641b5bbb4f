import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { createLogger, renderPrometheus } from '@dailydoco/telemetry';
import { ClickJournal } from '../src/clicks/click-journal.adapter.js';
import { ClickLog } from '../src/clicks/click-log.adapter.js';
import type { Click } from '../src/clicks/click.js';
import type { TenantId } from '../src/ids.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), 'clicks-'));
});
afterAll(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true });
});

const logger = createLogger({ service: 'spec', level: 'silent' });

const startLog = (maxHeld?: number, journal?: ClickJournal) =>
  new ClickLog({
    pool: engine.pool,
    logger,
    randomBytes: engine.tools.randomBytes,
    journal,
    ...(maxHeld !== undefined && { maxHeld }),
  });

async function openJournal(): Promise<ClickJournal> {
  const journal = new ClickJournal({ folder, logger, randomBytes: engine.tools.randomBytes });
  await journal.open();
  return journal;
}

async function someone(): Promise<{ tenantId: TenantId; click: (other?: Partial<Click>) => Click }> {
  const tenantId = engine.newTenant();
  const [ownerId] = await engine.line(tenantId, 0);
  const code = await engine.codeOf(tenantId, ownerId!);
  const click = (other: Partial<Click> = {}): Click => ({
    tenantId,
    ownerId: ownerId!,
    code,
    linkId: undefined,
    campaign: undefined,
    id: engine.newId(),
    visitorId: engine.newId(),
    clickedAt: engine.clock.now(),
    sender: { address: '203.0.113.9', userAgent: 'A browser' },
    brought: undefined,
    ...other,
  });
  return { tenantId, click };
}

async function stored(tenantId: TenantId): Promise<string[]> {
  const { rows } = await engine.pool.query<{ id: string }>('SELECT id FROM click WHERE tenant_id = $1 ORDER BY id', [
    tenantId,
  ]);
  return rows.map(({ id }) => id);
}

/** The clicks recorded and dropped so far, over all series. */
async function counts() {
  const lines = (await renderPrometheus()).split('\n');
  const sumOf = (name: string): number =>
    lines
      .filter((line) => line.startsWith(name) && !line.startsWith('#'))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
  return { recorded: sumOf('dailydoco_clicks_recorded_total'), dropped: sumOf('dailydoco_clicks_dropped_total') };
}

async function since(before: Awaited<ReturnType<typeof counts>>) {
  const now = await counts();
  return { recorded: now.recorded - before.recorded, dropped: now.dropped - before.dropped };
}

describe('The log of clicks', () => {
  it('has stored whatever came before when it is settled, more than one database transaction takes too', async () => {
    const { tenantId, click } = await someone();
    const before = await counts();
    const log = startLog();
    const clicks = Array.from({ length: 2_500 }, () => click());
    for (const each of clicks) log.log(each);
    await log.settled();
    expect(await stored(tenantId)).toEqual(clicks.map(({ id }) => id).toSorted());
    expect(await since(before)).toEqual({ recorded: 2_500, dropped: 0 });
    await log.close();
  });

  it('stores what was logged just before it closes', async () => {
    const { tenantId, click } = await someone();
    const log = startLog();
    const last = click();
    log.log(last);
    await log.close();
    expect(await stored(tenantId)).toEqual([last.id]);
  });

  it('loses of many that came together only the one that cannot be stored, and counts it', async () => {
    const { tenantId, click } = await someone();
    const before = await counts();
    const log = startLog();
    const good = [click(), click(), click()];
    log.log(good[0]!);
    log.log(click({ id: 'no uuid' }));
    log.log(good[1]!);
    log.log(good[2]!);
    await log.settled();
    expect(await stored(tenantId)).toEqual(good.map(({ id }) => id).toSorted());
    expect(await since(before)).toEqual({ recorded: 3, dropped: 1 });
    await log.close();
  });

  it('stores once what was stored without an answer, each under what it led to', async () => {
    const [one, other] = [await someone(), await someone()];
    const pool = createPool({
      connectionString: engine.appUrl,
      max: 1,
      applicationName: 'spec',
      statementTimeoutMs: 5_000,
    });
    let commits = 0;
    pool.on('connect', (client) => {
      const asking = client as unknown as { query: (...given: unknown[]) => unknown };
      const query = asking.query.bind(client);
      asking.query = async (...given: unknown[]) => {
        const answer = await query(...given);
        if (given[0] !== 'COMMIT') return answer;
        commits += 1;
        // Each of the two bundles is heard of the second time.
        if (commits % 2 === 0) return answer;
        throw new Error('Connection terminated unexpectedly');
      };
    });
    const log = new ClickLog({ pool, logger, randomBytes: engine.tools.randomBytes });
    const before = await counts();
    const clicks = [
      one.click({ campaign: 'spring', brought: { utm_source: 'mail' } }),
      other.click(),
      one.click({ campaign: 'spring' }),
      one.click(),
    ];
    for (const bundle of [clicks.slice(0, 1), clicks.slice(1)]) {
      for (const click of bundle) log.log(click);
      await log.settled();
    }
    await log.close();
    await pool.end();
    expect(commits).toBe(4);
    expect(await since(before)).toEqual({ recorded: 4, dropped: 0 });
    const { rows } = await engine.pool.query(
      `SELECT id, tenant_id AS "tenantId", code, referrer_id AS "ownerId", campaign, brought FROM click
       WHERE tenant_id = ANY ($1::uuid[]) ORDER BY id`,
      [[one.tenantId, other.tenantId]],
    );
    expect(rows).toEqual(
      clicks
        .map(({ id, tenantId, code, ownerId, campaign = null, brought = null }) => ({
          id,
          tenantId,
          code,
          ownerId,
          campaign,
          brought,
        }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    );
  });

  it('loses what is past the most that it holds, counts it, and has room again afterwards', async () => {
    const { tenantId, click } = await someone();
    const before = await counts();
    const log = startLog(2);
    const clicks = [click(), click(), click()];
    for (const each of clicks) log.log(each);
    await log.settled();
    const later = click();
    log.log(later);
    await log.settled();
    expect(await stored(tenantId)).toEqual([clicks[0]!.id, clicks[1]!.id, later.id].toSorted());
    expect(await since(before)).toEqual({ recorded: 3, dropped: 1 });
    await log.close();
  });

  it('leaves nothing in its journal when it closes, not even of a click logged just before', async () => {
    const { tenantId, click } = await someone();
    const log = startLog(undefined, await openJournal());
    const last = click();
    log.log(last);
    await log.close();
    expect(await stored(tenantId)).toEqual([last.id]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('stores what another left in its journal, once, and of it counts the one that cannot be stored', async () => {
    const { tenantId, click } = await someone();
    const before = await counts();
    const gone = await openJournal();
    const [kept, left] = [click(), [click(), click(), click()]];
    const log = startLog(undefined, await openJournal());
    log.log(kept);
    await log.settled();
    // Postgres has no text with a zero character.
    gone.append([left[0]!, kept, click({ code: 'A\0B' }), left[1]!, left[2]!]);
    await gone.close();
    await log.recover();
    await log.recover();
    expect(await stored(tenantId)).toEqual([kept, ...left].map(({ id }) => id).toSorted());
    expect(await since(before)).toEqual({ recorded: 4, dropped: 1 });
    await log.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('leaves in its journal what it could not store before its end, for the next', async () => {
    const { tenantId, click } = await someone();
    const before = await counts();
    const options = { max: 1, applicationName: 'spec', statementTimeoutMs: 100 };
    const hurried = createPool({ connectionString: engine.appUrl, ...options });
    const { randomBytes } = engine.tools;
    const log = new ClickLog({ pool: hurried, logger, randomBytes, journal: await openJournal() });
    const last = click();
    const written = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    // The salt of the day waits for this to end, and longer than a statement may.
    const blocking = inDatabaseTransaction(engine.pool, async (tx) => {
      await tx.query('INSERT INTO click_salt (tenant_id, day, salt) VALUES ($1, $2, $3)', [
        tenantId,
        last.clickedAt.toISOString().slice(0, 10),
        randomBytes(32),
      ]);
      written.resolve();
      await closed.promise;
    });
    await written.promise;
    log.log(last);
    await log.close();
    await hurried.end();
    closed.resolve();
    await blocking;
    expect(await since(before)).toEqual({ recorded: 0, dropped: 0 });
    const next = startLog(undefined, await openJournal());
    await next.recover();
    expect(await stored(tenantId)).toEqual([last.id]);
    await next.close();
  });
});
