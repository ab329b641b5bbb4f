import {
  type Admin,
  type Consumer,
  type EachBatchPayload,
  type IHeaders,
  Kafka,
  type KafkaMessage,
  type Message,
  Partitioners,
  type Producer,
  logLevel,
} from 'kafkajs';
import type {
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
import './kafkajs-queues.js';
import { backOffMs, pause, settledWithin } from './pause.js';
import type { TopicDefinition } from './topics.js';
import { untraced } from './untraced.js';

export interface KafkaBrokerOptions {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Encrypts. `ca`: who signs the brokers' certificates; `cert` and `key`: this client's own. All in PEM. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: string;
  };
  /** Put before the names of topics and groups on the wire, so that tests can share one Kafka. Default: nothing. */
  readonly topicPrefix?: string;
}

const CONNECTION_TIMEOUT_MS = 3_000;
const REQUEST_TIMEOUT_MS = 15_000;
const REPLICATION_TIMEOUT_MS = 10_000;
const CLOSE_TIMEOUT_MS = 10_000;
// All of them given, because kafkajs has others when NODE_ENV is `test`.
const RETRY = { retries: 3, initialRetryTime: 200, maxRetryTime: 2_000, factor: 0.2, multiplier: 2 };
const SESSION_TIMEOUT_MS = 10_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_INTERVAL_MS = 2_000;
const POLL_WAIT_MS = 1_000;
/** Longer than a rebalance may hold a member up. */
const SILENCE_LIMIT_MS = 45_000;
const RESTART_BACK_OFF = { firstMs: 250, maxMs: 5_000 };
const STEADY_AFTER_MS = 60_000;
const LEADERS_TIMEOUT_MS = 30_000;
const LEADERS_POLL_MS = 100;
const NEVER = new AbortController().signal;

/** Kafka behind the broker interface, by kafkajs: the only file that knows it. */
export function kafkaBroker(options: KafkaBrokerOptions): Broker {
  const { brokers, clientId, tls, sasl, topicPrefix = '' } = options;
  const kafka = new Kafka({
    brokers: [...brokers],
    clientId,
    ssl: tls === undefined ? false : { ...tls },
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    // What fails is thrown or reported to us, and logged once, with our fields, by who called.
    logLevel: logLevel.NOTHING,
  });
  return {
    producer: () => new KafkaProducer(kafka, topicPrefix),
    consumer: (consumerOptions) => new KafkaConsumer(kafka, topicPrefix, consumerOptions),
    admin: () => new KafkaAdmin(kafka, topicPrefix),
  };
}

type Sasl = NonNullable<KafkaBrokerOptions['sasl']>;

/** kafkajs types each mechanism by itself, so that a union of mechanisms fits none of them. */
function saslOf({ mechanism, username, password }: Sasl) {
  if (mechanism === 'plain') return { mechanism, username, password } as const;
  if (mechanism === 'scram-sha-256') return { mechanism, username, password } as const;
  return { mechanism, username, password } as const;
}

/** A connected kafkajs client, thrown away after a failure and made anew for the next use. */
class Reconnecting<C extends { connect(): Promise<void>; disconnect(): Promise<void> }> {
  readonly #create: () => C;
  #client: { readonly client: C; readonly connected: Promise<void> } | undefined;

  constructor(create: () => C) {
    this.#create = create;
  }

