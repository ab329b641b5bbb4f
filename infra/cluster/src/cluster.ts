import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { isAlive, markOf, type Progress, readRunRecord, stopRecorded, writeRunRecord } from '@dailydoco/local';
import { freePort } from '@dailydoco/stores';
import { dnsObjects, manifest, storageObjects } from './base-objects.js';
import {
  API_SERVER_INSIDE,
  CALLERS,
  type Caller,
  containerdConfig,
  DNS_IMAGE,
  kubeconfig,
  kubeletConfig,
  networkConfig,
  PAUSE_IMAGE,
  proxyConfig,
  type Tokens,
  tokenFile,
} from './configuration.js';
import { imageArchive } from './image-archive.js';
import { type ClusterLayout, makeFolders } from './layout.js';
import { environment, runToEnd } from './program.js';
import type { Programs } from './programs.js';
import type { SupervisorOptions } from './supervisor.js';

const READY_TIMEOUT_MS = 300_000;
const VOLUMES = 8;

/** A running cluster, and the programs to use it with. */
export interface Cluster {
  readonly layout: ClusterLayout;
  readonly programs: Programs;
  kubectl(args: readonly string[], options?: { input?: string; timeoutMs?: number }): Promise<string>;
  helm(args: readonly string[], options?: { timeoutMs?: number }): Promise<string>;
}

/** Starts a fresh cluster and returns once its node is ready and its names resolve. */
export async function startCluster(layout: ClusterLayout, programs: Programs, progress: Progress): Promise<Cluster> {
  refuseWhatCannotWork(layout);
  await removeFolder(layout);
  makeFolders(layout);
  const apiPort = await freePort();
  const tokens = writeConfiguration(layout, apiPort);
  startSupervisor(layout, {
    folder: layout.folder,
    kubernetes: programs.kubernetes,
    etcd: programs.etcd,
    token: tokens.admin,
    apiPort,
  });
  const cluster = clusterOf(layout, programs);
  await progress.step('containerd answers', () => until(layout, () => ctr(layout, ['version'])));
  await progress.step('load the images of the cluster itself', async () => {
    await loadProgram(layout, PAUSE_IMAGE, programs.pause, '65535:65535');
    // Port 53 wants root where unprivileged ports begin at 1024.
    await loadProgram(layout, DNS_IMAGE, programs.coredns, '0:0');
  });
  await progress.step('the API server is ready', () =>
    until(layout, () => cluster.kubectl(['get', '--raw', '/readyz'])),
  );
  await progress.step('the node is ready', async () => {
    await until(layout, () => cluster.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=5s']));
  });
  await progress.step('names resolve, volumes are there', async () => {
    const objects = [...dnsObjects(), ...storageObjects(makeVolumes(layout))];
    await until(layout, () => cluster.kubectl(['apply', '-f', '-'], { input: manifest(objects) }));
    await cluster.kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=180s'], {
      timeoutMs: 200_000,
    });
  });
  return cluster;
}

/** Unpacked images are some hundred thousand files: rm takes a tenth of what Node does, and a minute on a busy disk. */
async function removeFolder(layout: ClusterLayout): Promise<void> {
  await runToEnd('rm', ['-rf', layout.folder], { timeoutMs: 900_000 });
}

/** Stops what the record names and clears away what it left; says so when nothing ran. */
export async function stopCluster(layout: ClusterLayout, say: (text: string) => void): Promise<boolean> {
  const record = readRunRecord(layout.runFile);
  if (record === undefined) return false;
  await stopRecorded(record, layout.runFile, say);
  say('the machine is gone; removing its data');
  await removeFolder(layout);
  return true;
}

export function clusterOf(layout: ClusterLayout, programs: Programs): Cluster {
  const env = { PATH: environment()['PATH'], HOME: layout.folder, KUBECONFIG: layout.kubeconfig };
  return {
    layout,
    programs,
    kubectl: (args, options) => runToEnd(programs.kubernetes, ['kubectl', ...args], { env, ...options }),
    helm: (args, options) => runToEnd(programs.helm, args, { env, ...options }),
  };
}

/** Loads an archive of images, as `docker save` or buildah writes them. */
export async function loadImages(layout: ClusterLayout, archive: string): Promise<string[]> {
  const output = await ctr(layout, ['-n', 'k8s.io', 'images', 'import', '--all-platforms', archive], 600_000);
  return [...output.matchAll(/unpacking (\S+)/g)].map((match) => match[1] ?? '');
}

