import { beforeAll, describe, expect, it } from '@jest/globals';
import { ChartRefusal, type Rendering, renderText } from './helm.js';

// What is wrong in the values stops the installation before anything is made, with words that say where and what to do.

type Refusal = readonly [what: string, rendering: Rendering, words: RegExp];

const values = (given: object): Rendering => ({ values: given });
const global = (given: object): Rendering => values({ global: given });
const stores = (given: object): Rendering => global({ stores: given });
const kong = (given: object): Rendering => values({ kong: given });

const SCHEMA: readonly Refusal[] = [
  ['a value that is none', values({ nonsense: 1 }), /at '': additional properties 'nonsense' not allowed/],
  [
    'a global value that is none',
    global({ nonsense: 1 }),
    /at '\/global': additional properties 'nonsense' not allowed/,
  ],
  [
    'a misspelt value of a service',
    values({ 'viral-engine': { replica: 3 } }),
    /- at '': additional properties 'replica' not allowed/,
  ],
  [
    'a log level that is none',
    global({ logLevel: 'verbose' }),
    /at '\/global\/logLevel': value must be one of 'trace', 'debug', 'info', 'warn', 'error'/,
  ],
  [
    'a pull policy that is none',
    global({ image: { pullPolicy: 'Sometimes' } }),
    /pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'/,
  ],
  ['a tag with a blank', global({ image: { tag: 'a b' } }), /at '\/global\/image\/tag': 'a b' does not match pattern/],
  [
    'a public address without a scheme',
    global({ publicUrl: 'growth.example.com' }),
    /at '\/global\/publicUrl': 'growth\.example\.com' does not match pattern/,
  ],
  [
    'a database that we do not run on',
    stores({ postgres: { mode: 'mysql' } }),
    /postgres\/mode': value must be one of 'evaluation', 'cloudnativepg', 'existing'/,
  ],
  [
    'a Redis that we cannot make',
    stores({ redis: { mode: 'cluster' } }),
    /redis\/mode': value must be one of 'evaluation', 'existing'/,
  ],
  [
    'a Kafka of old',
    stores({ kafka: { mode: 'zookeeper' } }),
    /kafka\/mode': value must be one of 'evaluation', 'strimzi', 'existing'/,
  ],
  [
    'a database with one instance',
    stores({ postgres: { cloudnativepg: { instances: 1 } } }),
    /cloudnativepg\/instances': minimum: got 1, want 3/,
  ],
  [
    'two brokers',
    stores({ kafka: { strimzi: { brokers: { replicas: 2 } } } }),
    /brokers\/replicas': minimum: got 2, want 3/,
  ],
  [
    'an even number of controllers',
    stores({ kafka: { strimzi: { controllers: { replicas: 4 } } } }),
    /controllers\/replicas': value must be one of 3, 5, 7/,
  ],
  [
    'a login to Kafka that services cannot do',
    stores({ kafka: { existing: { saslMechanism: 'gssapi' } } }),
    /saslMechanism': value must be one of 'none', 'plain', 'scram-sha-256', 'scram-sha-512'/,
  ],
  [
    'Secrets from nowhere',
    global({ secrets: { mode: 'plain' } }),
    /secrets\/mode': value must be one of 'generated', 'existing', 'externalSecrets'/,
  ],
  [
    'an administrator without an address',
    global({ secrets: { adminEmail: 'nobody' } }),
    /adminEmail': 'nobody' does not match pattern/,
  ],
  [
    'a store of secrets that is none',
    global({ secrets: { externalSecrets: { store: { kind: 'Vault' } } } }),
    /store\/kind': value must be one of 'SecretStore', 'ClusterSecretStore'/,
  ],
  ['a port that is none', global({ networkPolicy: { ports: { dns: [0] } } }), /ports\/dns\/0': minimum: got 0, want 1/],
  [
    'a text for a number',
    values({ 'viral-engine': { replicas: 'three' } }),
    /- at '\/replicas': got string, want integer/,
  ],
  [
    'a text for yes or no',
    global({ mtls: { enabled: 'yes' } }),
    /at '\/global\/mtls\/enabled': got string, want boolean/,
  ],
  [
    'a rail whose Secret has no name that can be one',
    values({ payouts: { rails: { stripe: { secretName: 'My Secret' } } } }),
    /at '\/rails\/stripe\/secretName': 'My Secret' does not match pattern/,
  ],
  ['a service without pods', values({ payouts: { replicas: 0 } }), /- at '\/replicas': minimum: got 0, want 1/],
  [
    'a way of scaling that is none',
    values({ payouts: { autoscaling: { mode: 'vpa' } } }),
    /autoscaling\/mode': value must be one of 'none', 'hpa', 'keda'/,
  ],
  [
    'memory that is no quantity',
    values({ payouts: { resources: { limits: { memory: 'lots' } } } }),
    /limits\/memory': 'lots' does not match pattern/,
  ],
  [
    'a pause below nothing',
    values({ payouts: { shutdown: { delayMs: -1 } } }),
    /shutdown\/delayMs': minimum: got -1, want 0/,
  ],
  [
    'a setting whose name cannot be one',
    values({ payouts: { settings: { 'lower-case': 'x' } } }),
    /at '\/settings': additional properties 'lower-case' not allowed/,
  ],
  [
    'a network that is none',
    kong({ adminNetworks: ['everywhere'] }),
    /adminNetworks\/0': 'everywhere' does not match pattern/,
  ],
  ['a network wider than addresses are', kong({ trustedIps: ['10.0.0.1/99'] }), /trustedIps\/0'.*10\.0\.0\.1\/99/],
  ['one origin where a list is wanted', kong({ cors: { origins: '*' } }), /cors\/origins': got string, want array/],
  [
    'a setting of something else than Kong',
    kong({ settings: { DATABASE: 'postgres' } }),
    /at '\/kong\/settings': additional properties 'DATABASE' not allowed/,
  ],
  [
    'a way of telemetry that is none',
    global({ telemetry: { mode: 'jaeger' } }),
    /telemetry\/mode': value must be one of 'off', 'collector', 'external'/,
  ],
];

const SENTENCES: readonly Refusal[] = [
  [
    'a wallet without the chain that it pays on',
    values({ payouts: { rails: { usdc: { secretName: 'wallet' } } } }),
    /payouts\.rails\.usdc\.secretName wants payouts\.settings\.USDC_CHAIN_ID and payouts\.settings\.USDC_TOKEN_ADDRESS/,
  ],
  [
    'anchors without the chain and the contract',
    values({ 'viral-engine': { anchors: { secretName: 'anchors' }, settings: { ANCHOR_CHAIN_ID: 8453 } } }),
    /viral-engine\.anchors\.secretName wants viral-engine\.settings\.ANCHOR_CHAIN_ID and viral-engine\.settings\.ANCHOR_CONTRACT/,
  ],
  [
    'the key of anchors among the settings',
    values({ 'viral-engine': { settings: { ANCHOR_KEY: '0x1' } } }),
    /viral-engine\.settings\.ANCHOR_KEY: the chart sets ANCHOR_KEY itself.* anchors under viral-engine\.anchors/,
  ],
  [
    'a key of Stripe from two places',
    values({ payouts: { rails: { stripe: { secretName: 'stripe' } }, settings: { STRIPE_API_KEY: 'sk_test_1' } } }),
    /payouts\.settings\.STRIPE_API_KEY: the chart sets STRIPE_API_KEY itself/,
  ],
  [
    'images of whatever version is newest',
    global({ image: { tag: 'latest' } }),
    /the tag of image .* is `latest`, which names no version: name one/,
  ],
  [
    'a Kong of whatever version is newest',
    kong({ image: { tag: 'latest' } }),
    /the tag of image library\/kong is `latest`/,
  ],
  [
    'existing Secrets without names',
    global({ secrets: { mode: 'existing' } }),
    /must each name a Secret in namespace dailydoco: global\.secrets\.existing\.platform \(keys internal-token-secret, key-encryption-secret\)/,
  ],
  [
    'External Secrets without a store',
    global({ secrets: { mode: 'externalSecrets' } }),
    /global\.secrets\.externalSecrets\.store\.name must name the SecretStore/,
  ],
  [
    'an existing database without its Secrets',
    stores({ postgres: { mode: 'existing' } }),
    /global\.secrets\.existing\.databases\.identity\.app \(keys username, password, url\)/,
  ],
  [
    'mail that nobody could send',
    stores({ postgres: { mode: 'cloudnativepg' } }),
    /global\.secrets\.existing\.mail \(keys url\)/,
  ],
  [
    'a production without an administrator',
    global({ stores: { postgres: { mode: 'cloudnativepg' } }, secrets: { existing: { mail: 'mail' } } }),
    /global\.secrets\.adminEmail must be the e-mail address of the first administrator/,
  ],
  [
    'a database that policies do not let services reach',
    { example: 'external-stores', values: { global: { networkPolicy: { peers: { postgres: [] } } } } },
    /global\.networkPolicy\.peers\.postgres must say where the existing postgres is/,
  ],
  [
    'a setting that the chart makes',
    values({ payouts: { settings: { DATABASE_URL: 'x' } } }),
    /payouts\.settings\.DATABASE_URL: the chart sets DATABASE_URL itself/,
  ],
  [
    'a setting of Kong that the chart makes',
    kong({ settings: { KONG_DATABASE: 'postgres' } }),
    /kong\.settings\.KONG_DATABASE: the chart sets KONG_DATABASE itself/,
  ],
  [
    'fewer at most than at least',
    values({ payouts: { autoscaling: { mode: 'hpa', minReplicas: 5, maxReplicas: 2 } } }),
    /payouts\.autoscaling\.minReplicas is 5 and more than maxReplicas, which is 2/,
  ],
  [
    'pods that nobody told to publish',
    values({ 'viral-engine': { settings: { BACKGROUND_WORK: false } } }),
    /settings\.BACKGROUND_WORK: the chart sets BACKGROUND_WORK itself\..* background work under viral-engine\.background/,
  ],
  [
    'pods that scale by events which others consume',
    values({
      'viral-engine': {
        background: { separate: true },
        autoscaling: { mode: 'keda' },
        resources: { requests: { cpu: '500m' } },
      },
    }),
    /viral-engine\.autoscaling\.mode is keda, and with viral-engine\.background\.separate its pods consume no events/,
  ],
  [
    'background work that always looks busy',
    values({ 'viral-engine': { background: { separate: true, autoscaling: { mode: 'keda' } } } }),
    /as a share of viral-engine\.background\.resources\.requests\.cpu, which is 50m/,
  ],
  [
    'two sites’ folders',
    values({ 'website-builder': { replicas: 2 } }),
    /more than one replica needs website-builder\.sites\.accessMode ReadWriteMany/,
  ],
  [
    'memory that gives no whole heap',
    values({ payouts: { resources: { limits: { memory: '0.5Gi' } } } }),
    /payouts\.resources\.limits\.memory is "0\.5Gi": give whole Mi or Gi/,
  ],
  [
    'an ingress that nobody trusts',
    kong({ ingress: { enabled: true } }),
    /kong\.trustedIps must name the networks of the ingress controller/,
  ],
  [
    'two ways in',
    kong({
      trustedIps: ['10.0.0.0/8'],
      ingress: { enabled: true, hosts: ['a.example.com'] },
      gatewayApi: { enabled: true },
    }),
    /kong\.ingress\.enabled and kong\.gatewayApi\.enabled contradict each other/,
  ],
  [
    'a route of no Gateway',
    kong({ trustedIps: ['10.0.0.0/8'], gatewayApi: { enabled: true } }),
    /kong\.gatewayApi\.parentRefs must name the Gateway/,
  ],
  [
    'gRPC from outside beside mTLS',
    values({ kong: { grpc: { enabled: true } }, global: { mtls: { enabled: true } } }),
    /kong\.grpc\.enabled and global\.mtls\.enabled contradict each other/,
  ],
  [
    'a collector that sends to nobody',
    global({ telemetry: { mode: 'collector' } }),
    /collector\.tracesEndpoint must say where traces are sent/,
  ],
  [
    'a release name too long',
    { release: 'a-release-name-that-is-much-too-long-for-this' },
    /is longer than 30 characters/,
  ],
];

async function refusalOf(rendering: Rendering): Promise<string> {
  try {
    await renderText(rendering);
  } catch (error) {
    if (error instanceof ChartRefusal) return error.message;
    throw error;
  }
  return '(rendered)';
}

/** Objects put into one another; no two of the table's wrong values stand in the same place. */
function merged(one: unknown, other: unknown): unknown {
  if (!isObject(one) || !isObject(other)) return other;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return Object.fromEntries([...keys].map((key) => [key, key in other ? merged(one[key], other[key]) : one[key]]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

describe('the schema of the values', () => {
  let refusal: string;

  // Helm tells of everything that the schemas refuse at once, so one rendering shows them all.
  beforeAll(async () => {
    const all = SCHEMA.reduce<unknown>((sum, [, rendering]) => merged(sum, rendering.values), {});
    refusal = await refusalOf({ values: all as object });
  });

  it('is what refuses', () => {
    expect(refusal).toContain("values don't meet the specifications of the schema(s)");
  });

  it.each(SCHEMA)('refuses %s', (_, __, words) => {
    expect(refusal).toMatch(words);
  });

  it('refuses nothing else', () => {
    expect(refusal.match(/^ *- at '.*(?<!validation failed)$/gm)?.length).toBe(SCHEMA.length);
  });
});

describe('the templates', () => {
  it.each(SENTENCES)('refuse %s', async (_, rendering, words) => {
    expect(await refusalOf(rendering)).toMatch(words);
  });
});
