import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Example } from './helm.js';
import { NAMESPACE, RELEASE } from './helm.js';
import type { KubernetesObject } from './kubernetes.js';
import { podTemplates } from './kubernetes.js';
import { chartsFolder, examplesFolder, umbrellaFolder } from './places.js';
import { availabilityProblems } from './policies/availability.js';
import { backgroundProblems } from './policies/background.js';
import { durabilityProblems } from './policies/durability.js';
import { environmentProblems } from './policies/environment.js';
import { hookNeedProblems, hookProblems, leastSecretProblems, type Made } from './policies/hooks.js';
import { imageProblems } from './policies/images.js';
import { labelProblems } from './policies/labels.js';
import { mtlsProblems } from './policies/mtls.js';
import { defaultDenyProblems, flowProblems, type FlowTable, neighbourProblems } from './policies/network.js';
import { podProblems } from './policies/pods.js';
import { inventoryOf, referenceProblems, unusedProblems } from './policies/references.js';
import { selectorProblems } from './policies/selectors.js';
import { type ServiceFacts, topicMakingProblems, type TopicTable } from './policies/topics.js';
import { readSettings } from './settings.js';

function readYaml<T>(file: string): T {
  return parse(readFileSync(file, 'utf8')) as T;
}

export function readFlows(): FlowTable {
  return readYaml(join(umbrellaFolder, 'files', 'flows.yaml'));
}

export function readTopics(): TopicTable {
  return readYaml(join(umbrellaFolder, 'files', 'topics.yaml'));
}

export function readServiceFacts(): ReadonlyMap<string, ServiceFacts> {
  const services = readFlows().groups['services'] ?? [];
  return new Map(services.map((name) => [name, readYaml<ServiceFacts>(join(chartsFolder, name, 'service.yaml'))]));
}

/** The version of the product, which its images are tagged with. */
export function readAppVersion(): string {
  return readYaml<{ appVersion: string }>(join(umbrellaFolder, 'Chart.yaml')).appVersion;
}

export function readExampleValues(example: Example): unknown {
  return readYaml(join(examplesFolder, example, 'values.yaml'));
}

// Values under which an installation names Secrets of its own, as strings.
const GIVEN = /(^|\.)(existing|pullSecrets)(\.|$)|secretName$/i;

/** The names of Secrets that values say exist. */
export function secretsGiven(values: unknown, path = ''): string[] {
  if (typeof values === 'string') return GIVEN.test(path) && values !== '' ? [values] : [];
  if (typeof values !== 'object' || values === null) return [];
  return Object.entries(values).flatMap(([key, value]) => secretsGiven(value, path === '' ? key : `${path}.${key}`));
}

/** Which stores, or the Secrets that open them, each example's release makes itself. */
export const MADE: Readonly<Record<Example, Made>> = {
  evaluation: { databases: true, topics: true },
  production: { databases: true, topics: true },
  'high-availability': { databases: true, topics: true },
  'external-stores': { databases: false, topics: false },
};

/** How each example's topics come to be: by Strimzi, or by a job that makes so many copies. */
const TOPICS_MADE: Readonly<Record<Example, 'strimzi' | number>> = {
  evaluation: 1,
  production: 'strimzi',
  'high-availability': 'strimzi',
  'external-stores': 3,
};

/** A rule that every rendering of an example must meet, by the sentence that it stands for. */
export interface Rule {
  readonly title: string;
  readonly problems: (objects: readonly KubernetesObject[], example: Example) => readonly string[];
}

export const RULES: readonly Rule[] = [
  {
    title: 'every object is named and labelled as part of the release',
    problems: (objects) => labelProblems(objects, { release: RELEASE, namespace: NAMESPACE }),
  },
  {
    title:
      'every container is read-only, bounded and asks for what it needs, and no pod gets a token that it does not use',
    problems: (objects) => podTemplates(objects).flatMap(podProblems),
  },
  {
    title: 'every image is known and names its version',
    problems: (objects) => imageProblems(objects, readAppVersion()),
  },
  {
    title:
      'everything that serves has probes and a disruption budget, rolls without a gap, and has the time to stop in order',
    problems: availabilityProblems,
  },
  { title: 'every selector and every port meets a pod', problems: selectorProblems },
  {
    title: 'everything that is referred to exists',
    problems: (objects, example) =>
      referenceProblems(objects, inventoryOf(objects, secretsGiven(readExampleValues(example)))),
  },
  { title: 'everything that is rendered is used', problems: unusedProblems },
  {
    title: 'every variable is a setting that its process knows, secrets come as files, and every file is mounted',
    problems: (objects) => environmentProblems(objects, readSettings()),
  },
  { title: 'where pods only answer, others do the work behind the answers', problems: backgroundProblems },
  { title: 'what is not allowed between pods is denied', problems: defaultDenyProblems },
  {
    title: 'the policies let through what files/flows.yaml says and nothing else',
    problems: (objects) => flowProblems(objects, readFlows()),
  },
  { title: 'every neighbour that a pod is told of may be called', problems: neighbourProblems },
  { title: 'certificates, lists of clients and probes let those speak that have to', problems: mtlsProblems },
  {
    title: 'topics are made once, with as many copies as the stores can keep',
    problems: (objects, example) => topicMakingProblems(objects, TOPICS_MADE[example]),
  },
  {
    title: 'stores lose no acknowledged write with one node',
    problems: (objects) => durabilityProblems(objects, RELEASE),
  },
  {
    title: 'jobs run when their stores are there: on installation',
    problems: (objects, example) => [
      ...hookProblems(objects, MADE[example], false),
      ...hookNeedProblems(objects, false),
    ],
  },
  { title: 'migrations alone open databases as their owner', problems: leastSecretProblems },
];
