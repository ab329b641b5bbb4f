import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { isGenerated } from './goldens.js';
import { type Example, NAMESPACE, render, renderText, type Rendering } from './helm.js';
import { type KubernetesObject, nameOf, ofKind, parseObjects } from './kubernetes.js';
import { type KnownKind, type LookupCluster, lookupFlags, startLookupCluster } from './lookup-cluster.js';
import { hookEvents } from './policies/hooks.js';

// What the chart does about what a cluster holds already. Every namespace has this account; by it the chart knows a cluster.
const ACCOUNT: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name: 'default', namespace: NAMESPACE },
  source: '',
};

describe('in a cluster', () => {
  let cluster: LookupCluster | undefined;
  let evaluation: readonly KubernetesObject[];

  beforeAll(async () => {
    evaluation = await render({ example: 'evaluation' });
  });
  afterEach(async () => {
    await cluster?.close();
    cluster = undefined;
  });

  async function renderIn(kinds: readonly KnownKind[], objects: readonly KubernetesObject[], rendering: Rendering) {
    cluster = await startLookupCluster([...kinds, ACCOUNT], [...objects, ACCOUNT]);
    return parseObjects(await renderText({ ...rendering, flags: lookupFlags(cluster) }));
  }

  const secretsOf = (objects: readonly KubernetesObject[]) =>
    objects.filter(isGenerated).map((object) => [nameOf(object), object.data] as const);

  it('an upgrade keeps every generated Secret as it is', async () => {
    const upgraded = await renderIn(evaluation, evaluation, { example: 'evaluation', upgrade: true });
    expect(secretsOf(upgraded)).toEqual(secretsOf(evaluation));
    expect(secretsOf(upgraded).length).toBeGreaterThan(10);
  });

  it('a second release of the same name draws its Secrets anew', async () => {
    const again = await renderIn(evaluation, [], { example: 'evaluation' });
    const platform = (objects: readonly KubernetesObject[]) =>
      objects.find((object) => nameOf(object) === 'Secret/dd-platform')?.data;
    expect(platform(again)).not.toEqual(platform(evaluation));
  });

  it('the gateway’s keys, which a job writes, are never written over', async () => {
    const keys = evaluation.find((object) => nameOf(object) === 'Secret/dd-kong-keys');
    expect(keys).toBeDefined();
    expect(keys?.data).toBeUndefined();
  });

  it.each([
    ['Secret/dd-identity-database-owner', 'dd-identity-migrate'],
    ['StatefulSet/dd-kafka', 'dd-topics'],
  ])('an upgrade that first brings %s does not wait for it with a hook', async (missing, job) => {
    const there = evaluation.filter((object) => nameOf(object) !== missing);
    const upgraded = await renderIn(evaluation, there, { example: 'evaluation', upgrade: true });
    const jobs = ofKind(upgraded, 'Job').map((one) => [one.metadata.name.replace(/-0-.*$/, ''), hookEvents(one)]);
    const others = jobs.filter(([name]) => name !== job).map(([, events]) => events);
    expect(Object.fromEntries(jobs)[job]).toBe('');
    expect(new Set(others)).toEqual(new Set(['pre-upgrade']));
  });

  const needsOperators: readonly (readonly [Example, string, RegExp])[] = [
    [
      'production',
      'postgresql.cnpg.io',
      /asks for CloudNativePG.*does not know postgresql\.cnpg\.io\/v1\/Cluster: install the operator first/,
    ],
    ['production', 'kafka.strimzi.io', /asks for Strimzi.*install the operator first/],
    ['high-availability', 'external-secrets.io', /asks for External Secrets.*install the operator first/],
  ];

  it.each(needsOperators)('%s without the operator of %s is refused with a sentence', async (example, group, words) => {
    const objects = await render({ example });
    const known = objects.filter(({ apiVersion }) => !apiVersion.startsWith(group));
    await expect(renderIn(known, [], { example })).rejects.toThrow(words);
  });

  it.each(['production', 'high-availability'] as const)('%s with its operators is rendered', async (example) => {
    const objects = await render({ example });
    const rendered = await renderIn(objects, [], { example });
    expect(rendered.map(nameOf)).toEqual(objects.map(nameOf));
  });
});
