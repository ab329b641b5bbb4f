import type { TopicDefinition } from './topics.js';

// What this library needs of a message broker, and nothing more. `kafka-broker.ts` is the only file that knows which
// client library stands behind it.

export interface Broker {
  /** Not connected yet: `send` connects. */
  readonly producer: () => BrokerProducer;
  /** Not running yet: `start` does. */
  readonly consumer: (options: BrokerConsumerOptions) => BrokerConsumer;
  readonly admin: () => BrokerAdmin;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** One sender. Calls must not overlap: order is promised only for one send after the other. */
export interface BrokerProducer {
  /**
   * Writes the messages, of each key in the order given, and resolves when every in-sync replica has them. Rejects when
   * it is not sure of all of them; some may have been written then. Never retries by itself.
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  close(): Promise<void>;
}

export interface IncomingMessage {
  readonly key: string | undefined;
  readonly value: Uint8Array | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly offset: bigint;
}

/** Consecutive messages of one partition. The membership of the group is kept alive as long as the batch is worked on. */
export interface IncomingBatch {
  readonly topic: string;
  readonly partition: number;
  readonly messages: readonly IncomingMessage[];
  /** False once the partition may be somebody else's, or the consumer is stopping: then return, nothing is lost. */
  readonly owned: () => boolean;
  /** Says that everything up to and including this offset is done, durably. */
  readonly commit: (offset: bigint) => Promise<void>;
}

export interface BrokerConsumerOptions {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly fromBeginning: boolean;
  /** How many partitions may be worked on at the same time; within one partition batches never overlap. */
  readonly partitionsInParallel: number;
  /** An error is taken for a crash of the consumer: it begins again at the last committed offset. */
  readonly onBatch: (batch: IncomingBatch) => Promise<void>;
  /** Each time the consumer does or tries something: connecting, joining, polling. Also while the broker is away. */
  readonly onAttempt: () => void;
  /** The consumer crashed; it starts again by itself after a pause. */
  readonly onCrash: (error: unknown) => void;
  /** The consumer is dead and will not come back by itself. */
  readonly onDead: (error: unknown) => void;
}

export interface BrokerConsumer {
  /** Starts in the background and returns at once: a broker that is away is waited for. */
  start(): void;
  /** Waits for the batch in hand, leaves the group, and resolves; bounded in time. */
  stop(): Promise<void>;
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** Messages in the partition that the group has not committed. */
  readonly messages: bigint;
}

export interface BrokerAdmin {
  /** Creates the topics that do not exist. Existing ones are left as they are. Returns the names created. */
  createTopics(
    topics: readonly ({ readonly name: string } & TopicDefinition)[],
    replicationFactor: number,
  ): Promise<string[]>;
  lag(groupId: string, topics: readonly string[]): Promise<PartitionLag[]>;
  close(): Promise<void>;
}
