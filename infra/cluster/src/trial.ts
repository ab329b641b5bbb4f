import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Api, type Progress, openTenant, registerChain, repositoryRoot } from '@dailydoco/local';
import { manifest, restrictedNamespace } from './base-objects.js';
import type { Cluster } from './cluster.js';
import { passage } from './door.js';
import { provideImages, wantedImages } from './images.js';
import { REFUSED_LOG } from './layout.js';
import { startTrickle, type TrickleCount } from './trickle.js';

export const RELEASE = 'dd';
export const NAMESPACE = 'dailydoco';
const CHART = join(repositoryRoot, 'charts', 'dailydoco');
const SERVICES = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'] as const;
/** Longer than anything takes here; a machine that does other things beside it is slow. */
const HELM_TIMEOUT = '15m';
const HELM_TIMEOUT_MS = 960_000;
const RECOVERY_TIMEOUT_MS = 300_000;
const TRICKLE_EVERY_MS = 100;

interface Customer {
  readonly apiKey: string;
  readonly buyerIds: readonly string[];
}

/** What the trial found: lines to read, and faults, none of which there should be. */
export interface Findings {
  readonly seen: string[];
  readonly faults: string[];
}

/** Installs the chart as a newcomer would and does to it what happens to installations. */
export async function tryChart(cluster: Cluster, progress: Progress): Promise<Findings> {
  const findings: Findings = { seen: [], faults: [] };
  await progress.step('load the images', async (note) => loadChartImages(cluster, findings, note));
  await cluster.kubectl(['apply', '-f', '-'], { input: manifest([restrictedNamespace(NAMESPACE)]) });
  await progress.step('helm install, with no values, into a restricted namespace', () => install(cluster));
  await progress.step('helm test: the main job', () => helmTest(cluster));
  const address = await gatewayAddress(cluster);
  const gateway = await passage(cluster.layout.doorSocket, address);
  try {
    const gatewayUrl = `http://127.0.0.1:${gateway.port}`;
    const customer = await progress.step('open a tenant, register a chain of eight', () =>
      becomeCustomer(cluster, gatewayUrl),
    );
    await progress.step('helm upgrade that replaces every pod, under purchases', async () => {
      judgeRollout(await rollUnderLoad(cluster, gatewayUrl, customer), findings);
    });
    await progress.step('viral-engine’s pod is killed', async () => {
      findings.seen.push(await killAndRecover(cluster, gatewayUrl, customer));
    });
    await progress.step('a stranger’s pod meets the network policies', () => strangerIsRefused(cluster, findings));
    await progress.step('helm uninstall, install again', () => reinstall(cluster, findings));
  } finally {
    gateway.close();
  }
  const again = await passage(cluster.layout.doorSocket, await gatewayAddress(cluster));
  try {
    await progress.step('helm test again', () => helmTest(cluster));
  } finally {
    again.close();
  }
  judgeRefusedFlows(cluster, findings);
  return findings;
}

async function loadChartImages(cluster: Cluster, findings: Findings, note: (text: string) => void): Promise<void> {
  const rendered = await cluster.helm(['template', RELEASE, CHART, '-n', NAMESPACE]);
  const loaded = await provideImages(cluster, wantedImages(rendered), note);
  for (const { image, standIn } of loaded)
    if (standIn !== undefined) findings.seen.push(`${image} was stood in for by ${standIn}`);
}

function install(cluster: Cluster, action: 'install' | 'upgrade' = 'install', values: readonly string[] = []) {
  const wanted = ['-n', NAMESPACE, '--wait', '--wait-for-jobs', '--timeout', HELM_TIMEOUT];
  return cluster.helm([action, RELEASE, CHART, ...wanted, ...values], { timeoutMs: HELM_TIMEOUT_MS });
}

function helmTest(cluster: Cluster): Promise<string> {
  return cluster.helm(['test', RELEASE, '-n', NAMESPACE, '--logs', '--timeout', HELM_TIMEOUT], {
    timeoutMs: HELM_TIMEOUT_MS,
  });
}

async function gatewayAddress(cluster: Cluster): Promise<string> {
  const path = '{.spec.clusterIP}:{.spec.ports[0].port}';
  return cluster.kubectl(['-n', NAMESPACE, 'get', 'service', `${RELEASE}-kong`, '-o', `jsonpath=${path}`]);
}

async function becomeCustomer(cluster: Cluster, gatewayUrl: string): Promise<Customer> {
  const admin = await readSecret(cluster, `${RELEASE}-admin`);
  const api = new Api(gatewayUrl);
  const run = randomBytes(4).toString('hex');
  const login = { email: admin['email'] ?? '', password: admin['password'] ?? '' };
  const tenant = await openTenant(api, login, run);
  const people = await registerChain(api, tenant.host, run);
  return { apiKey: tenant.apiKey, buyerIds: people.map(({ user }) => user.id) };
}

