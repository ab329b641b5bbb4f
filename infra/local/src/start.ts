import { spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { prepareFirstUse } from './first-use.js';
import { type Fleet, startFleet } from './fleet.js';
import { fleetLayout } from './layout.js';
import { terminalProgress } from './progress.js';
import { isAlive, readRunRecord, removeRunRecord, startedAt, writeRunRecord } from './run-record.js';
import { explain } from './start-error.js';
import { stopRecorded } from './stop-recorded.js';

const layout = fleetLayout();

/** Stays until Ctrl-C or SIGTERM, then stops what it started. */
async function foreground(): Promise<void> {
  const progress = terminalProgress();
  let fleet: Fleet | undefined;
  let stopping = false;
  const supervisor = { name: 'supervisor', pid: process.pid, startedAt: startedAt(process.pid) };
  const leave = async (code: number): Promise<never> => {
    stopping = true;
    await fleet?.stop();
    removeRunRecord(layout.runFile);
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      progress.say(fleet === undefined ? '\nstopping once the present step has ended …' : '\nstopping …');
      stopping = true;
      if (fleet !== undefined) void leave(0);
    });
  }
  try {
    writeRunRecord(layout.runFile, { supervisor, processes: [] });
    fleet = await startFleet({
      progress,
      onProcesses: (processes) =>
        writeRunRecord(layout.runFile, { ...readRunRecord(layout.runFile), supervisor, processes }),
    });
    if (stopping) await leave(130);
    await prepareFirstUse(fleet, progress);
    const record = readRunRecord(layout.runFile);
    writeRunRecord(layout.runFile, {
      supervisor,
      processes: record?.processes ?? [],
      readyAt: new Date().toISOString(),
    });
    if (stopping) await leave(130);
    progress.say(welcome(fleet));
  } catch (error) {
    process.stderr.write(explain(error));
    await leave(1);
  }
}

function welcome(fleet: Fleet): string {
  const { gatewayUrl, admin } = fleet.addresses;
  return [
    '',
    'DailyDoco is up.',
    `  API             ${gatewayUrl}          documentation at ${gatewayUrl}/docs`,
    `  health          ${gatewayUrl}/healthz`,
    `  administrator   ${admin.email}, password and an API key in ${layout.fleetFile}`,
    `  logs            ${layout.logDir}`,
    '  next            npm run demo   tells the main job as a story',
    '                  npm stop       or Ctrl-C here stops everything and keeps the data',
    '',
  ].join('\n');
}

/** Starts the foreground program in a session of its own and returns once it is healthy. */
async function detach(): Promise<void> {
  const logFile = join(layout.logDir, 'start.log');
  const log = openSync(logFile, 'w', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(import.meta.url)], {
    detached: true,
    stdio: ['ignore', log, log],
    env: process.env,
  });
  let exitCode: number | null | undefined;
  child.on('exit', (code) => {
    exitCode = code;
  });
  process.stdout.write(`starting in the background; progress in ${logFile}\n`);
  while (exitCode === undefined) {
    const record = readRunRecord(layout.runFile);
    if (record?.supervisor.pid === child.pid && record?.readyAt !== undefined) {
      process.stdout.write('healthy; `npm stop` stops it\n');
      child.unref();
      return;
    }
    await wait(300);
  }
  process.stderr.write(`✖ The start failed (exit code ${exitCode}).\n  why:        see the end of ${logFile}\n`);
  process.exitCode = 1;
}

const running = readRunRecord(layout.runFile);
if (running !== undefined && isAlive(running.supervisor)) {
  process.stdout.write(
    `Already running (process ${running.supervisor.pid}); \`npm stop\` stops it. Addresses: ${layout.fleetFile}\n`,
  );
} else {
  if (running !== undefined) await stopRecorded(running, layout.runFile, (text) => process.stdout.write(`${text}\n`));
  await (process.argv.includes('--detach') ? detach() : foreground());
}
