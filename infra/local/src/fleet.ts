import { join } from 'node:path';
import { type DatabaseUrls, ensureDatabases, givenDatabaseUrls } from './databases.js';
import { type FleetLayout, fleetLayout, repositoryRoot } from './layout.js';
import { ManagedProcess, type ProcessSpec } from './managed-process.js';
import { kafkaListenerOf, type LaidLines, type LayLine, layLines } from './lines.js';
import { choosePorts, GATEWAY_PORT } from './ports.js';
import { NODE_ARGS } from './program.js';
import type { Progress } from './progress.js';
import { markOf, type ProcessMark } from './run-record.js';
import { loadSecrets, type Secrets } from './secrets.js';
import {
  type FleetAddresses,
  type InstancePorts,
  replicaEnvironment,
  SERVICES,
  serviceEnvironment,
  serviceFolder,
  type ServicePorts,
} from './services.js';
import { createTopics, migrateAll, waitUntilHealthy } from './steps.js';
import { StartError } from './start-error.js';
import { givenStores, type RunningStores, startStores } from './stores.js';

export interface FleetOptions {
  /** Where everything is written; `.local/` of the checkout unless told. */
  readonly dataDir?: string;
  /** The gateway's port when it is free; 0 takes any free port. */
  readonly gatewayPort?: number;
  /** A kong.yml to be served in place of the fleet's own. */
  readonly gatewayConfig?: string;
  /** Puts something into each line between processes. The stores are then the fleet's own, whatever the environment names. */
  readonly lay?: LayLine;
  /** How many there are of each service and of the gateway; not together with `lay`. Default 1. */
  readonly instances?: number;
  /** Settings of every process, over those made here. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly progress: Progress;
  /** An interrupt ends the program, and with it all that was started, at whatever point; else that is the caller's task. */
  readonly endsOnSignal?: boolean;
  /** Told of each process started or restarted, so that a record can be kept. */
  readonly onProcesses?: (marks: readonly ProcessMark[]) => void;
}

export const ADMIN_EMAIL = 'admin@dailydoco.localhost';

/** The running fleet. `stop` ends exactly what was started, services before stores. */
export interface Fleet {
  readonly layout: FleetLayout;
  readonly addresses: FleetAddresses;
  readonly secrets: Secrets;
  readonly stores: RunningStores;
  /** By service name, and `gateway`; further instances as `identity-2`. */
  readonly processes: ReadonlyMap<string, ManagedProcess>;
  /** Where each process says that it is well, by the same names. */
  readonly healthPages: ReadonlyMap<string, string>;
  stop(): Promise<void>;
}