async function readSecret(cluster: Cluster, name: string): Promise<Record<string, string>> {
  const text = await cluster.kubectl(['-n', NAMESPACE, 'get', 'secret', name, '-o', 'json']);
  const { data = {} } = JSON.parse(text) as { data?: Record<string, string> };
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

async function rollUnderLoad(cluster: Cluster, gatewayUrl: string, customer: Customer): Promise<TrickleCount> {
  const trickle = startTrickle({
    gatewayUrl,
    ...customer,
    everyMs: TRICKLE_EVERY_MS,
    externalIdPrefix: `trickle-${randomBytes(4).toString('hex')}`,
  });
  try {
    const annotations = [...SERVICES, 'kong'].flatMap((name) => ['--set-string', `${name}.podAnnotations.trial=2`]);
    await install(cluster, 'upgrade', annotations);
    // Old pods that were told to go still serve for a while; purchases go on until they are gone.
    await waitUntilNoneTerminates(cluster);
  } catch (error) {
    await trickle.stop();
    throw error;
  }
  return trickle.stop();
}

async function waitUntilNoneTerminates(cluster: Cluster): Promise<void> {
  const deadline = Date.now() + RECOVERY_TIMEOUT_MS;
  for (;;) {
    const text = await cluster.kubectl(['-n', NAMESPACE, 'get', 'pods', '-o', 'json']);
    const { items } = JSON.parse(text) as { items: readonly { metadata: { deletionTimestamp?: string } }[] };
    if (items.every(({ metadata }) => metadata.deletionTimestamp === undefined)) return;
    if (Date.now() > deadline) throw new Error('Old pods do not end');
    await wait(1_000);
  }
}

function judgeRollout(count: TrickleCount, findings: Findings): void {
  findings.seen.push(
    `rolling restart of everything: ${count.sent} purchases sent, ${count.acknowledged} acknowledged, slowest ${Math.round(count.slowestMs)} ms`,
  );
  if (count.failures.length > 0)
    findings.faults.push(
      `${count.failures.length} of ${count.sent} purchases failed while pods were replaced:\n    ${count.failures.slice(0, 20).join('\n    ')}`,
    );
}

/** Kills without a word, as a lost node would; with one replica there is a gap until its successor serves. */
async function killAndRecover(cluster: Cluster, gatewayUrl: string, customer: Customer): Promise<string> {
  const selector = `app.kubernetes.io/instance=${RELEASE},app.kubernetes.io/name=viral-engine`;
  const trickle = startTrickle({
    gatewayUrl,
    ...customer,
    everyMs: TRICKLE_EVERY_MS,
    externalIdPrefix: `killed-${randomBytes(4).toString('hex')}`,
  });
  try {
    await cluster.kubectl(['-n', NAMESPACE, 'delete', 'pod', '-l', selector, '--grace-period=0', '--force']);
    await cluster.kubectl(
      ['-n', NAMESPACE, 'wait', 'pod', '-l', selector, '--for=condition=Ready', `--timeout=${RECOVERY_TIMEOUT_MS}ms`],
      { timeoutMs: RECOVERY_TIMEOUT_MS + 10_000 },
    );
    // Long enough to see that it stays well.
    await wait(5_000);
  } catch (error) {
    await trickle.stop();
    throw error;
  }
  const { sent, failures, lastFailureMs } = await trickle.stop();
  if (lastFailureMs === undefined) return `viral-engine killed: none of ${sent} purchases failed`;
  return `viral-engine killed, its only pod: ${failures.length} of ${sent} purchases failed, the last one ${(lastFailureMs / 1000).toFixed(1)} s after; then all went through`;
}

const STRANGER = 'stranger';

/** A pod of another namespace may call the gateway and nothing else of the release. */
async function strangerIsRefused(cluster: Cluster, findings: Findings): Promise<void> {
  const targets = { kong: 80, identity: 8080, 'viral-engine': 8080, postgres: 5432, redis: 6379, kafka: 9092 };
  const text = await cluster.kubectl(['-n', NAMESPACE, 'get', 'services', '-o', 'json']);
  const { items } = JSON.parse(text) as {
    items: readonly { metadata: { name: string }; spec: { clusterIP: string } }[];
  };
  const addresses = Object.entries(targets).map(([name, port]) => {
    const service = items.find(({ metadata }) => metadata.name === `${RELEASE}-${name}`);
    return [name, service?.spec.clusterIP ?? '', port] as const;
  });
  const script = `
    const { connect } = require('node:net');
    for (const [name, host, port] of ${JSON.stringify(addresses)}) {
      const socket = connect({ host, port, timeout: 4000 });
      const tell = (what) => { console.log(name, what); socket.destroy(); };
      socket.on('connect', () => tell('open')).on('timeout', () => tell('refused')).on('error', () => tell('refused'));
    }`;
  const image = await cluster.kubectl([
    '-n',
    NAMESPACE,
    'get',
    'deployment',
    `${RELEASE}-identity`,
    '-o',
    'jsonpath={.spec.template.spec.containers[0].image}',
  ]);
  await cluster.kubectl(['apply', '-f', '-'], { input: manifest(strangerObjects(image, script)) });
  const phase = ['--for=jsonpath={.status.phase}=Succeeded', '--timeout=120s'];
  await cluster.kubectl(['-n', STRANGER, 'wait', 'pod/stranger', ...phase], { timeoutMs: 130_000 });
  const answers = (await cluster.kubectl(['-n', STRANGER, 'logs', 'pod/stranger'])).trim().split('\n').toSorted();
  const wanted = Object.keys(targets)
    .map((name) => `${name} ${name === 'kong' ? 'open' : 'refused'}`)
    .toSorted();
  findings.seen.push(`from a pod of another namespace: ${answers.join(', ')}`);
  if (answers.join() !== wanted.join()) findings.faults.push(`a stranger should find: ${wanted.join(', ')}`);
  await cluster.kubectl(['delete', 'namespace', STRANGER, '--wait=false']);
}

function strangerObjects(image: string, script: string): object[] {
  return [
    restrictedNamespace(STRANGER),
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'stranger', namespace: STRANGER },
      spec: {
        restartPolicy: 'Never',
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'stranger',
            image,
            imagePullPolicy: 'Never',
            command: ['node', '-e', script],
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    },
  ];
}

