// A relay in a process of its own, for tests that kill or freeze it. Says so to its parent when it begins to publish,
// and ends with it.
import { Lifecycle } from '@dailydoco/lifecycle';
import { OutboxRelay, kafkaBroker } from '../src/index.js';

const [connectionString = '', brokers = '', topicPrefix = ''] = process.argv.slice(2);
const say = (level: string) => (fields: object, message: string) => process.send?.({ level, message, ...fields });
const logger = { info: say('info'), warn: say('warn'), error: say('error') };
const lifecycle = new Lifecycle({ logger, notReadyDelayMs: 0, drainTimeoutMs: 5_000 });
const broker = kafkaBroker({ brokers: brokers.split(','), clientId: 'relay-process', topicPrefix });
const relay = new OutboxRelay({
  connectionString,
  broker,
  logger,
  lifecycle,
  maxBatchEvents: 20,
  pollMs: 100,
  retryMs: 100,
  frozenAfterMs: 1_000,
});
process.once('disconnect', () => process.exit(0));
await relay.start();
