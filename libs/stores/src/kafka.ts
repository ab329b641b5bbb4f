import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import { ensureKafkaJars } from './kafka-jars.js';
import { freePort, StoreError, StoreProcess } from './store-process.js';

export interface KafkaOptions {
  readonly dataDir: string;
  readonly port?: number;
  /** The JVM's heap. Default 512. */
  readonly heapMb?: number;
  /** From `ensureKafkaJars`; fetched when absent. */
  readonly jarsDir?: string;
  readonly diesWithParent?: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface KafkaStore {
  readonly brokers: readonly string[];
  readonly port: number;
  readonly pid: number | undefined;
  readonly logFile: string;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
  restart(): Promise<void>;
}

const run = promisify(execFile);
// One node, never joined by another: its cluster id may be the same everywhere.
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';

function properties(dataDir: string, port: number, controllerPort: number): string {
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names=CONTROLLER',
    `log.dirs=${join(dataDir, 'log')}`,
    'offsets.topic.replication.factor=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'group.initial.rebalance.delay.ms=0',
    'auto.create.topics.enable=false',
    '',
  ].join('\n');
}

/** Starts one KRaft node from the official jars; formats its storage on the first start. */
export async function startKafka(options: KafkaOptions): Promise<KafkaStore> {
  const { dataDir } = options;
  const jarsDir =
    options.jarsDir ??
    (await ensureKafkaJars(options.onProgress === undefined ? {} : { onProgress: options.onProgress }));
  const port = options.port ?? (await freePort());
  const settings = join(dataDir, 'server.properties');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  writeFileSync(settings, properties(dataDir, port, await freePort()));
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) await format(jarsDir, settings, options.onProgress);
  const heap = options.heapMb ?? 512;
  const store = new StoreProcess({
    name: 'Kafka',
    command: 'java',
    args: [
      `-Xmx${heap}m`,
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      join(jarsDir, '*'),
      'kafka.Kafka',
      settings,
    ],
    cwd: dataDir,
    logFile: `${dataDir}.log`,
    port,
    stopSignal: 'SIGTERM',
    answers: () => answers(port),
    ...(options.diesWithParent === undefined ? {} : { diesWithParent: options.diesWithParent }),
  });
  await store.start();
  return Object.assign(store, { brokers: [`127.0.0.1:${port}`] });
}

async function format(jarsDir: string, settings: string, onProgress?: (text: string) => void): Promise<void> {
  onProgress?.('formatting the storage');
  try {
    await run('java', [
      '-cp',
      join(jarsDir, '*'),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      settings,
    ]);
  } catch (cause) {
    throw new StoreError(
      `Kafka's storage could not be formatted: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

async function answers(port: number): Promise<void> {
  const admin = new Kafka({
    clientId: 'stores',
    brokers: [`127.0.0.1:${port}`],
    logLevel: logLevel.NOTHING,
    retry: { retries: 0 },
    connectionTimeout: 2_000,
  }).admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    if (brokers.length === 0) throw new Error('the broker has not registered yet');
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
