import { beforeAll, describe, expect, it } from '@jest/globals';
import { EXAMPLES, type Example, render } from './helm.js';
import { type KubernetesObject, nameOf } from './kubernetes.js';
import { RULES } from './rules.js';

// Each rule is shown to bite: a real rendering is broken in one place, and the rule must say so.

/** What is broken: the object, the path to a value in it (a slash in a key is ~1), and the value put there; undefined takes it away. */
interface Break {
  readonly example?: Example;
  readonly object: string;
  readonly path?: string;
  readonly value?: unknown;
}

/** The objects with one of them broken; without a path the whole object is gone. */
function broken(objects: readonly KubernetesObject[], { object, path, value }: Break): readonly KubernetesObject[] {
  if (path === undefined) return objects.filter((one) => nameOf(one) !== object);
  const copies = structuredClone(objects);
  let at: unknown = copies.find((one) => nameOf(one) === object);
  if (at === undefined) throw new Error(`${object} is not rendered`);
  const steps = path.split('/').map((step) => step.replaceAll('~1', '/'));
  const last = steps.pop() ?? '';
  for (const step of steps) at = stepInto(at, step);
  const place = at as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copies;
}

/** A field, or the item of a list by its number or its name. */
function stepInto(at: unknown, step: string): unknown {
  if (!Array.isArray(at) || /^\d+$/.test(step)) return (at as Record<string, unknown>)[step];
  return (at as { name?: string }[]).find(({ name }) => name === step);
}

const POD = 'spec/template/spec';
const CONTAINER = `${POD}/containers/0`;
const VIRAL = 'Deployment/dd-viral-engine';

