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
  /** A second listener, encrypted, that asks for a name and a password (SCRAM-SHA-512). Taken at the first start. */
  readonly secure?: SecureListener;
  /** Further plain listeners, whose clients are told another port than the one listened on: for proxies in between. */
  readonly advertised?: readonly AdvertisedListener[];
  readonly diesWithParent?: boolean;
  readonly onProgress?: (text: string) => void;
}

export interface SecureListener {
  /** The broker's own, in PEM (PKCS#8), for the address 127.0.0.1. */
  readonly key: string;
  readonly certificate: string;
  readonly username: string;
  readonly password: string;
}

export interface AdvertisedListener {
  readonly port: number;
  /** What a client that came through this listener is told to connect to. */
  readonly advertisedPort: number;
}

export interface KafkaStore {
  readonly brokers: readonly string[];
  /** Addresses of the secure listener; empty without one. */
  readonly secureBrokers: readonly string[];
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

interface Ports {
  readonly plain: number;
  readonly controller: number;
  readonly secure: number | undefined;
}

type Listeners = Pick<KafkaOptions, 'secure' | 'advertised'>;

function properties(dataDir: string, ports: Ports, { secure, advertised = [] }: Listeners): string {
  const secureListener = ports.secure === undefined ? '' : `,SASL_SSL://127.0.0.1:${ports.secure}`;
  const further = (portOf: (listener: AdvertisedListener) => number): string =>
    advertised.map((listener, index) => `,LINE${index}://127.0.0.1:${portOf(listener)}`).join('');
  const listening = further(({ port }) => port);
  const told = further(({ advertisedPort }) => advertisedPort);
  const protocols = ['PLAINTEXT', 'CONTROLLER', ...advertised.map((_, index) => `LINE${index}`)];
  const protocolMap = [...protocols.map((name) => `${name}:PLAINTEXT`), 'SASL_SSL:SASL_SSL'];
  return [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${ports.controller}`,
    `listeners=PLAINTEXT://127.0.0.1:${ports.plain},CONTROLLER://127.0.0.1:${ports.controller}${secureListener}${listening}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${ports.plain}${secureListener}${told}`,
    'controller.listener.names=CONTROLLER',
    `listener.security.protocol.map=${protocolMap.join(',')}`,
    ...(secure === undefined ? [] : secureProperties(secure)),
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

function secureProperties({ key, certificate }: SecureListener): string[] {
  const oneLine = (pem: string): string => pem.trim().replaceAll('\n', ' ');
  return [
    'sasl.enabled.mechanisms=SCRAM-SHA-512',
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'ssl.keystore.type=PEM',
    `ssl.keystore.key=${oneLine(key)}`,
    `ssl.keystore.certificate.chain=${oneLine(certificate)}`,
  ];
}

/** Starts one KRaft node from the official jars; formats its storage on the first start. */
export async function startKafka(options: KafkaOptions): Promise<KafkaStore> {
  const { dataDir, secure } = options;
  const jarsDir =
    options.jarsDir ??
    (await ensureKafkaJars(options.onProgress === undefined ? {} : { onProgress: options.onProgress }));
  const port = options.port ?? (await freePort());
  const settings = join(dataDir, 'server.properties');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const securePort = secure === undefined ? undefined : await freePort();
  const ports = { plain: port, controller: await freePort(), secure: securePort };
  writeFileSync(settings, properties(dataDir, ports, options), { mode: 0o600 });
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) await format({ jarsDir, settings, ...options });
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
  const secureBrokers = securePort === undefined ? [] : [`127.0.0.1:${securePort}`];
  return Object.assign(store, { brokers: [`127.0.0.1:${port}`], secureBrokers });
}

async function format(
  options: { readonly jarsDir: string; readonly settings: string } & Pick<KafkaOptions, 'secure' | 'onProgress'>,
): Promise<void> {
  const { jarsDir, settings, secure, onProgress } = options;
  onProgress?.('formatting the storage');
  const user = secure === undefined ? [] : [`SCRAM-SHA-512=[name=${secure.username},password=${secure.password}]`];
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
      ...user.flatMap((credentials) => ['-S', credentials]),
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
