// The door to every root command on a machine that has only Node >= 20 and npm: installs the dependencies when they are
// missing or stale, builds what the command needs, then hands over to the built program under the pinned Node.
// Plain JavaScript without dependencies, because nothing is installed yet when it runs.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const local = join(root, '.local');

/** What each command needs built, and the program it becomes. */
const COMMANDS = {
  start: { build: 'all', program: 'infra/local/dist/start.js' },
  stop: { build: ['local'], program: 'infra/local/dist/stop.js' },
  demo: { build: ['local'], program: 'infra/local/dist/demo.js' },
  test: { build: 'all', program: 'infra/checks/dist/test.js' },
  check: { build: 'all', program: 'infra/checks/dist/check.js' },
  generate: { build: 'all', program: 'infra/checks/dist/generate-command.js' },
  'config:docs': { build: 'all', program: 'infra/checks/dist/config-docs.js' },
  faults: { build: 'all', program: 'infra/load/dist/faults.js' },
  bench: { build: 'all', program: 'infra/load/dist/bench.js' },
  load: { build: 'all', program: 'infra/load/dist/load.js' },
  targets: { build: 'all', program: 'infra/load/dist/targets.js' },
  capacity: { build: 'all', program: 'infra/load/dist/capacity.js' },
  chaos: { build: 'all', program: 'infra/chaos/dist/chaos.js' },
  images: { build: 'all', program: 'infra/images/dist/build.js' },
  cluster: { build: 'all', program: 'infra/cluster/dist/try.js' },
  goldens: { build: ['charts'], program: 'infra/charts/dist/write-goldens.js' },
  backup: { build: 'all', program: 'infra/backup/dist/backup.js' },
  restore: { build: 'all', program: 'infra/backup/dist/restore.js' },
  reconcile: { build: 'all', program: 'infra/backup/dist/reconcile.js' },
  verify: { build: ['transparency'], program: 'libs/transparency/dist/verify.js' },
  anchor: { build: ['anchor', 'transparency'], program: 'infra/anchor/dist/anchor.js' },
  vectors: { build: ['viral-engine'], program: 'services/viral-engine/dist/vectors.js' },
  // Run from the sources, as the specs are: simulations are tests.
  sim: { build: ['viral-engine'], program: 'services/viral-engine/test/simulation/sim.ts', sources: true },
  'sim payouts': { build: ['payouts'], program: 'services/payouts/test/simulation/sim.ts', sources: true },
};

function fail(what, why, todo) {
  process.stderr.write(`\n✖ ${what}\n  why:     ${why}\n  what to do: ${todo}\n`);
  process.exit(1);
}

/** Runs a step, its output to a log file, its progress as one line; resolves to whether it succeeded. */
function step(title, command, args, { logFile, env }) {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const log = createWriteStream(logFile);
  const live = process.stdout.isTTY;
  process.stdout.write(live ? `… ${title}` : `… ${title}\n`);
  const timer = setInterval(
    () => process.stdout.write(live ? `\r… ${title} (${seconds()} s)` : `  … ${title} (${seconds()} s)\n`),
    live ? 1000 : 15_000,
  );
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const end = (ok) => {
      clearInterval(timer);
      process.stdout.write(`${live ? '\r' : ''}${ok ? '✔' : '✖'} ${title} (${seconds()} s)\n`);
      log.end(() => resolve(ok));
    };
    child.on('error', () => end(false));
    child.on('close', (code) => end(code === 0));
  });
}

function tail(file, lines = 25) {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n') : '(no output)';
}

/** A digest of everything that decides what npm installs. */
function installDigest() {
  const hash = createHash('sha256');
  const manifests = ['package.json', 'package-lock.json'];
  for (const folder of ['libs', 'services', 'infra']) {
    for (const name of readdirSync(join(root, folder))) manifests.push(join(folder, name, 'package.json'));
  }
  for (const file of manifests)
    if (existsSync(join(root, file))) hash.update(file).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

async function install() {
  const stamp = join(root, 'node_modules', '.dailydoco-install');
  const digest = installDigest();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  const logFile = join(local, 'log', 'install.log');
  // Not `npm ci`: it refuses a lock that lacks other platforms' optional packages. `--no-save` respects the lock as it is.
  const ok = await step(
    'install the dependencies',
    'npm',
    ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'],
    { logFile, env: process.env },
  );
  if (!ok)
    fail(
      'The dependencies could not be installed.',
      `npm said:\n${tail(logFile)}`,
      `check the network and the npm registry, then run the command again (log: ${logFile})`,
    );
  writeFileSync(stamp, digest);
}

async function build(projects, env) {
  const logFile = join(local, 'log', 'build.log');
  const args = [
    'run-many',
    '-t',
    'build',
    '--output-style=static',
    ...(projects === 'all' ? [] : [`--projects=${projects.map((name) => `@dailydoco/${name}`).join(',')}`]),
  ];
  const ok = await step('build', join(root, 'node_modules', '.bin', 'nx'), args, { logFile, env });
  if (!ok)
    fail(
      'The build failed.',
      `the last lines were:\n${tail(logFile, 40)}`,
      `fix what it names, then run the command again (log: ${logFile})`,
    );
}

const [command, ...args] = process.argv.slice(2);
const chosen = COMMANDS[`${command} ${args[0]}`] ?? COMMANDS[command];
if (!chosen)
  fail(`There is no command "${command}".`, 'it is not in the list', `use one of: ${Object.keys(COMMANDS).join(', ')}`);
if (Number(process.versions.node.split('.')[0]) < 20)
  fail(`Node ${process.versions.node} is too old.`, 'the installer needs Node 20 or newer', 'install Node 20 or newer');

mkdirSync(join(local, 'log'), { recursive: true, mode: 0o700 });
await install();
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, NX_NO_CLOUD: 'true', FORCE_COLOR: '0' };
await build(chosen.build, env);
// kafkajs waits for negative times, and Node says so: noise to whoever runs a command. Services mend it.
const flags = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning'];
if (chosen.sources) {
  const hooks = pathToFileURL(join(root, 'libs', 'testing', 'source-hooks.mjs')).href;
  flags.push('--conditions=@dailydoco/source', '--import', hooks);
}
const child = spawn(join(bin, 'node'), [...flags, join(root, chosen.program), ...args], {
  stdio: 'inherit',
  env,
  cwd: process.env.INIT_CWD ?? root,
});
// The program decides what an interrupt means; this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('close', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
