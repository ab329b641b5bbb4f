// `npm run targets [-- --rate R]`: runs every scenario shortly, measures what targets.json is about, prints pass, fail or not
// measured for each, and writes docs/load.md. Exits 1 when a target is missed or an answer was wrong.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { explain, repositoryRoot, terminalProgress } from '@dailydoco/local';
import Table from 'cli-table3';
import type { LoadFigures } from './load/k6-summary.js';
import { runK6 } from './load/k6.js';
import { loadDocument } from './load/load-document.js';
import { type LoadedFleet, withLoadedFleet } from './load/loaded-fleet.js';
import { machine, today } from './load/machine.js';
import { measureTargets } from './load/measure-targets.js';
import { LOAD_SCENARIOS } from './load/scenarios.js';
import { type Judged, judge, readTargets } from './load/target.js';

const RATE = 50;
const SECONDS = 30;
const SCENARIO_SECONDS = 12;
const progress = terminalProgress();

async function everyScenario(loaded: LoadedFleet): Promise<Map<string, LoadFigures>> {
  const figures = new Map<string, LoadFigures>();
  for (const scenario of LOAD_SCENARIOS.filter(({ missing }) => missing === undefined)) {
    const { name, rate } = scenario;
    const run = { ...loaded, scenario, rate, seconds: SCENARIO_SECONDS };
    figures.set(name, await progress.step(`${name}, ${rate}/s for ${SCENARIO_SECONDS} s`, () => runK6(run)));
  }
  return figures;
}

function print(judged: readonly Judged[]): void {
  const table = new Table({ head: ['target', 'wanted', 'measured', ''], style: { head: [], border: [] } });
  for (const { name, wanted, measured, verdict } of judged) table.push([name, wanted, measured, verdict]);
  progress.say(table.toString());
}

try {
  const { values } = parseArgs({ options: { rate: { type: 'string' } } });
  const rate = Number(values.rate ?? RATE);
  if (!Number.isInteger(rate) || rate < 1) throw new Error('--rate is a whole number of iterations a second');
  const targets = readTargets(readFileSync(join(repositoryRoot, 'infra', 'load', 'targets.json'), 'utf8'));
  await withLoadedFleet(progress, async (loaded) => {
    const measured = await measureTargets(loaded, { rate, seconds: SECONDS, progress });
    const scenarios = await everyScenario(loaded);
    const judged = judge(targets, measured.values);
    print(judged);
    writeFileSync(
      join(repositoryRoot, 'docs', 'load.md'),
      loadDocument({
        judged,
        rate,
        seconds: SECONDS,
        scenarios,
        scenarioSeconds: SCENARIO_SECONDS,
        machine: machine(),
        date: today(),
      }),
    );
    progress.say('docs/load.md is written');
    const wrong = [...scenarios.values(), measured.figures].some(({ failedChecks }) => failedChecks > 0);
    if (wrong || judged.some(({ verdict }) => verdict === 'fail')) process.exitCode = 1;
  });
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
}
