// `npm run faults`: a thousand purchases for each fault, through the gateway of a fleet of its own; then every account is
// compared with what the plan's numbers alone say. Exits 1 when a cent is lost, doubled or unexplained.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { explain, type Fleet, prepareFirstUse, repositoryRoot, startFleet, terminalProgress } from '@dailydoco/local';
import Table from 'cli-table3';
import { type Audit, audit } from './faults/audit.js';
import { expectedEarnings } from './faults/expected.js';
import { type Scenario, SCENARIOS } from './faults/scenarios.js';
import { storm, type StormCount } from './faults/storm.js';
import { makeWorld, ownerToken, type World } from './world.js';

const PURCHASES = 1_000;
const CONCURRENCY = 32;
const PRICE = '79.00';

const progress = terminalProgress();

interface Outcome {
  readonly title: string;
  readonly count: StormCount;
  readonly audit: Audit;
  readonly expected: number;
  readonly faulty: string[];
}

/** Purchases by person of the chain so far. */
type Bought = number[];

async function runScenario(fleet: Fleet, world: World, scenario: Scenario, bought: Bought): Promise<Outcome> {
  const count = await storm({
    gatewayUrl: fleet.addresses.gatewayUrl,
    apiKey: world.tenant.apiKey,
    buyerIds: world.people.map(({ user }) => user.id),
    purchases: PURCHASES,
    concurrency: CONCURRENCY,
    externalIdPrefix: `${world.run}-${SCENARIOS.indexOf(scenario)}`,
    amount: PRICE,
    fault: { afterAcknowledged: PURCHASES / 4, strike: () => scenario.strike(fleet) },
  });
  for (let index = 0; index < PURCHASES; index += 1) {
    const person = index % world.people.length;
    bought[person] = (bought[person] ?? 0) + 1;
  }
  const expected = bought.reduce((sum, some) => sum + some, 0);
  const token = await retried(() => ownerToken(world));
  const found = await audit(fleet, world, {
    purchases: expected,
    earnings: expectedEarnings(bought),
    token,
    personTokens: await Promise.all(world.sessions.map((session) => retried(() => session.token()))),
  });
  return { title: scenario.title, count, audit: found, expected, faulty: faultsIn(count, found, expected) };
}

/** A login right after a kill may meet a service that is still coming back. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

function faultsIn(count: StormCount, found: Audit, expected: number): string[] {
  const faulty: string[] = [];
  if (count.acknowledged !== PURCHASES) faulty.push(`${PURCHASES - count.acknowledged} purchases not acknowledged`);
  if (count.refused.length > 0) faulty.push(`refused: ${count.refused[0]}`);
  if (found.recorded !== expected) faulty.push(`${found.recorded} purchases recorded, not ${expected}`);
  if (found.lost !== '0.00') faulty.push(`${found.lost} lost`);
  if (found.extra !== '0.00') faulty.push(`${found.extra} too much`);
  if (found.difference !== '0.00') faulty.push(`trial balance differs by ${found.difference}`);
  if (found.unpublished !== 0) faulty.push(`${found.unpublished} events not published`);
  if (found.parked !== 0) faulty.push(`${found.parked} events parked`);
  if (found.analytics !== expected) faulty.push(`analytics counts ${found.analytics}, not ${expected}`);
  return faulty;
}

function report(outcomes: readonly Outcome[]): string {
  const table = new Table({
    head: ['fault', 'acknowledged', 'retried', 'replayed', 'recorded', 'lost', 'too much', 'difference', 'drained', ''],
    style: { head: [], border: [] },
  });
  for (const { title, count, audit: found, expected, faulty } of outcomes)
    table.push([
      title,
      `${count.acknowledged} of ${PURCHASES}`,
      count.retried,
      count.replayed,
      `${found.recorded} of ${expected}`,
      found.lost,
      found.extra,
      found.difference,
      `${(found.drainedMs / 1000).toFixed(1)} s`,
      faulty.length === 0 ? 'ok' : faulty.join('; '),
    ]);
  return table.toString();
}

mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
const folder = mkdtempSync(join(repositoryRoot, '.local', 'faults-'));
const only = process.argv[2];
let fleet: Fleet | undefined;
const outcomes: Outcome[] = [];
try {
  fleet = await startFleet({ dataDir: folder, gatewayPort: 0, progress, endsOnSignal: true });
  await prepareFirstUse(fleet, progress, { demo: false });
  const running = fleet;
  const world = await makeWorld(running);
  const bought: Bought = world.people.map(() => 0);
  for (const scenario of SCENARIOS.filter(({ title }) => only === undefined || title.includes(only))) {
    const outcome = await progress.step(`${PURCHASES} purchases; ${scenario.title}`, () =>
      runScenario(running, world, scenario, bought),
    );
    outcomes.push(outcome);
    for (const fault of outcome.faulty) progress.say(`  ✖ ${fault}`);
  }
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
} finally {
  await fleet?.stop();
}
progress.say(`\n${report(outcomes)}`);
const failed = outcomes.filter(({ faulty }) => faulty.length > 0).length;
if (failed > 0 || outcomes.length === 0) process.exitCode = 1;
if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
else progress.say(`logs are kept in ${folder}`);
progress.say(`${outcomes.length - failed} passed, ${failed} failed`);
