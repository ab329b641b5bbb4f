import { describe, expect, it } from '@jest/globals';
import { getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { TOPIC_NAMES, ensureTopics, kafkaBroker } from '../src/index.js';

const ROUNDS = 5;
/** Enough keys to meet each of twelve partitions. */
const KEYS = 120;

describe('the topics of the fleet', () => {
  it('take what is sent at once after they were made, in every partition', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const broker = kafkaBroker({
        brokers: (await getStores()).kafkaBrokers,
        clientId: 'topics-test',
        topicPrefix: uniqueTopicPrefix(),
      });
      expect(await ensureTopics(broker, 1)).toEqual(TOPIC_NAMES);
      const producer = broker.producer();
      const messages = TOPIC_NAMES.flatMap((topic) =>
        Array.from({ length: KEYS }, (_, key) => ({ topic, key: `${key}`, value: Buffer.from('sent'), headers: {} })),
      );
      await producer.send(messages);
      await producer.close();
      expect(await ensureTopics(broker, 1)).toEqual([]);
    }
  });
});
