import type { Broker } from './broker.js';
import { TOPICS, TOPIC_NAMES } from './topics.js';

/**
 * Creates the topics of the fleet that do not exist; existing ones are left as they are, whatever their partitions.
 * Returns the names of those created.
 */
export async function ensureTopics(broker: Broker, replicationFactor: number): Promise<string[]> {
  const admin = broker.admin();
  try {
    return await admin.createTopics(
      TOPIC_NAMES.map((name) => ({ name, ...TOPICS[name] })),
      replicationFactor,
    );
  } finally {
    await admin.close();
  }
}
