import { TOPICS } from '@dailydoco/events';
import { type KubernetesObject, ofKind, podTemplates } from '../kubernetes.js';

/** As much of charts/dailydoco/files/topics.yaml as is compared. */
export interface TopicTable {
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: number;
    readonly retentionMs: number;
    readonly writtenBy: readonly string[];
    readonly readBy: readonly string[];
  }[];
}

type Shape = Readonly<Record<string, { readonly partitions: number; readonly retentionMs: number }>>;

/** Where the chart's table of topics differs from the one that services live by (libs/events). */
export function topicTableProblems({ topics }: TopicTable, wanted: Shape = TOPICS): string[] {
  const own = new Map(topics.map((topic) => [topic.name, topic]));
  const problems = [...own.keys()]
    .filter((name) => wanted[name] === undefined)
    .map((name) => `${name} is no topic of libs/events`);
  for (const [name, { partitions, retentionMs }] of Object.entries(wanted)) {
    const topic = own.get(name);
    if (topic === undefined) problems.push(`${name} is missing`);
    else if (topic.partitions !== partitions)
      problems.push(`${name} has ${topic.partitions} partitions, not ${partitions}`);
    else if (topic.retentionMs !== retentionMs)
      problems.push(`${name} is kept ${topic.retentionMs} ms, not ${retentionMs}`);
  }
  return problems;
}

/** What a service consumes, as its chart's service.yaml says. */
export interface ServiceFacts {
  readonly neighbours: readonly string[];
  readonly consumers: readonly { readonly group: string; readonly topics: readonly string[] }[];
}

/** Where the rights in the table differ from what services consume. */
export function topicRightsProblems(table: TopicTable, services: ReadonlyMap<string, ServiceFacts>): string[] {
  return table.topics.flatMap(({ name, readBy, writtenBy }) => {
    const readers = [...services].filter(([, { consumers }]) => consumers.some(({ topics }) => topics.includes(name)));
    const needed = readers.map(([service]) => service);
    return [
      ...needed
        .filter((service) => !readBy.includes(service))
        .map((service) => `${name}: ${service} consumes it and may not read it`),
      ...readBy
        .filter((service) => !needed.includes(service))
        .map((service) => `${name}: ${service} may read it and consumes nothing of it`),
      ...(writtenBy.length === 1 ? [] : [`${name}: is written by ${writtenBy.length} services, not by one`]),
    ];
  });
}

/** Topics are made once: as resources of Strimzi, or by a job, which then makes as many copies as the values say. */
export function topicMakingProblems(objects: readonly KubernetesObject[], expected: 'strimzi' | number): string[] {
  const resources = ofKind(objects, 'KafkaTopic').map(({ spec }) => (spec as { topicName: string }).topicName);
  const jobs = podTemplates(objects).filter(({ workload }) => workload === 'topics');
  if (expected === 'strimzi') {
    const missing = Object.keys(TOPICS).filter((name) => !resources.includes(name));
    return [
      ...missing.map((name) => `there is no KafkaTopic for ${name}`),
      ...(jobs.length === 0 ? [] : ['topics are made by Strimzi and by a job']),
    ];
  }
  const [job] = jobs;
  if (jobs.length !== 1 || job === undefined) return [`${jobs.length} jobs make topics, not one`];
  const variables = job.spec.containers.flatMap(({ env = [] }) => env);
  const copies = variables.find(({ name }) => name === 'TOPIC_REPLICATION_FACTOR')?.value;
  return copies === String(expected)
    ? []
    : [`the job makes ${copies ?? 'who knows how many'} copies of topics, not ${expected}`];
}