  /**
   * After a failure the client is not trusted again: kafkajs may hold connections to brokers that are gone, and on a
   * retry of its own it forgets messages whose partition has moved meanwhile to a broker that had already answered.
   */
  async use<T>(work: (client: C) => Promise<T>): Promise<T> {
    try {
      return await untraced(async () => work(await this.#connected()));
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    const closing = this.#client;
    this.#client = undefined;
    if (closing !== undefined) await settledWithin(closing.client.disconnect(), CLOSE_TIMEOUT_MS);
  }

  async #connected(): Promise<C> {
    if (this.#client === undefined) {
      const client = this.#create();
      this.#client = { client, connected: client.connect() };
    }
    const { client, connected } = this.#client;
    await connected;
    return client;
  }
}

class KafkaProducer implements BrokerProducer {
  readonly #producer: Reconnecting<Producer>;
  readonly #prefix: string;

  constructor(kafka: Kafka, prefix: string) {
    this.#prefix = prefix;
    this.#producer = new Reconnecting(() =>
      kafka.producer({
        createPartitioner: Partitioners.DefaultPartitioner,
        allowAutoTopicCreation: false,
        retry: { ...RETRY, retries: 0 },
      }),
    );
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    const byTopic = new Map<string, Message[]>();
    for (const { topic, key, value, headers } of messages) {
      const message = { key, value: bufferOf(value), headers: { ...headers } };
      const sameTopic = byTopic.get(topic);
      if (sameTopic === undefined) byTopic.set(topic, [message]);
      else sameTopic.push(message);
    }
    const topicMessages = [...byTopic].map(([topic, ofTopic]) => ({ topic: this.#prefix + topic, messages: ofTopic }));
    await this.#producer.use((producer) =>
      producer.sendBatch({ acks: -1, timeout: REPLICATION_TIMEOUT_MS, topicMessages }),
    );
  }

  async close(): Promise<void> {
    await this.#producer.close();
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * Runs one kafkajs consumer after another. kafkajs gives up on many errors and leaves the process looking healthy, so
 * whatever ends a consumer ends it here for good, and the next one begins at the committed offsets.
 */
class KafkaConsumer implements BrokerConsumer {
  readonly #kafka: Kafka;
  readonly #prefix: string;
  readonly #options: BrokerConsumerOptions;
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;
  #lastSignMs = 0;
  #busy = 0;

  constructor(kafka: Kafka, prefix: string, options: BrokerConsumerOptions) {
    this.#kafka = kafka;
    this.#prefix = prefix;
    this.#options = options;
  }

  start(): void {
    this.#loop ??= untraced(() => this.#runForEver()).catch((error: unknown) => this.#options.onDead(error));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #runForEver(): Promise<void> {
    for (let crashes = 0; !this.#stop.signal.aborted; crashes += 1) {
      const startedAtMs = performance.now();
      try {
        await this.#runOnce();
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.onCrash(error);
      }
      if (performance.now() - startedAtMs > STEADY_AFTER_MS) crashes = 0;
      await pause(backOffMs(crashes, RESTART_BACK_OFF), this.#stop.signal);
    }
  }

  /** Resolves when the consumer was stopped on purpose, rejects when it ended by itself or fell silent. */
  async #runOnce(): Promise<void> {
    const { groupId, topics, fromBeginning, partitionsInParallel } = this.#options;
    this.#sign();
    const consumer = this.#kafka.consumer({
      groupId: this.#prefix + groupId,
      sessionTimeout: SESSION_TIMEOUT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: POLL_WAIT_MS,
      allowAutoTopicCreation: false,
      retry: { ...RETRY, restartOnFailure: () => Promise.resolve(false) },
    });
    const over = this.#untilOver(consumer);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: topics.map((topic) => this.#prefix + topic), fromBeginning });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: partitionsInParallel,
        eachBatch: (payload) => this.#handle(payload),
      });
      await over.promise;
    } finally {
      over.cancel();
      await settledWithin(consumer.disconnect(), CLOSE_TIMEOUT_MS);
    }
  }

  #sign(): void {
    this.#lastSignMs = performance.now();
    this.#options.onAttempt();
  }

  #untilOver(consumer: Consumer): { promise: Promise<void>; cancel: () => void } {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const { CRASH, STOP, CONNECT, GROUP_JOIN, FETCH_START, HEARTBEAT, REBALANCING } = consumer.events;
    for (const event of [CONNECT, GROUP_JOIN, FETCH_START, HEARTBEAT, REBALANCING] as const) {
      consumer.on(event, () => this.#sign());
    }
    consumer.on(CRASH, ({ payload }) => reject(payload.error));
    // A crash whose clean-up fails is never announced; the stop before it is. The announcement, if any, comes first.
    consumer.on(STOP, () => {
      setTimeout(() => reject(new Error('the consumer stopped by itself')), 1_000).unref();
    });
    const watch = setInterval(() => {
      const silentMs = performance.now() - this.#lastSignMs;
      if (this.#busy === 0 && silentMs > SILENCE_LIMIT_MS)
        reject(new Error(`the consumer was silent for ${silentMs} ms`));
    }, 1_000);
    const onStop = (): void => resolve();
    this.#stop.signal.addEventListener('abort', onStop, { once: true });
    if (this.#stop.signal.aborted) resolve();
    // Nobody waits for it yet while the consumer is still connecting.
    promise.catch(() => undefined);
    const cancel = (): void => {
      clearInterval(watch);
      this.#stop.signal.removeEventListener('abort', onStop);
    };
    return { promise, cancel };
  }

  async #handle(payload: EachBatchPayload): Promise<void> {
    this.#sign();
    this.#busy += 1;
    const membership = keepMembership(payload);
    try {
      await this.#options.onBatch(this.#toBatch(payload, membership.lost));
    } finally {
      membership.stop();
      this.#busy -= 1;
    }
    // Thrown on, so that kafkajs joins the group again.
    const lost = membership.lost();
    if (lost !== undefined) throw lost;
  }

  #toBatch(payload: EachBatchPayload, lost: () => unknown): IncomingBatch {
    const { topic, partition, messages } = payload.batch;
    return {
      topic: topic.slice(this.#prefix.length),
      partition,
      messages: messages.map(toIncoming),
      owned: () => !this.#stop.signal.aborted && payload.isRunning() && !payload.isStale() && lost() === undefined,
      commit: async (offset) => {
        payload.resolveOffset(offset.toString());
        const next = (offset + 1n).toString();
        await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset: next }] }] });
      },
    };
  }
}

