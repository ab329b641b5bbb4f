import { type KubernetesObject, nameOf, ofKind } from '../kubernetes.js';

// An acknowledged purchase survives the loss of any one node: what that asks of stores that the release itself orders.

/** Services whose acknowledged writes are money, or decide who may touch it. */
const SYNCHRONOUS = ['identity', 'viral-engine', 'payouts'];
const COPIES = 3;
const WRITTEN_COPIES = 2;

interface ClusterSpec {
  readonly instances: number;
  readonly postgresql?: {
    readonly synchronous?: {
      readonly number: number;
      readonly dataDurability?: string;
      readonly failoverQuorum?: boolean;
    };
  };
  readonly affinity?: { readonly podAntiAffinityType?: string; readonly enablePodAntiAffinity?: boolean };
}

export function durabilityProblems(objects: readonly KubernetesObject[], release: string): string[] {
  return [
    ...ofKind(objects, 'Cluster').flatMap((cluster) => databaseProblems(cluster, release)),
    ...ofKind(objects, 'Kafka').flatMap(kafkaProblems),
    ...ofKind(objects, 'KafkaNodePool').flatMap(poolProblems),
    ...ofKind(objects, 'KafkaTopic').flatMap(topicProblems),
  ];
}

function databaseProblems(cluster: KubernetesObject, release: string): string[] {
  const { instances, postgresql, affinity } = cluster.spec as ClusterSpec;
  const problems: string[] = [];
  if (instances < COPIES) problems.push(`has ${instances} instances, not ${COPIES}`);
  if (affinity?.enablePodAntiAffinity !== true || affinity.podAntiAffinityType !== 'required')
    problems.push('its instances may share a node');
  const synchronous = postgresql?.synchronous;
  const money = SYNCHRONOUS.some((service) => cluster.metadata.name === `${release}-${service}-db`);
  if (money && (synchronous === undefined || synchronous.number < 1 || synchronous.dataDurability !== 'required'))
    problems.push('a write may be acknowledged that stands on one node only');
  if (money && synchronous?.failoverQuorum !== true)
    problems.push('a standby may take over that lacks acknowledged writes');
  return problems.map((problem) => `${nameOf(cluster)}: ${problem}`);
}

/** Settings of the brokers that must have exactly these values. */
const BROKER_SETTINGS: Readonly<Record<string, unknown>> = {
  'default.replication.factor': COPIES,
  'min.insync.replicas': WRITTEN_COPIES,
  'offsets.topic.replication.factor': COPIES,
  'unclean.leader.election.enable': false,
  'auto.create.topics.enable': false,
};

function kafkaProblems(kafka: KubernetesObject): string[] {
  const { config } = (kafka.spec as { kafka: { config: Readonly<Record<string, unknown>> } }).kafka;
  return Object.entries(BROKER_SETTINGS)
    .filter(([key, value]) => config[key] !== value)
    .map(([key, value]) => `${nameOf(kafka)}: ${key} is ${String(config[key])}, not ${String(value)}`);
}

function poolProblems(pool: KubernetesObject): string[] {
  const { replicas, template } = pool.spec as {
    replicas: number;
    template?: {
      pod?: { affinity?: { podAntiAffinity?: { requiredDuringSchedulingIgnoredDuringExecution?: object[] } } };
    };
  };
  const problems: string[] = [];
  if (replicas < COPIES) problems.push(`${nameOf(pool)}: has ${replicas} nodes, not ${COPIES}`);
  if (template?.pod?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution === undefined)
    problems.push(`${nameOf(pool)}: its nodes may share a machine`);
  return problems;
}

function topicProblems(topic: KubernetesObject): string[] {
  const { replicas, config } = topic.spec as { replicas: number; config: Readonly<Record<string, unknown>> };
  const problems: string[] = [];
  if (replicas !== COPIES) problems.push(`${nameOf(topic)}: has ${replicas} copies, not ${COPIES}`);
  if (config['min.insync.replicas'] !== WRITTEN_COPIES)
    problems.push(`${nameOf(topic)}: acknowledges what fewer than ${WRITTEN_COPIES} brokers have`);
  return problems;
}