const BREAKS: readonly (readonly [string, Break, RegExp])[] = [
  ['a label that is gone', { object: VIRAL, path: 'metadata/labels/helm.sh~1chart' }, /has no label helm\.sh\/chart/],
  [
    'another namespace',
    { object: VIRAL, path: 'metadata/namespace', value: 'default' },
    /its namespace is default, not dailydoco/,
  ],
  [
    'another release’s name',
    { object: VIRAL, path: 'metadata/name', value: 'viral-engine' },
    /its name does not begin with dd-/,
  ],
  [
    'a token that nobody uses',
    { object: VIRAL, path: `${POD}/automountServiceAccountToken`, value: true },
    /automountServiceAccountToken must be false/,
  ],
  [
    'a token that is not said aloud',
    { object: VIRAL, path: `${POD}/automountServiceAccountToken` },
    /automountServiceAccountToken must be false/,
  ],
  ['Services as variables', { object: VIRAL, path: `${POD}/enableServiceLinks` }, /enableServiceLinks must be false/],
  [
    'a container that may write where it likes',
    { object: VIRAL, path: `${CONTAINER}/securityContext/readOnlyRootFilesystem` },
    /readOnlyRootFilesystem must be true/,
  ],
  ['no request of CPU', { object: VIRAL, path: `${CONTAINER}/resources/requests/cpu` }, /requests no cpu/],
  ['no limit of memory', { object: VIRAL, path: `${CONTAINER}/resources/limits` }, /has no limit of memory/],
  [
    'an image without a version',
    { object: VIRAL, path: `${CONTAINER}/image`, value: 'ghcr.io/dailydoco/dailydoco/viral-engine' },
    /has no tag/,
  ],
  [
    'an image that is whatever is newest',
    { object: VIRAL, path: `${CONTAINER}/image`, value: 'docker.io/library/kong:latest' },
    /names no version/,
  ],
  [
    'an image that nobody knows',
    { object: VIRAL, path: `${CONTAINER}/image`, value: 'docker.io/bitnami/kafka:4' },
    /is of no known repository/,
  ],
  [
    'an image of another version',
    { object: VIRAL, path: `${CONTAINER}/image`, value: 'ghcr.io/dailydoco/dailydoco/payouts:0.0.9' },
    /is not of version/,
  ],
  [
    'an image of the databases that nobody knows',
    { object: 'Cluster/dd-payouts-db', path: 'spec/imageName', value: 'example.com/postgres:18' },
    /is of no known repository/,
  ],
  ['no disruption budget', { object: 'PodDisruptionBudget/dd-viral-engine' }, /0 PodDisruptionBudgets select its pods/],
  ['no startup probe', { object: VIRAL, path: `${CONTAINER}/startupProbe` }, /has no startupProbe/],
  ['no readiness probe', { object: VIRAL, path: `${CONTAINER}/readinessProbe` }, /has no readinessProbe/],
  ['no liveness probe', { object: VIRAL, path: `${CONTAINER}/livenessProbe` }, /has no livenessProbe/],
  [
    'a grace that ends before the shutdown',
    { object: VIRAL, path: `${POD}/terminationGracePeriodSeconds`, value: 50 },
    /a shutdown may take 55000 ms, its grace ends after 50000 ms/,
  ],
  ['no preStop', { object: VIRAL, path: `${CONTAINER}/lifecycle` }, /has no preStop/],
  [
    'a rollout with a gap',
    { object: VIRAL, path: 'spec/strategy/rollingUpdate/maxUnavailable', value: 1 },
    /maxUnavailable is not 0/,
  ],
  ['pods that may all share a node', { object: VIRAL, path: `${POD}/topologySpreadConstraints` }, /not spread/],
  [
    'a Service of nobody',
    { object: 'Service/dd-viral-engine', path: 'spec/selector/app.kubernetes.io~1name', value: 'x' },
    /selects pods of 0 workloads/,
  ],
  [
    'a Service’s port that nobody opens',
    { object: 'Service/dd-viral-engine', path: 'spec/ports/0/targetPort', value: 'htpp' },
    /port 8080 leads to htpp, which no container/,
  ],
  [
    'a Secret that is not there',
    { object: 'Secret/dd-platform' },
    /names Secret\/dd-platform, which is neither rendered nor said to exist/,
  ],
  [
    'a key that the Secret does not have',
    { object: 'Secret/dd-platform', path: 'data/internal-token-secret' },
    /names key internal-token-secret of Secret\/dd-platform, which has no such key/,
  ],
  ['a ConfigMap that is not there', { object: 'ConfigMap/dd-kong' }, /names ConfigMap\/dd-kong/],
  [
    'an account that is not there',
    { object: 'ServiceAccount/dd-viral-engine' },
    /names ServiceAccount\/dd-viral-engine/,
  ],
  [
    'a volume that is not there',
    { object: 'PersistentVolumeClaim/dd-website-builder-sites' },
    /names PersistentVolumeClaim\/dd-website-builder-sites/,
  ],
  [
    'a Secret of an operator’s object that is gone',
    { object: 'KafkaUser/dd-payouts-kafka' },
    /names Secret\/dd-payouts-kafka/,
  ],
  [
    'the backend of a way in that is not there',
    { object: 'Service/dd-kong' },
    /Ingress\/dd-kong: names Service\/dd-kong/,
  ],
  [
    'an object that nothing uses',
    { object: 'ServiceAccount/dd-viral-engine', path: 'metadata/name', value: 'dd-viral-engin' },
    /dd-viral-engin: nothing in the release uses it/,
  ],
  [
    'a setting that is misspelt',
    { object: VIRAL, path: `${CONTAINER}/env/GRPC_PORT/name`, value: 'GRPC_PROT' },
    /GRPC_PROT is no setting of this process/,
  ],
  [
    'a setting that is required',
    { object: VIRAL, path: `${CONTAINER}/env`, value: [] },
    /DATABASE_URL is required and not given/,
  ],
  [
    'a secret in the open',
    { object: VIRAL, path: `${CONTAINER}/env/8`, value: { name: 'DATABASE_URL', value: 'x' } },
    /DATABASE_URL is a secret and must come as DATABASE_URL_FILE/,
  ],
  [
    'a setting that is given twice',
    { object: VIRAL, path: `${CONTAINER}/env/8`, value: { name: 'GRPC_PORT', value: '1' } },
    /GRPC_PORT is given twice/,
  ],
  [
    'a file that no volume brings',
    { object: VIRAL, path: `${POD}/volumes`, value: [] },
    /DATABASE_URL_FILE names \/run\/secrets\/dailydoco\/database-url, which no volume brings/,
  ],
  ['no denial', { object: 'NetworkPolicy/dd-default-deny' }, /no NetworkPolicy denies it everything/],
  [
    'a policy that is gone',
    { object: 'NetworkPolicy/dd-viral-engine' },
    /payouts → viral-engine:9090 stands in files\/flows\.yaml and is not let through/,
  ],
  [
    'a policy that lets everybody in',
    { object: 'NetworkPolicy/dd-payouts', path: 'spec/ingress', value: [{}] },
    /dd-payouts: a rule \(ingress\) names no port/,
  ],
  [
    'a neighbour that may not be called',
    { object: 'NetworkPolicy/dd-viral-engine', path: 'spec/egress', value: [] },
    /IDENTITY_GRPC_ADDRESS names dd-identity-grpc:9090, and the policies do not let it call identity:9090/,
  ],
  [
    'a neighbour that is not there',
    { object: 'Service/dd-identity-grpc' },
    /IDENTITY_GRPC_ADDRESS names dd-identity-grpc:9090, which is no Service/,
  ],
  [
    'background work that nobody does',
    { example: 'high-availability', object: 'Deployment/dd-viral-engine-background' },
    /Deployment\/dd-viral-engine: answers only, and no other pods do its background work/,
  ],
  [
    'background work that no policy lets out',
    { example: 'high-availability', object: 'NetworkPolicy/dd-viral-engine-background' },
    /viral-engine-background → identity:8080 stands in files\/flows\.yaml and is not let through \(egress\)/,
  ],
  [
    'background work that takes calls from others',
    {
      example: 'high-availability',
      object: 'Deployment/dd-viral-engine-background',
      path: `${CONTAINER}/env/GRPC_TLS_CLIENTS/value`,
      value: 'dd-payouts',
    },
    /dd-viral-engine-background: takes calls from dd-payouts, which has no need of it/,
  ],
  [
    'a caller that the certificates leave out',
    {
      example: 'high-availability',
      object: 'Certificate/dd-payouts',
      path: 'spec/dnsNames',
      value: ['dd-payouts-grpc'],
    },
    /calls dd-viral-engine-grpc, which does not take calls from it/,
  ],
  [
    'a server that its certificate does not name',
    { example: 'high-availability', object: 'Certificate/dd-payouts', path: 'spec/dnsNames', value: ['dd-payouts'] },
    /Deployment\/dd-identity: calls dd-payouts-grpc, which the certificate there does not name/,
  ],
  [
    'a client that has no business',
    {
      example: 'high-availability',
      object: 'Deployment/dd-payouts',
      path: `${CONTAINER}/env/GRPC_TLS_CLIENTS/value`,
      value: 'dd-identity,dd-analytics',
    },
    /takes calls from dd-analytics, which has no need of it/,
  ],
  [
    'an issuer that is not there',
    { example: 'high-availability', object: 'Issuer/dd-ca' },
    /Certificate\/dd-payouts: names Issuer\/dd-ca/,
  ],
  [
    'a probe that needs a certificate',
    {
      example: 'high-availability',
      object: VIRAL,
      path: `${CONTAINER}/readinessProbe`,
      value: { grpc: { port: 9090 } },
    },
    /its readinessProbe asks by gRPC, for which the kubelet has no certificate/,
  ],
  [
    'a probe that asks less than it could',
    { object: VIRAL, path: `${CONTAINER}/readinessProbe`, value: { httpGet: { port: 'http' } } },
    /its readinessProbe does not ask grpc\.health\.v1/,
  ],
  [
    'a topic that nobody makes',
    { object: 'KafkaTopic/dd-viral.events.v1' },
    /there is no KafkaTopic for viral\.events\.v1/,
  ],
  [
    'a topic with too few copies',
    { object: 'KafkaTopic/dd-viral.events.v1', path: 'spec/replicas', value: 2 },
    /has 2 copies, not 3/,
  ],
  [
    'a topic that acknowledges early',
    { object: 'KafkaTopic/dd-viral.events.v1', path: 'spec/config', value: {} },
    /acknowledges what fewer than 2 brokers have/,
  ],
  [
    'brokers that share a machine',
    { object: 'KafkaNodePool/dd-broker', path: 'spec/template/pod/affinity' },
    /its nodes may share a machine/,
  ],
  [
    'a lagging broker that may lead',
    { object: 'Kafka/dd-kafka', path: 'spec/kafka/config/unclean.leader.election.enable', value: true },
    /unclean\.leader\.election\.enable is true/,
  ],
  [
    'a purchase on one node',
    { object: 'Cluster/dd-viral-engine-db', path: 'spec/postgresql/synchronous' },
    /may be acknowledged that stands on one node only/,
  ],
  [
    'a write that waits for nobody',
    { object: 'Cluster/dd-payouts-db', path: 'spec/postgresql/synchronous/dataDurability', value: 'preferred' },
    /may be acknowledged that stands on one node only/,
  ],
  [
    'databases that share a node',
    { object: 'Cluster/dd-analytics-db', path: 'spec/affinity/podAntiAffinityType', value: 'preferred' },
    /its instances may share a node/,
  ],
  ['topics that nobody makes', { example: 'evaluation', object: 'KAFKA_JOB' }, /0 jobs make topics, not one/],
  [
    'topics with other copies than the stores can keep',
    { example: 'external-stores', object: 'Job/dd-topics', path: `${CONTAINER}/env`, value: [] },
    /makes who knows how many copies of topics, not 3/,
  ],
  [
    'a hook where stores come with the release',
    {
      example: 'evaluation',
      object: 'IDENTITY_JOB',
      path: 'metadata/annotations',
      value: { 'helm.sh/hook': 'pre-install' },
    },
    /is a hook of "pre-install" where "" is right/,
  ],
  [
    'an ordinary job that could not be replaced',
    { example: 'evaluation', object: 'IDENTITY_JOB', path: 'metadata/name', value: 'dd-identity-migrate' },
    /does not carry the version/,
  ],
  [
    'an ordinary job where stores exist',
    { example: 'external-stores', object: 'Job/dd-identity-migrate', path: 'metadata/annotations' },
    /is a hook of "" where "pre-install,pre-upgrade" is right/,
  ],
  [
    'a hook whose account comes too late',
    { example: 'external-stores', object: 'ServiceAccount/dd-identity-migrate', path: 'metadata/annotations' },
    /its account is a hook of "", or none/,
  ],
  [
    'a migration that holds more than its own',
    {
      example: 'external-stores',
      object: 'Job/dd-identity-migrate',
      path: `${POD}/volumes/0/projected/sources/0/secret/name`,
      value: 'payouts-app',
    },
    /holds 2 Secrets, not the owner’s alone/,
  ],
  [
    'a service that opens its database as the owner',
    {
      example: 'external-stores',
      object: VIRAL,
      path: `${POD}/volumes`,
      value: [{ name: 'x', secret: { secretName: 'viral-engine-owner' } }],
    },
    /holds viral-engine-owner, which only a migration needs/,
  ],
];

describe('the rules', () => {
  const rendered = new Map<Example, readonly KubernetesObject[]>();

  beforeAll(async () => {
    for (const example of EXAMPLES) rendered.set(example, await render({ example }));
  });

  function problemsOf(example: Example, objects: readonly KubernetesObject[]): string[] {
    return RULES.flatMap(({ problems }) => problems(objects, example));
  }

  it.each(BREAKS)('say so of %s', (_, wrong, message) => {
    const { example = 'production' } = wrong;
    const objects = rendered.get(example) ?? [];
    const known = new Set(problemsOf(example, objects));
    const found = problemsOf(example, broken(objects, { ...wrong, object: resolved(wrong.object, objects) }));
    expect(found.filter((problem) => !known.has(problem))).toContainEqual(expect.stringMatching(message));
  });

  /** The name of a job that carries a digest, by the workload that it runs. */
  function resolved(object: string, objects: readonly KubernetesObject[]): string {
    const workload = { KAFKA_JOB: 'dd-topics', IDENTITY_JOB: 'dd-identity-migrate' }[object];
    const job = objects.find(({ kind, metadata }) => kind === 'Job' && metadata.name.startsWith(workload ?? '\0'));
    return job === undefined ? object : nameOf(job);
  }
});