/** kafkajs sends heartbeats only between batches; a batch that takes its time would cost the membership. */
function keepMembership(payload: EachBatchPayload): { lost: () => unknown; stop: () => void } {
  let lost: unknown;
  const timer = setInterval(() => {
    payload.heartbeat().catch((error: unknown) => {
      lost ??= error;
    });
  }, HEARTBEAT_INTERVAL_MS);
  return { lost: () => lost, stop: () => clearInterval(timer) };
}

function toIncoming({ key, value, headers = {}, offset }: KafkaMessage): IncomingMessage {
  return {
    key: key === null ? undefined : key.toString('utf8'),
    value: value === null ? undefined : value,
    headers: headersOf(headers),
    offset: BigInt(offset),
  };
}

function headersOf(headers: IHeaders): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, values] of Object.entries(headers)) {
    const value = Array.isArray(values) ? values[0] : values;
    if (value !== undefined) result[name] = value.toString('utf8');
  }
  return result;
}

class KafkaAdmin implements BrokerAdmin {
  readonly #admin: Reconnecting<Admin>;
  readonly #prefix: string;

  constructor(kafka: Kafka, prefix: string) {
    this.#prefix = prefix;
    this.#admin = new Reconnecting(() => kafka.admin({ retry: RETRY }));
  }

  async createTopics(
    topics: readonly ({ readonly name: string } & TopicDefinition)[],
    replicationFactor: number,
  ): Promise<string[]> {
    return this.#admin.use(async (admin) => {
      const existing = new Set(await admin.listTopics());
      const missing = topics.filter(({ name }) => !existing.has(this.#prefix + name));
      if (missing.length === 0) return [];
      await admin.createTopics({
        // kafkajs waits for leaders by asking at once, and fails when the broker has not yet heard of the topic.
        waitForLeaders: false,
        topics: missing.map(({ name, partitions, retentionMs }) => ({
          topic: this.#prefix + name,
          numPartitions: partitions,
          replicationFactor,
          configEntries: [
            { name: 'retention.ms', value: String(retentionMs) },
            // With three copies one broker may be away; what is acknowledged stands on two.
            { name: 'min.insync.replicas', value: String(Math.max(1, replicationFactor - 1)) },
          ],
        })),
      });
      for (const { name, partitions } of missing) await untilLed(admin, this.#prefix + name, partitions);
      return missing.map(({ name }) => name);
    });
  }

  async lag(groupId: string, topics: readonly string[]): Promise<PartitionLag[]> {
    const names = topics.map((topic) => this.#prefix + topic);
    return this.#admin.use(async (admin) => {
      const committed = await admin.fetchOffsets({ groupId: this.#prefix + groupId, topics: names });
      const lags: PartitionLag[] = [];
      for (const { topic, partitions } of committed) {
        const ends = new Map((await admin.fetchTopicOffsets(topic)).map((end) => [end.partition, end]));
        for (const { partition, offset } of partitions) {
          const { high = '0', low = '0' } = ends.get(partition) ?? {};
          // -1: nothing committed yet, so everything that is there lies ahead.
          const next = offset === '-1' ? BigInt(low) : BigInt(offset);
          lags.push({ topic: topic.slice(this.#prefix.length), partition, messages: maxOf(BigInt(high) - next, 0n) });
        }
      }
      return lags;
    });
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }
}

/**
 * Until all partitions of a new topic can be written. Their leaders themselves are asked, for their offsets: a broker
 * names the leader of a new partition a moment before that one leads it, and refuses what is sent in between.
 */
async function untilLed(admin: Admin, topic: string, partitions: number): Promise<void> {
  const deadlineMs = performance.now() + LEADERS_TIMEOUT_MS;
  for (;;) {
    try {
      if ((await admin.fetchTopicOffsets(topic)).length === partitions) return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
    if (performance.now() > deadlineMs) throw new Error(`a topic without leaders: ${topic}`);
    await pause(LEADERS_POLL_MS, NEVER);
  }
}

function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
