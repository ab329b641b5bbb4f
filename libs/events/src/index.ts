export { eventsMigrations } from './migrations.js';
export { type EventCodec, type EventType, defineEvent } from './event-type.js';
export { events } from './catalogue.js';
export { TOPICS, TOPIC_NAMES, type TopicDefinition, type TopicName } from './topics.js';
export { Outbox, type OutgoingEvent, outgoing } from './outbox.js';
export { OutboxRelay, type OutboxRelayOptions } from './relay.js';
export { republish } from './republish.js';
export type { RepublishSelection } from './outbox.store.js';
export type {
  Broker,
  BrokerAdmin,
  BrokerConsumer,
  BrokerConsumerOptions,
  BrokerProducer,
  IncomingBatch,
  IncomingMessage,
  OutgoingMessage,
  PartitionLag,
} from './broker.js';
export { kafkaBroker, type KafkaBrokerOptions } from './kafka-broker.js';
export { ensureTopics } from './ensure-topics.js';
export { type ConsumerDefinition, type ReceivedEvent, defineConsumer, isEvent } from './consumer.js';
export { type ConsumerLag, ConsumerRunner, type ConsumerRunnerOptions } from './consumer-runner.js';
export { type ReplayOptions, type ReplayReport, replayParked } from './replay.js';
export { type ParkedEvent, type TopicKey, discardParked, listParked, requestReplay } from './parked.store.js';
export type { EventsLogger } from './logger.js';