/** Everything but the kept Secrets and the volumes goes, and what was kept is used again. */
async function reinstall(cluster: Cluster, findings: Findings): Promise<void> {
  const before = await secretDigests(cluster);
  await cluster.helm(['uninstall', RELEASE, '-n', NAMESPACE, '--wait', '--timeout', HELM_TIMEOUT], {
    timeoutMs: HELM_TIMEOUT_MS,
  });
  const kept = await secretDigests(cluster);
  await install(cluster);
  const after = await secretDigests(cluster);
  const changed = [...kept].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
  findings.seen.push(
    `uninstalled and installed again: ${kept.size} of ${before.size} Secrets were kept, ${changed.length} changed`,
  );
  if (kept.size === 0) findings.faults.push('no Secret was kept, so the data of the volumes is locked away');
  if (changed.length > 0) findings.faults.push(`Secrets changed by a reinstallation: ${changed.join(', ')}`);
}

/** Digests of what the Secrets hold, by name; Helm's own and empty ones left out. */
async function secretDigests(cluster: Cluster): Promise<Map<string, string>> {
  const text = await cluster.kubectl(['-n', NAMESPACE, 'get', 'secrets', '-o', 'json']);
  const { items } = JSON.parse(text) as {
    items: readonly { metadata: { name: string }; type: string; data?: Record<string, string> }[];
  };
  const own = items.filter(
    ({ type, data, metadata }) =>
      !type.startsWith('helm.sh/') && data !== undefined && !metadata.name.endsWith('-kong-keys'),
  );
  return new Map(
    own.map(({ metadata, data }) => [metadata.name, createHash('sha256').update(JSON.stringify(data)).digest('hex')]),
  );
}

/** With everything done that the fleet does, no pod of the release may have met a closed door. */
function judgeRefusedFlows(cluster: Cluster, findings: Findings): void {
  const file = join(cluster.layout.logDir, REFUSED_LOG);
  const flows = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const own = flows.filter((flow) => flow.startsWith(`${NAMESPACE}/`));
  findings.seen.push(`flows of the release that its own policies refused: ${own.length}`);
  if (own.length > 0) findings.faults.push(`files/flows.yaml lacks:\n    ${own.join('\n    ')}`);
}

/** What a person wants to see when a step failed. */
export async function diagnosis(cluster: Cluster): Promise<string> {
  const ask = (...args: string[]) => cluster.kubectl(args).catch((error: unknown) => String(error));
  const pods = await ask('get', 'pods', '-A', '-o', 'wide');
  const events = await ask(
    '-n',
    NAMESPACE,
    'get',
    'events',
    '--field-selector',
    'type=Warning',
    '--sort-by=.lastTimestamp',
  );
  const bad = pods
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, , ready, status]) =>
        status !== undefined && status !== 'STATUS' && status !== 'Completed' && ready?.startsWith('0'),
    );
  const logs: string[] = [];
  for (const [namespace, name] of bad.slice(0, 6)) {
    if (namespace === undefined || name === undefined) continue;
    logs.push(`— ${name}\n${await ask('-n', namespace, 'logs', name, '--all-containers', '--tail=8')}`);
  }
  return [pods, events.split('\n').slice(-15).join('\n'), ...logs].join('\n');
}