export function ctr(layout: ClusterLayout, args: readonly string[], timeoutMs = 120_000): Promise<string> {
  return runToEnd('ctr', ['--address', layout.containerdSocket, ...args], { timeoutMs, env: environment() });
}

function refuseWhatCannotWork(layout: ClusterLayout): void {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Error('A cluster needs Linux and root, for namespaces and cgroups: run this as root on Debian 12');
  const record = readRunRecord(layout.runFile);
  if (record !== undefined && [record.supervisor, ...record.processes].some(isAlive))
    throw new Error('A cluster runs already: stop it first (npm run stop -w @dailydoco/cluster)');
}

/** Writes every configuration file, with fresh tokens and a fresh key for service accounts. */
function writeConfiguration(layout: ClusterLayout, apiPort: number): Tokens {
  const tokens = Object.fromEntries(
    Object.keys(CALLERS).map((caller) => [caller, randomBytes(24).toString('hex')]),
  ) as Tokens;
  const certificateAuthority = join(layout.certificatesDir, 'apiserver.crt');
  const write = (file: string, text: string) => writeFileSync(join(layout.configDir, file), text, { mode: 0o600 });
  write('tokens.csv', tokenFile(tokens));
  write('containerd.toml', containerdConfig(layout));
  write('kubelet.json', kubeletConfig(layout));
  write('proxy.json', proxyConfig(layout));
  // No name server of this machine: what CoreDNS does not know does not exist.
  write('resolv.conf', '');
  mkdirSync(join(layout.configDir, 'cni'));
  write('cni/10-dailydoco.conflist', networkConfig());
  for (const caller of Object.keys(CALLERS) as Caller[])
    write(
      `${caller}.kubeconfig`,
      kubeconfig({ server: API_SERVER_INSIDE, token: tokens[caller], certificateAuthority }),
    );
  writeFileSync(
    layout.kubeconfig,
    kubeconfig({ server: `https://127.0.0.1:${apiPort}`, token: tokens.admin, certificateAuthority }),
    { mode: 0o600 },
  );
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(
    join(layout.certificatesDir, 'service-accounts.key'),
    privateKey.export({ type: 'pkcs1', format: 'pem' }),
    { mode: 0o600 },
  );
  return tokens;
}

function startSupervisor(layout: ClusterLayout, options: SupervisorOptions): void {
  const log = openSync(join(layout.logDir, 'supervisor.log'), 'a', 0o600);
  const program = fileURLToPath(new URL('./supervisor.js', import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  if (child.pid === undefined) throw new Error(`${process.execPath} could not be started`);
  child.unref();
  writeRunRecord(layout.runFile, { supervisor: markOf('supervisor', child.pid), processes: [] });
}

/** Tries until it works; ends early, with the log, when the cluster is not there any more. */
async function until<T>(layout: ClusterLayout, attempt: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      const record = readRunRecord(layout.runFile);
      const ended = readLog(layout, 'supervisor.log').includes('ended by itself');
      if (ended || record === undefined || !isAlive(record.supervisor))
        throw new Error(`The cluster ended while it started:\n${readLog(layout, 'machine.log')}`, { cause: error });
      if (Date.now() > deadline) throw error;
    }
    await wait(500);
  }
}

function readLog(layout: ClusterLayout, name: string): string {
  const file = join(layout.logDir, name);
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-15).join('\n') : '(no log)';
}

async function loadProgram(layout: ClusterLayout, name: string, program: string, user: string): Promise<void> {
  const content = readFileSync(program);
  const files = [{ path: 'program', content, mode: 0o755 }];
  const archive = join(layout.imagesDir, `${name.replaceAll(/[/:]/g, '-')}.tar`);
  writeFileSync(archive, imageArchive({ name, files, entrypoint: ['/program'], user }));
  await loadImages(layout, archive);
  rmSync(archive);
}

function makeVolumes(layout: ClusterLayout): string[] {
  return Array.from({ length: VOLUMES }, (_, index) => {
    const folder = join(layout.volumesDir, `${index + 1}`);
    mkdirSync(folder, { recursive: true });
    // The group is given by the kubelet; the owner stays root.
    chmodSync(folder, 0o770);
    return folder;
  });
}
