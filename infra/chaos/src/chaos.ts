// `npm run chaos [-- word …] [--seed N] [--list]`: breaks one thing after the other under load and says what came of it. The whole
// run writes docs/chaos.md. Exits 1 when anything happened that should not, and keeps the logs then.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, today, writeRaisedLimits } from '@dailydoco/load';
import { explain, type Fleet, prepareFirstUse, repositoryRoot, startFleet, terminalProgress } from '@dailydoco/local';
import Table from 'cli-table3';
import { ALL_CASES, casesWith } from './cases/all-cases.js';
import type { Case } from './cases/case.js';
import { chaosDocument, seconds } from './document.js';
import { Lines } from './lines.js';
import { type CaseResult, runCase } from './run-case.js';
import { Doors } from './traffic/doors.js';
import { settle } from './traffic/inhabitants.js';
import { closeConnections } from './traffic/send.js';

/** No case is begun later. */
const LAST_BEGIN_MS = 17 * 60_000;
/**
 * Services turn work away when their event loop is late. Here it is late because all share one machine, which says nothing about
 * the fault; that they do so, their own specs show.
 */
const SETTINGS = { EVENT_LOOP_DELAY_MAX_MS: '10000' };
const SEEDS = 2 ** 31;

const progress = terminalProgress();

interface Run {
  readonly seed: number;
  readonly folder: string;
  readonly startedMs: number;
  readonly results: CaseResult[];
}

/** The same for the same run and case, whichever cases run beside it. */
function seedOf({ seed }: Run, { title }: Case): number {
  return createHash('sha256').update(`${seed} ${title}`).digest().readUInt32BE() % SEEDS;
}

/** Runs the cases that want one kind of fleet, on a fleet of that kind. */
async function runOn(kind: Case['fleet'], cases: readonly Case[], run: Run): Promise<void> {
  if (cases.length === 0) return;
  const dataDir = join(run.folder, kind);
  mkdirSync(dataDir, { mode: 0o700 });
  const gatewayConfig = join(dataDir, 'kong.yml');
  writeRaisedLimits(gatewayConfig);
  const lines = new Lines(run.seed);
  const shape =
    kind === 'laid'
      ? { lay: lines.lay, settings: SETTINGS }
      : { instances: 2, settings: { ...SETTINGS, SHUTDOWN_DELAY_MS: '5000' } };
  const fleet = await startFleet({ dataDir, gatewayPort: 0, gatewayConfig, ...shape, progress, endsOnSignal: true });
  try {
    await prepareFirstUse(fleet, progress, { demo: false });
    const inhabitants = await progress.step('fill it with people and a site', () => settle(fleet));
    const stage = { fleet, lines, doors: new Doors(doorsOf(fleet)) };
    for (const one of cases) {
      if (performance.now() - run.startedMs > LAST_BEGIN_MS) throw new Error(`out of time before "${one.title}"`);
      const seed = seedOf(run, one);
      const result = await progress.step(one.title, () => runCase(one, seed, stage, inhabitants));
      run.results.push(result);
      if (result.failed > 0) progress.say(`  ${result.failed} failed: ${result.failures}`);
      for (const violation of result.violations) progress.say(`  ✖ ${violation} (seed ${run.seed}/${seed})`);
    }
  } finally {
    closeConnections();
    await fleet.stop();
    await lines.close();
  }
}

function doorsOf({ healthPages }: Fleet): string[] {
  const gateways = [...healthPages].filter(([name]) => name.startsWith('gateway'));
  return gateways.map(([, page]) => new URL(page).origin);
}

function tableOf(results: readonly CaseResult[]): string {
  const head = ['case', 'requests', 'failed', 'slowest', 'recovered', 'ledger whole', ''];
  const table = new Table({ head, style: { head: [], border: [] } });
  for (const { title, requests, failed, slowestMs, recoveryMs, drainedMs, violations } of results)
    table.push([
      title,
      requests,
      failed,
      seconds(slowestMs),
      recoveryMs === undefined ? 'not seen' : seconds(recoveryMs),
      seconds(drainedMs),
      violations.length === 0 ? 'ok' : 'failed',
    ]);
  return table.toString();
}

function conclude({ seed, folder, startedMs, results }: Run, cases: readonly Case[]): void {
  progress.say(tableOf(results));
  const failed = results.filter(({ violations }) => violations.length > 0).length + cases.length - results.length;
  if (failed > 0) process.exitCode = 1;
  if (results.length === ALL_CASES.length) {
    const minutes = (performance.now() - startedMs) / 60_000;
    const report = { results, seed, minutes, machine: machine(), date: today() };
    writeFileSync(join(repositoryRoot, 'docs', 'chaos.md'), chaosDocument(report));
    progress.say('docs/chaos.md is written');
  }
  if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
  else progress.say(`logs are kept in ${folder}; again: npm run chaos -- --seed ${seed}`);
  progress.say(
    `${results.length - results.filter(({ violations }) => violations.length > 0).length} passed, ${failed} failed`,
  );
}

function seedFrom(text: string | undefined): number {
  const seed = text === undefined ? Math.floor(Math.random() * 1_000_000) : Number(text);
  if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) throw new Error('--seed is a whole number below 2³¹');
  return seed;
}

try {
  const options = { seed: { type: 'string' }, list: { type: 'boolean' } } as const;
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const cases = casesWith(...positionals);
  if (cases.length === 0) throw new Error(`no case has ${positionals.join(' or ')} in its title; --list names them`);
  if (values.list === true) {
    progress.say(cases.map(({ title }) => title).join('\n'));
  } else {
    const seed = seedFrom(values.seed);
    progress.say(`${cases.length} cases, seed ${seed}`);
    mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(repositoryRoot, '.local', 'chaos-'));
    const run: Run = { seed, folder, startedMs: performance.now(), results: [] };
    try {
      for (const kind of ['laid', 'doubled'] as const)
        await runOn(
          kind,
          cases.filter(({ fleet }) => fleet === kind),
          run,
        );
    } catch (error) {
      process.stderr.write(explain(error));
      process.exitCode = 1;
    }
    conclude(run, cases);
  }
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
