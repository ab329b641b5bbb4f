import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { explain, prepareFirstUse, repositoryRoot, startFleet, terminalProgress } from '@dailydoco/local';
import {
  ensureDebianPackages,
  ensureKafkaJars,
  ensureSystemPackages,
  startKafka,
  startPostgres,
  startRedis,
} from '@dailydoco/stores';
import { layStoreSets, startSpanCollector, type TestStores } from '@dailydoco/testing';
import { type Project, readProjects } from './projects.js';
import { describeFailures, failure, type Outcome, readReport, together } from './outcome.js';
import { endRunning, run } from './run.js';

// Everything that can be tested: the pure specs, the integration specs against real stores, and the end-to-end
// suite against a freshly started fleet, each in a data folder of its own, so that a running `npm start` is not disturbed.

const progress = terminalProgress();
/** Projects whose specs run beside each other. */
const AT_ONCE = 2;
/** Several times as long as each part needs: what hangs is ended and counted, and says what it had shown until then. */
const LIMITS_MS = { test: 15 * 60_000, int: 35 * 60_000, e2e: 20 * 60_000 };

/** What the projects’ jest reports say. A project that should have written a report and did not counts as one failure. */
function reported(projects: readonly Project[], target: 'test' | 'int'): Outcome {
  const outcomes: Outcome[] = [];
  for (const project of projects.filter(({ scripts }) => scripts[target] !== undefined)) {
    const file = join(repositoryRoot, project.folder, '.reports', `${target === 'test' ? 'unit' : 'int'}.json`);
    if (!existsSync(file)) {
      outcomes.push(failure(`${project.folder}: ${target} wrote no report`));
      continue;
    }
    outcomes.push(readReport(file, repositoryRoot));
  }
  return together(outcomes);
}

function dropReports(projects: readonly Project[]): void {
  for (const { folder } of projects) rmSync(join(repositoryRoot, folder, '.reports'), { recursive: true, force: true });
}

async function specs(projects: readonly Project[], target: 'test' | 'int', env: NodeJS.ProcessEnv): Promise<Outcome> {
  const args = ['run-many', '-t', target, '--exclude=@dailydoco/e2e', '--output-style=stream'];
  const options = { cwd: repositoryRoot, env, live: true, limitMs: LIMITS_MS[target] };
  const { code } = await run('nx', [...args, `--parallel=${AT_ONCE}`], options);
  const outcome = reported(
    projects.filter(({ folder }) => folder !== 'infra/e2e'),
    target,
  );
  return code !== 0 && outcome.failed === 0
    ? together([outcome, failure(`nx ${args.join(' ')} ended with ${code}`)])
    : outcome;
}

interface StartedStores extends TestStores {
  stop(): Promise<void>;
}

async function startStores(folder: string, jarsDir: string): Promise<StartedStores> {
  const diesWithParent = true;
  const [postgres, redis, kafka] = await Promise.all([
    startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent }),
    startRedis({ dataDir: join(folder, 'redis'), diesWithParent }),
    startKafka({ dataDir: join(folder, 'kafka'), jarsDir, heapMb: 384, diesWithParent }),
  ]);
  return {
    postgresUrl: postgres.url,
    redisUrl: redis.url,
    kafkaBrokers: kafka.brokers,
    stop: async () => void (await Promise.all([kafka.stop(), redis.stop(), postgres.stop()])),
  };
}

/** As many projects at once as there are sets of stores: within a project spec files follow each other, and mostly wait. */
async function integrationSpecs(projects: readonly Project[], folder: string): Promise<Outcome> {
  await progress.step('find Redis, Java, Maven and OpenSSL', async (note) => {
    await ensureSystemPackages({ onProgress: note });
    await ensureDebianPackages([{ program: 'openssl', debianPackage: 'openssl' }], { onProgress: note });
  });
  const jarsDir = await progress.step('find Kafka’s jars', (note) => ensureKafkaJars({ onProgress: note }));
  const sets = await progress.step(`start ${AT_ONCE} sets of stores for the integration specs`, () =>
    Promise.all(Array.from({ length: AT_ONCE }, (_, index) => startStores(join(folder, `stores-${index}`), jarsDir))),
  );
  try {
    const setsFolder = join(folder, 'store-sets');
    layStoreSets(setsFolder, sets);
    return await specs(projects, 'int', { TEST_STORE_SETS: setsFolder });
  } finally {
    await Promise.all(sets.map((set) => set.stop()));
  }
}

async function endToEnd(projects: readonly Project[], folder: string): Promise<Outcome> {
  const e2e = projects.filter(({ folder: place }) => place === 'infra/e2e');
  if (e2e.every(({ scripts }) => scripts['e2e'] === undefined)) return together([]);
  // Only what a spec asks to be traced is: the fleet follows the caller's word and samples nothing on its own.
  const spansFile = join(folder, 'spans.jsonl');
  const collector = await startSpanCollector(spansFile);
  process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = collector.endpoint;
  process.env['OTEL_TRACES_SAMPLER'] = 'parentbased_always_off';
  fleetEndsUs = true;
  const fleet = await startFleet({ dataDir: join(folder, 'fleet'), gatewayPort: 0, progress, endsOnSignal: true });
  try {
    await prepareFirstUse(fleet, progress, { demo: false });
    await run('npm', ['run', 'e2e', '-w', '@dailydoco/e2e', '--silent'], {
      cwd: repositoryRoot,
      env: { FLEET_FILE: fleet.layout.fleetFile, SPANS_FILE: spansFile },
      live: true,
      limitMs: LIMITS_MS.e2e,
    });
    const file = join(repositoryRoot, 'infra', 'e2e', '.reports', 'e2e.json');
    return existsSync(file) ? readReport(file, repositoryRoot) : failure('infra/e2e: e2e wrote no report');
  } finally {
    await fleet.stop();
    await collector.close();
  }
}

let total = together([]);
const projects = readProjects(repositoryRoot);
mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
const folder = mkdtempSync(join(repositoryRoot, '.local', 'test-'));

// The stores of the integration specs end with this process; a fleet ends itself, and then this process.
let fleetEndsUs = false;
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted = true;
    endRunning('SIGTERM');
    if (!fleetEndsUs) process.exit(130);
  });
process.on('exit', () => {
  if (total.failed === 0 || interrupted) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

dropReports(projects);
for (const [title, part] of [
  ['pure specs', () => specs(projects, 'test', {})],
  ['integration specs', () => integrationSpecs(projects, folder)],
  ['end to end', () => endToEnd(projects, folder)],
] as const) {
  progress.say(`\n== ${title}`);
  const startedAt = performance.now();
  try {
    const outcome = await part();
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    progress.say(`== ${title}: ${outcome.passed} passed, ${outcome.failed} failed (${seconds} s)`);
    total = together([total, outcome]);
  } catch (error) {
    total = together([total, failure(title, explain(error))]);
  }
}
if (total.failed > 0) {
  progress.say(`\n== what failed\n${describeFailures(total)}`);
  progress.say(`logs are kept in ${folder}`);
}
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed\n`);
