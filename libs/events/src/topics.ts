/** How one topic is made. Partitions are never added later by code: that would move keys and break their order. */
export interface TopicDefinition {
  readonly partitions: number;
  /** How long the broker keeps a message, in milliseconds. */
  readonly retentionMs: number;
}

const DAY_MS = 86_400_000;
const RETENTION_MS = 7 * DAY_MS;

/**
 * How long a consumer remembers that it has seen an event: more than twice the topics' retention, so that nothing that
 * Kafka can still deliver is taken for new.
 */
export const INBOX_RETENTION_MS = 30 * DAY_MS;

/** How long a published row stays in the outbox, so that it can be published again: as long as Kafka keeps it. */
export const OUTBOX_RETENTION_MS = RETENTION_MS;

export const TOPICS = {
  'identity.events.v1': { partitions: 6, retentionMs: RETENTION_MS },
  'viral.events.v1': { partitions: 12, retentionMs: RETENTION_MS },
  'payouts.events.v1': { partitions: 6, retentionMs: RETENTION_MS },
  'website.events.v1': { partitions: 6, retentionMs: RETENTION_MS },
  'analytics.events.v1': { partitions: 6, retentionMs: RETENTION_MS },
  'ai.events.v1': { partitions: 6, retentionMs: RETENTION_MS },
} as const satisfies Record<string, TopicDefinition>;

export type TopicName = keyof typeof TOPICS;

export const TOPIC_NAMES = Object.keys(TOPICS) as readonly TopicName[];
