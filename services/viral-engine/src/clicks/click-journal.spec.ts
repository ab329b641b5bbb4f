import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@dailydoco/lifecycle';
import { createLogger, renderPrometheus } from '@dailydoco/telemetry';
import { asTenantId, asUserId } from '../ids.js';
import { ClickJournal } from './click-journal.adapter.js';
import type { Click } from './click.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(sizes: { usualBytes?: number; maxBytes?: number } = {}): Promise<ClickJournal> {
  const logger = createLogger({ service: 'spec', level: 'silent' });
  const journal = new ClickJournal({ folder, logger, randomBytes, ...sizes });
  await journal.open();
  return journal;
}

const click = (): Click => ({
  id: newId(),
  visitorId: newId(),
  clickedAt: new Date(),
  code: 'K7QM2XHW',
  tenantId: asTenantId(newId()),
  ownerId: asUserId(newId()),
  linkId: undefined,
  campaign: undefined,
  brought: undefined,
  sender: { address: '203.0.113.7', userAgent: 'A browser' },
});

const sizes = (): number[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.clicks'))
    .map((name) => statSync(join(folder, name)).size)
    .toSorted((a, b) => a - b);

/** Ids of what is left behind, file by file; forgotten when that is asked for. */
async function leftTo(journal: ClickJournal, forgotten = false): Promise<string[][]> {
  const left: string[][] = [];
  for await (const { clicks, forget } of journal.leftBehind()) {
    left.push(clicks.map(({ id }) => id));
    if (forgotten) await forget();
  }
  return left;
}

async function unjournalled(): Promise<number> {
  const line = /^dailydoco_clicks_unjournalled_total(?:\{.*\})? (\d+)/m.exec(await renderPrometheus());
  return Number(line?.[1] ?? 0);
}

describe('The journal of clicks', () => {
  it('does not begin where the path of its socket would be cut off', async () => {
    folder = join(folder, 'deep'.repeat(40));
    await expect(open()).rejects.toThrow('CLICK_JOURNAL_DIR is too long by ');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('holds what is not stored yet, and nothing once all is', async () => {
    const journal = await open();
    const [settleOne, settleTwo] = [journal.append([click()]), journal.append([click(), click()])];
    const [, bytes] = sizes();
    expect(bytes).toBeGreaterThan(0);
    settleTwo();
    expect(sizes()).toEqual([0, bytes]);
    settleOne();
    expect(sizes()).toEqual([0, 0]);
    await journal.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is nobody else’s while its process lives, and passes on what was left until that is forgotten', async () => {
    const [first, second] = [await open(), await open()];
    const [stays, settled] = [click(), click()];
    first.append([stays]);
    expect(await leftTo(second)).toEqual([]);
    first.append([settled])();
    await first.close();
    expect(await leftTo(second)).toEqual([[stays.id, settled.id]]);
    expect(await leftTo(second)).toEqual([[stays.id, settled.id]]);
    await second.close();
    const third = await open();
    expect(await leftTo(third, true)).toEqual([[stays.id, settled.id]]);
    expect(await leftTo(third)).toEqual([]);
    await third.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('gives a file to one of two who ask at once', async () => {
    const [gone, one, other] = [await open(), await open(), await open()];
    const left = click();
    gone.append([left]);
    await gone.close();
    const found = await Promise.all([leftTo(one), leftTo(other)]);
    expect(found.flat()).toEqual([[left.id]]);
    await Promise.all([one.close(), other.close()]);
  });

  it('goes over to its other file when one has grown, so that it is emptied though clicks never cease', async () => {
    const journal = await open({ usualBytes: 1 });
    const settleFirst = journal.append([click()]);
    const settleSecond = journal.append([click()]);
    expect(sizes()[0]).toBeGreaterThan(0);
    settleFirst();
    expect(sizes()[0]).toBe(0);
    const settleThird = journal.append([click()]);
    settleSecond();
    expect(sizes()[0]).toBe(0);
    settleThird();
    expect(sizes()).toEqual([0, 0]);
    await journal.close();
  });

  it('takes no more than it may hold, counts what it did not take, and has room again afterwards', async () => {
    const journal = await open({ usualBytes: 1, maxBytes: 2 });
    const before = await unjournalled();
    const settled = [journal.append([click()]), journal.append([click()])];
    const full = sizes();
    journal.append([click(), click()])();
    expect(sizes()).toEqual(full);
    expect((await unjournalled()) - before).toBe(2);
    for (const settle of settled) settle();
    journal.append([click()]);
    expect(sizes()[1]).toBeGreaterThan(0);
    expect((await unjournalled()) - before).toBe(2);
    await journal.close();
  });
});
