// `npm run load -- --scenario NAME|all [--rate R] [--seconds S]`: an open load on a fleet of its own, through the gateway.
// Exits 1 when an answer was wrong.
import { parseArgs } from 'node:util';
import { explain, StartError, terminalProgress } from '@dailydoco/local';
import Table from 'cli-table3';
import type { LoadFigures, Times } from './load/k6-summary.js';
import { runK6 } from './load/k6.js';
import { withLoadedFleet } from './load/loaded-fleet.js';
import { LOAD_SCENARIOS, type LoadScenario, scenarioNamed } from './load/scenarios.js';

const SECONDS = 20;
const LONGEST_SECONDS = 3_600;
const HIGHEST_RATE = 20_000;
const progress = terminalProgress();

interface Wish {
  readonly scenarios: readonly LoadScenario[];
  readonly rate: number | undefined;
  readonly seconds: number;
}

function mistake(what: string): StartError {
  const names = ['all', ...LOAD_SCENARIOS.map(({ name }) => name)].join(', ');
  return new StartError(what, {
    why: 'the load has to know what to send, how often and for how long',
    todo: `npm run load -- --scenario NAME --rate PER_SECOND --seconds SECONDS; NAME is one of: ${names}`,
  });
}

function whole(text: string | undefined, { name, most }: { name: string; most: number }): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw mistake(`--${name} is a whole number from 1 to ${most}, not "${text}".`);
  return value;
}

function readWish(args: string[]): Wish {
  const options = { scenario: { type: 'string' }, rate: { type: 'string' }, seconds: { type: 'string' } } as const;
  let values: { scenario?: string; rate?: string; seconds?: string };
  try {
    ({ values } = parseArgs({ args, options, strict: true }));
  } catch (error) {
    throw mistake(error instanceof Error ? error.message : String(error));
  }
  const { scenario: name } = values;
  if (name === undefined) throw mistake('--scenario is missing.');
  const named = scenarioNamed(name);
  if (name !== 'all' && named === undefined) throw mistake(`There is no scenario "${name}".`);
  return {
    scenarios: named === undefined ? LOAD_SCENARIOS : [named],
    rate: whole(values.rate, { name: 'rate', most: HIGHEST_RATE }),
    seconds: whole(values.seconds, { name: 'seconds', most: LONGEST_SECONDS }) ?? SECONDS,
  };
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;

function lineOf(what: string, { count, p50Ms, p95Ms, p99Ms }: Times): string[] {
  return [what, String(count), ms(p50Ms), ms(p95Ms), ms(p99Ms)];
}

function report({ name }: LoadScenario, rate: number, figures: LoadFigures): string {
  const table = new Table({ head: ['call', 'requests', 'p50', 'p95', 'p99'], style: { head: [], border: [] } });
  for (const [call, times] of Object.entries(figures.byCall)) table.push(lineOf(call, times));
  table.push(lineOf('all', figures.all));
  const { iterationsPerSecond, requestsPerSecond, dropped, errorRate, failedChecks } = figures;
  const achieved = `${iterationsPerSecond.toFixed(1)} of ${rate} iterations/s, ${requestsPerSecond.toFixed(1)} requests/s`;
  const wrong = `${dropped} not begun in time, ${(100 * errorRate).toFixed(2)} % errors, ${failedChecks} wrong answers`;
  return `${name}: ${achieved}, ${wrong}\n${table.toString()}`;
}

/** Whether what was answered was right; what was not begun in time is a matter of speed. */
const isRight = ({ errorRate, failedChecks }: LoadFigures): boolean => errorRate === 0 && failedChecks === 0;

async function load({ scenarios, rate: wished, seconds }: Wish): Promise<void> {
  for (const { name, missing } of scenarios)
    if (missing !== undefined) progress.say(`– ${name} is skipped: ${missing}`);
  const runnable = scenarios.filter(({ missing }) => missing === undefined);
  if (runnable.length === 0) return;
  await withLoadedFleet(progress, async (loaded) => {
    for (const scenario of runnable) {
      const rate = wished ?? scenario.rate;
      const figures = await progress.step(`${scenario.name}, ${rate}/s for ${seconds} s`, () =>
        runK6({ ...loaded, scenario, rate, seconds }),
      );
      progress.say(report(scenario, rate, figures));
      if (!isRight(figures)) process.exitCode = 1;
    }
  });
}

try {
  await load(readWish(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
