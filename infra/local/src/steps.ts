import { spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { ensureTopics, kafkaBroker } from '@dailydoco/events';
import type { ManagedProcess } from './managed-process.js';
import {
  databaseName,
  type FleetAddresses,
  SERVICES,
  type ServiceName,
  serviceEnvironment,
  serviceFolder,
} from './services.js';
import { StartError } from './start-error.js';

/** Cold, on two busy cores, a service takes up to half a minute to answer. */
const HEALTHY_TIMEOUT_MS = 180_000;
/** A service that has died this often will not come up by waiting. */
const HOPELESS_DEATHS = 4;

/** Runs each service's own migration program, one after the other. */
export async function migrateAll(addresses: FleetAddresses, note: (text: string) => void): Promise<void> {
  for (const service of SERVICES) {
    note(service);
    await migrate(service, addresses);
  }
}

async function migrate(service: ServiceName, addresses: FleetAddresses): Promise<void> {
  const urls = addresses.databaseUrls[service];
  const env = {
    ...serviceEnvironment(service, addresses),
    DATABASE_OWNER_URL: urls.owner,
    DATABASE_APP_ROLE: decodeURIComponent(new URL(urls.app).username),
  };
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/migrate.js'], {
    cwd: serviceFolder(service),
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code === 0) return;
  throw new StartError(`The database of ${service} could not be migrated.`, {
    why: output.trim().split('\n').slice(-12).join('\n'),
    todo: `a migration that was edited after it ran needs a fresh database; in the local run, remove .local/ to start anew (database ${databaseName(service)})`,
  });
}

export async function createTopics(brokers: readonly string[]): Promise<void> {
  try {
    await ensureTopics(kafkaBroker({ brokers: [...brokers], clientId: 'dailydoco-topics' }), 1);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new StartError('The topics could not be created.', {
      why: `the broker at ${brokers.join(', ')} said: ${cause instanceof Error ? cause.message : String(cause)}`,
      todo: 'if KAFKA_BROKERS is set, see that this broker runs and lets us make topics; else look into .local/kafka.log',
    });
  }
}

interface HealthOptions {
  /** By process. */
  readonly pages: ReadonlyMap<string, string>;
  readonly processes: ReadonlyMap<string, ManagedProcess>;
  readonly note: (text: string) => void;
}

/** Waits until every page answers that all is well. */
export async function waitUntilHealthy({ pages, processes, note }: HealthOptions): Promise<void> {
  const waiting = new Map(pages);
  const deadline = Date.now() + HEALTHY_TIMEOUT_MS;
  let noted = '';
  while (waiting.size > 0) {
    for (const [name, url] of waiting) {
      if (await answersOk(url)) waiting.delete(name);
      else failWhenHopeless(processes.get(name));
    }
    if (waiting.size === 0) return;
    if (Date.now() > deadline) throw notHealthy([...waiting.keys()], processes);
    const text = `waiting for ${[...waiting.keys()].join(', ')}`;
    if (text !== noted) note(text);
    noted = text;
    await wait(200);
  }
}

/** Whether the page answers within two seconds that all is well. */
export async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function failWhenHopeless(managed: ManagedProcess | undefined): void {
  if (managed !== undefined && managed.deaths >= HOPELESS_DEATHS)
    throw notHealthy([managed.spec.name], new Map([[managed.spec.name, managed]]));
}

function notHealthy(names: readonly string[], processes: ReadonlyMap<string, ManagedProcess>): StartError {
  const first = processes.get(names[0] ?? '');
  return new StartError(`Not healthy: ${names.join(', ')}.`, {
    why: `the last lines of ${first?.spec.logFile ?? 'its log'}:\n${first?.tail() ?? ''}`,
    todo: 'fix what the log names, then start again; the data is kept',
  });
}
