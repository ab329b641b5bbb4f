import { join } from 'node:path';
import { type DatabaseUrls, ensureDatabases, givenDatabaseUrls } from './databases.js';
import { type FleetLayout, fleetLayout, repositoryRoot } from './layout.js';
import { ManagedProcess } from './managed-process.js';
import { choosePorts, GATEWAY_PORT } from './ports.js';
import type { Progress } from './progress.js';
import { markOf, type ProcessMark } from './run-record.js';
import { loadSecrets, type Secrets } from './secrets.js';
import { type FleetAddresses, SERVICES, type ServiceName, serviceEnvironment, serviceFolder } from './services.js';
import { createTopics, migrateAll, waitUntilHealthy } from './steps.js';
import { StartError } from './start-error.js';
import { givenStores, type RunningStores, startStores } from './stores.js';

export interface FleetOptions {
  /** Where everything is written; `.local/` of the checkout unless told. */
  readonly dataDir?: string;
  /** The gateway's port when it is free; 0 takes any free port. */
  readonly gatewayPort?: number;
  readonly progress: Progress;
  /** An interrupt ends the program, and with it all that was started, at whatever point; else that is the caller's task. */
  readonly endsOnSignal?: boolean;
  /** Told of each process started or restarted, so that a record can be kept. */
  readonly onProcesses?: (marks: readonly ProcessMark[]) => void;
}

/** kafkajs waits negative times when it is late, and Node says so each time; it means nothing to whoever reads the logs. */
const NODE_FLAGS = ['--enable-source-maps', '--disable-warning=TimeoutNegativeWarning'];

export const ADMIN_EMAIL = 'admin@dailydoco.localhost';

/** The running fleet. `stop` ends exactly what was started, services before stores. */
export interface Fleet {
  readonly layout: FleetLayout;
  readonly addresses: FleetAddresses;
  readonly secrets: Secrets;
  readonly stores: RunningStores;
  /** By service name, and `gateway`. */
  readonly processes: ReadonlyMap<string, ManagedProcess>;
  stop(): Promise<void>;
}