/** Starts stores, databases, topics, services and gateway, and waits until all are healthy. Leaves nothing behind when it fails. */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const { progress } = options;
  const layout = fleetLayout(options.dataDir);
  const secrets = loadSecrets(layout.secretsFile, SERVICES);
  const undo: (() => Promise<void>)[] = [];
  const unwind = async (): Promise<void> => {
    for (const undoStep of undo.splice(0).reverse())
      await undoStep().catch((error: unknown) => progress.say(`  while stopping: ${String(error)}`));
  };
  let stopping: Promise<void> = Promise.resolve();
  // One after the other: whoever asks again while it stops waits for all of it, and what came since is undone, too.
  const stop = (): Promise<void> => (stopping = stopping.then(unwind));
  if (options.endsOnSignal === true) {
    // Again and again: a second signal, such as that of a whole process group, must not leave everything behind.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => void stop().finally(() => process.exit(130)));
  }
  try {
    const ports = await choosePorts(layout.dataDir, portNames(options), {
      gateway: options.gatewayPort ?? GATEWAY_PORT,
    });
    const lines = options.lay && (await layLines(ports, options.lay));
    const environment = lines === undefined ? process.env : {};
    const { kafkaAdvertised = [] } = lines ?? {};
    const stores = await startStores({ layout, ports, progress, given: givenStores(environment), kafkaAdvertised });
    undo.push(() => stores.stop());
    const databaseUrls = await prepareDatabases({ stores, secrets, progress, environment });
    const addresses = fleetAddresses({ ports, databaseUrls, stores, secrets, layout });
    await progress.step('migrate the databases', (note) => migrateAll(addresses, note));
    await progress.step('create the topics', () => createTopics(addresses.kafkaBrokers));
    const processes = createProcesses(addresses, layout, {
      ports,
      instances: instancePorts(ports, options),
      lines,
      gatewayConfig: options.gatewayConfig ?? join(repositoryRoot, 'infra', 'gateway', 'kong.yml'),
      settings: options.settings ?? {},
      progress,
      onProcesses: () => options.onProcesses?.(marks()),
    });
    const marks = (): ProcessMark[] => [
      ...stores.marks(),
      ...[...processes.values()].flatMap((p) => (p.pid === undefined ? [] : [markOf(p.spec.name, p.pid)])),
    ];
    undo.push(async () => {
      await Promise.all([...processes.values()].filter(isGateway).map((p) => p.stop()));
      await Promise.all([...processes.values()].map((p) => p.stop()));
    });
    const healthPages = new Map([...processes.values()].map((p) => [p.spec.name, healthPageOf(p)]));
    await progress.step('start the services and the gateway', async (note) => {
      for (const managed of processes.values()) managed.start();
      await waitUntilHealthy({ pages: healthPages, processes, note });
    });
    return { layout, addresses, secrets, stores, processes, healthPages, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The name of one of several instances: the first has that of the service itself. */
function instanceName(name: string, index: number): string {
  return index === 0 ? name : `${name}-${index + 1}`;
}

function isGateway({ spec }: ManagedProcess): boolean {
  return 'GATEWAY_PORT' in spec.env;
}

function healthPageOf(managed: ManagedProcess): string {
  const { env } = managed.spec;
  return isGateway(managed)
    ? `http://127.0.0.1:${env['GATEWAY_PORT']}/healthz`
    : `http://127.0.0.1:${env['HTTP_PORT']}/health/ready`;
}

function portNames({ instances = 1, lay }: FleetOptions): string[] {
  if (lay !== undefined && instances > 1) throw new Error('a fleet whose lines are laid has one instance of each');
  const names = [...SERVICES.flatMap((name) => [`${name}-http`, `${name}-grpc`]), 'gateway'];
  const further = Array.from({ length: instances - 1 }, (_, index) =>
    names.map((name) => instanceName(name, index + 1)),
  );
  return [
    'gateway',
    'postgres',
    'redis',
    'kafka',
    'kafka-controller',
    ...SERVICES.flatMap((name) => [`${name}-http`, `${name}-grpc`]),
    ...further.flat(),
    ...(lay === undefined ? [] : SERVICES.map(kafkaListenerOf)),
  ];
}

function instancePorts(ports: Record<string, number>, { instances = 1 }: FleetOptions): InstancePorts {
  const port = (name: string, index: number): number => ports[instanceName(name, index)] ?? 0;
  const all = Array.from({ length: instances }, (_, index) => index);
  return Object.fromEntries(
    SERVICES.map((name) => [
      name,
      all.map((index) => ({ http: port(`${name}-http`, index), grpc: port(`${name}-grpc`, index) })),
    ]),
  ) as Record<(typeof SERVICES)[number], ServicePorts[]>;
}

async function prepareDatabases(from: {
  stores: RunningStores;
  secrets: Secrets;
  progress: Progress;
  environment: NodeJS.ProcessEnv;
}): Promise<DatabaseUrls> {
  const { stores, secrets, progress } = from;
  const given = givenDatabaseUrls(from.environment);
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
    clicksDir: from.layout.clicksDir,
  };
}

interface ProcessHooks {
  readonly ports: Record<string, number>;
  readonly instances: InstancePorts;
  readonly lines: LaidLines | undefined;
  readonly gatewayConfig: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly progress: Progress;
  readonly onProcesses: () => void;
}

function createProcesses(
  addresses: FleetAddresses,
  layout: FleetLayout,
  hooks: ProcessHooks,
): Map<string, ManagedProcess> {
  const processHooks = { onDeath: (message: string) => hooks.progress.say(`! ${message}`), onSpawn: hooks.onProcesses };
  const specs = [...serviceSpecs(addresses, layout, hooks), ...gatewaySpecs(addresses, layout, hooks)];
  return new Map(specs.map((spec) => [spec.name, new ManagedProcess(spec, processHooks)]));
}

function programArgs(heapMb: number): string[] {
  return [`--max-old-space-size=${heapMb}`, ...NODE_ARGS, 'dist/main.js'];
}

function serviceSpecs(addresses: FleetAddresses, layout: FleetLayout, hooks: ProcessHooks): ProcessSpec[] {
  const { instances, lines, settings } = hooks;
  return SERVICES.flatMap((service) => {
    const seen = lines?.seenBy(service, addresses) ?? addresses;
    return instances[service].map((own, index, { length }) => ({
      name: instanceName(service, index),
      command: process.execPath,
      args: programArgs(512),
      cwd: serviceFolder(service),
      env: {
        ...serviceEnvironment(service, seen),
        ...(length > 1 && replicaEnvironment(own, instances, addresses)),
        ...settings,
      },
      logFile: join(layout.logDir, `${instanceName(service, index)}.log`),
    }));
  });
}

function gatewaySpecs(addresses: FleetAddresses, layout: FleetLayout, hooks: ProcessHooks): ProcessSpec[] {
  const { ports, instances, lines, gatewayConfig, settings } = hooks;
  const seen = lines?.seenBy('gateway', addresses) ?? addresses;
  const upstreams = SERVICES.map((name) => {
    const several = instances[name].length > 1 ? instances[name] : [seen.ports[name]];
    return `${name}=${several.map(({ http }) => `127.0.0.1:${http}`).join('|')}`;
  });
  return instances.identity.map((_, index) => ({
    name: instanceName('gateway', index),
    command: process.execPath,
    args: programArgs(256),
    cwd: join(repositoryRoot, 'infra', 'gateway'),
    env: {
      ...serviceEnvironment('identity', seen),
      OTEL_SERVICE_NAME: 'gateway',
      GATEWAY_CONFIG: gatewayConfig,
      GATEWAY_HOST: '127.0.0.1',
      GATEWAY_PORT: String(ports[instanceName('gateway', index)] ?? GATEWAY_PORT),
      GATEWAY_UPSTREAMS: upstreams.join(','),
      ...settings,
    },
    logFile: join(layout.logDir, `${instanceName('gateway', index)}.log`),
  }));
}
