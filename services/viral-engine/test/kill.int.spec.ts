import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, seededRandom, sourceHooks } from '@dailydoco/testing';
import pg from 'pg';
import { ClickIds } from '../src/clicks/click-ids.js';
import type { TenantId } from '../src/ids.js';
import { BROWSER } from './edges.js';
import { type Engine, startEngine } from './engine.js';

/** `CLICK_KILLS=100` for a long run. */
const KILLS = Number(process.env['CLICK_KILLS'] ?? 4);
const CONNECTIONS = 32;
/** Most answers before a kill. */
const MOST_ANSWERS = 1_200;
const SEED = 4711;

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

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  /** Clicks of killed processes that it has stored. */
  readonly recovered: number;
}

async function start(journalDir: string): Promise<Running> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@dailydoco/source',
      '--import',
      sourceHooks,
      fileURLToPath(new URL('clicks-process.ts', import.meta.url)),
      engine.appUrl,
      journalDir,
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: { PATH: process.env['PATH'] } },
  );
  const [told] = (await once(child, 'message')) as [{ url: string; recovered: number }];
  return { child, ...told };
}

async function stop({ child }: Running): Promise<void> {
  child.send('stop');
  expect(await once(child, 'exit')).toEqual([0, null]);
}

/** Follows the link once; the click id that the page is told, undefined when there was no answer. */
function follow(url: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent, headers: { 'user-agent': BROWSER } }, (response) => {
      response.resume().once('error', () => undefined);
      resolve(new URL(response.headers.location ?? '').searchParams.get('ddcid') ?? undefined);
    });
    request.once('error', () => resolve(undefined));
  });
}

/** From when this resolves nothing is stored, until its result is called: what is answered meanwhile is at stake. */
async function standStill(): Promise<() => Promise<void>> {
  const owner = new pg.Client({ connectionString: engine.ownerUrl });
  await owner.connect();
  await owner.query('BEGIN');
  await owner.query('LOCK TABLE click IN EXCLUSIVE MODE');
  return () => owner.end();
}

/**
 * Streams redirects and kills the process: nothing is stored from half of the answers on, though not before `ready`, and
 * when all are given, at least one of them since then, the kill comes. Returns the click ids of all answers.
 */
async function killAmid(
  { child, url }: Running,
  { code, answers, ready = () => Promise.resolve() }: { code: string; answers: number; ready?: () => Promise<unknown> },
): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const told: string[] = [];
  const gone = once(child, 'exit');
  let still: Promise<() => Promise<void>> | undefined;
  let stillFrom = Number.POSITIVE_INFINITY;
  const browse = async (): Promise<void> => {
    for (;;) {
      const clickId = await follow(`${url}/r/${code}`, agent);
      if (clickId === undefined) return;
      const count = told.push(clickId);
      still ??=
        count >= answers / 2
          ? ready()
              .then(standStill)
              .finally(() => (stillFrom = told.length))
          : undefined;
      // Those that were asked before nothing is stored any more may be answered after.
      if (count >= answers && count > stillFrom + CONNECTIONS) child.kill('SIGKILL');
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, browse));
  expect(await gone).toEqual([null, 'SIGKILL']);
  await (await still)?.();
  agent.destroy();
  return told;
}

const clickIds = new ClickIds({ secret: Buffer.alloc(32, 1), keyNumber: 1 });

async function stored(tenantId: TenantId): Promise<Set<string>> {
  const { rows } = await engine.pool.query<{ id: string }>('SELECT id FROM click WHERE tenant_id = $1', [tenantId]);
  return new Set(rows.map(({ id }) => id));
}

async function someone() {
  const tenantId = engine.newTenant();
  const [ownerId] = await engine.line(tenantId, 0);
  const code = await engine.codeOf(tenantId, ownerId!);
  const idsOf = (told: readonly string[]) => told.map((text) => clickIds.read(tenantId, text)!);
  return { tenantId, code, idsOf };
}

/** When a click's id was made, in ms: what a UUIDv7 begins with. */
const madeAt = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

describe('A kill amid redirects', () => {
  it(`loses no click that was answered, and the next process counts what it found; seed ${SEED}`, async () => {
    const random = seededRandom(SEED);
    const { tenantId, code, idsOf } = await someone();
    const answered: string[] = [];
    let [recovered, left] = [0, 0];
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const before = await stored(tenantId);
      const running = await start(folder);
      const after = await stored(tenantId);
      expect(running.recovered).toBe(after.size - before.size);
      recovered += running.recovered;
      left += answered.filter((id) => !before.has(id)).length;
      answered.push(...idsOf(await killAmid(running, { code, answers: 1 + Math.floor(random() * MOST_ANSWERS) })));
    }
    await stop(await start(folder));
    const kept = await stored(tenantId);
    expect(answered.filter((id) => !kept.has(id))).toEqual([]);
    expect(kept.size - answered.length).toBeLessThanOrEqual(KILLS * CONNECTIONS);
    // Otherwise the kills came when nothing was at stake.
    expect(left).toBeGreaterThan(0);
    expect(recovered).toBeGreaterThanOrEqual(left);
    expect(readdirSync(folder)).toEqual([]);
  }, 120_000);

  it('loses without a journal only what came last', async () => {
    const { tenantId, code, idsOf } = await someone();
    // Where storing begins late, a kill would otherwise come before the first is kept.
    const ready = () => eventually(async () => expect((await stored(tenantId)).size).toBeGreaterThan(0));
    const answered = idsOf(await killAmid(await start(''), { code, answers: MOST_ANSWERS, ready }));
    await stop(await start(''));
    const kept = await stored(tenantId);
    const lastKept = Math.max(...[...kept].map(madeAt));
    const lost = answered.filter((id) => !kept.has(id));
    expect(kept.size).toBeGreaterThan(0);
    expect(lost.length).toBeGreaterThan(0);
    expect(kept.size).toBeLessThanOrEqual(answered.length + CONNECTIONS);
    // Ids of one turn of the event loop may have been made in the millisecond before.
    expect(Math.min(...lost.map(madeAt))).toBeGreaterThanOrEqual(lastKept - 1);
  }, 60_000);
});