/** Starts stores, databases, topics, services and gateway, and waits until all are healthy. Leaves nothing behind when it fails. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { progress } = options;
  const layout = fleetLayout(options.dataDir);
  const secrets = loadSecrets(layout.secretsFile, SERVICES);
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const undoStep of undo.splice(0).reverse())
      await undoStep().catch((error: unknown) => progress.say(`  while stopping: ${String(error)}`));
  };
  if (options.endsOnSignal === true) {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    const ports = await choosePorts(layout.dataDir, portNames(), { gateway: options.gatewayPort ?? GATEWAY_PORT });
    const stores = await startStores({ layout, ports, progress, given: givenStores(process.env) });
    undo.push(() => stores.stop());
    const databaseUrls = await prepareDatabases(stores, secrets, progress);
    const addresses = fleetAddresses({ ports, databaseUrls, stores, secrets, layout });
    await progress.step('migrate the databases', (note) => migrateAll(addresses, note));
    await progress.step('create the topics', () => createTopics(addresses.kafkaBrokers));
    const processes = createProcesses(addresses, layout, {
      ports,
      progress,
      onProcesses: () => options.onProcesses?.(marks()),
    });
    const marks = (): ProcessMark[] => [
      ...stores.marks(),
      ...[...processes.values()].flatMap((p) => (p.pid === undefined ? [] : [markOf(p.spec.name, p.pid)])),
    ];
    undo.push(async () => {
      await processes.get('gateway')?.stop();
      await Promise.all([...processes.values()].map((p) => p.stop()));
    });
    await progress.step('start the services and the gateway', async (note) => {
      for (const managed of processes.values()) managed.start();
      await waitUntilHealthy({ addresses, processes, note });
    });
    return { layout, addresses, secrets, stores, processes, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function portNames(): string[] {
  return [
    'gateway',
    'postgres',
    'redis',
    'kafka',
    'kafka-controller',
    ...SERVICES.flatMap((name) => [`${name}-http`, `${name}-grpc`]),
  ];
}

async function prepareDatabases(stores: RunningStores, secrets: Secrets, progress: Progress): Promise<DatabaseUrls> {
  const given = givenDatabaseUrls(process.env);
  if (given !== undefined) return given;
  const superuserUrl = stores.postgres?.url;
  if (superuserUrl === undefined)
    throw new StartError('There is no Postgres.', {
      why: 'none was started and no DATABASE_URL_* was given',
      todo: 'unset DATABASE_URL_* or give one per service',
    });
  return progress.step('prepare the databases', () => ensureDatabases(superuserUrl, secrets));
}

function fleetAddresses(from: {
  ports: Record<string, number>;
  databaseUrls: DatabaseUrls;
  stores: RunningStores;
  secrets: Secrets;
  layout: FleetLayout;
}): FleetAddresses {
  const port = (name: string): number => {
    const found = from.ports[name];
    if (found === undefined) throw new Error(`no port was chosen for ${name}`);
    return found;
  };
  return {
    ports: Object.fromEntries(
      SERVICES.map((name) => [name, { http: port(`${name}-http`), grpc: port(`${name}-grpc`) }]),
    ) as FleetAddresses['ports'],
    databaseUrls: from.databaseUrls,
    kafkaBrokers: from.stores.kafkaBrokers,
    redisUrl: from.stores.redisUrl,
    gatewayUrl: `http://127.0.0.1:${port('gateway')}`,
    internalToken: from.secrets.internalToken,
    keyEncryption: from.secrets.keyEncryption,
    admin: { email: ADMIN_EMAIL, password: from.secrets.adminPassword },
    mailDir: from.layout.mailDir,
    sitesDir: from.layout.sitesDir,
  };
}

interface ProcessHooks {
  readonly ports: Record<string, number>;
  readonly progress: Progress;
  readonly onProcesses: () => void;
}

function createProcesses(
  addresses: FleetAddresses,
  layout: FleetLayout,
  hooks: ProcessHooks,
): Map<string, ManagedProcess> {
  const processHooks = { onDeath: (message: string) => hooks.progress.say(`! ${message}`), onSpawn: hooks.onProcesses };
  const processes = new Map<string, ManagedProcess>();
  for (const service of SERVICES) {
    processes.set(
      service,
      new ManagedProcess(
        {
          name: service,
          command: process.execPath,
          args: [
            ...NODE_FLAGS,
            '--max-old-space-size=512',
            '--import',
            '@dailydoco/telemetry/register',
            'dist/main.js',
          ],
          cwd: serviceFolder(service),
          env: serviceEnvironment(service, addresses),
          logFile: join(layout.logDir, `${service}.log`),
        },
        processHooks,
      ),
    );
  }
  processes.set(
    'gateway',
    new ManagedProcess(gatewaySpec(addresses, layout, hooks.ports['gateway'] ?? GATEWAY_PORT), processHooks),
  );
  return processes;
}

function gatewaySpec(addresses: FleetAddresses, layout: FleetLayout, port: number) {
  const upstreams = SERVICES.map((name: ServiceName) => `${name}=127.0.0.1:${addresses.ports[name].http}`).join(',');
  const folder = join(repositoryRoot, 'infra', 'gateway');
  return {
    name: 'gateway',
    command: process.execPath,
    args: [...NODE_FLAGS, '--max-old-space-size=256', '--import', '@dailydoco/telemetry/register', 'dist/main.js'],
    cwd: folder,
    env: {
      ...serviceEnvironment('identity', addresses),
      OTEL_SERVICE_NAME: 'gateway',
      GATEWAY_CONFIG: join(folder, 'kong.yml'),
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      GATEWAY_UPSTREAMS: upstreams,
    },
    logFile: join(layout.logDir, 'gateway.log'),
  };
}
