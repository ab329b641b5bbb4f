import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, renderPrometheus } from '@dailydoco/telemetry';
import { ClickLog } from '../src/clicks/click-log.adapter.js';
import type { Click } from '../src/clicks/click.js';
import type { TenantId } from '../src/ids.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.stop());

const startLog = (maxHeld?: number) =>
  new ClickLog({
    pool: engine.pool,
    logger: createLogger({ service: 'spec', level: 'silent' }),
    randomBytes: engine.tools.randomBytes,
    ...(maxHeld !== undefined && { maxHeld }),
  });

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
});
