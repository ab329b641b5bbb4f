import type { Heartbeat, Lifecycle } from '@dailydoco/lifecycle';
import { observe } from '@dailydoco/telemetry';
import type { Pool } from 'pg';
import { BatchApplier } from './batch-applier.js';
import type { Broker, BrokerAdmin, PartitionLag } from './broker.js';
import type { ConsumerDefinition } from './consumer.js';
import { ConsumerLoop } from './consumer-loop.js';
import { purgeInbox } from './inbox.store.js';
import type { EventsLogger } from './logger.js';
import { countParked, purgeResolved } from './parked.store.js';
import { type BackOff, pause } from './pause.js';
import { replayParked } from './replay.js';
import { INBOX_RETENTION_MS } from './topics.js';
import { untraced } from './untraced.js';

export interface ConsumerRunnerOptions {
  readonly broker: Broker;
  /** The service's pool; each consumer uses up to `partitionsInParallel` of its connections. */
  readonly pool: Pool;
  readonly consumers: readonly ConsumerDefinition[];
  readonly logger: EventsLogger;
  readonly lifecycle: Lifecycle;
  /** A group that has never committed begins at the earliest message. Default and only sensible value for facts: true. */
  readonly fromBeginning?: boolean;
  /** Default 1. More is faster where the work on different keys does not wait for the same rows. */
  readonly partitionsInParallel?: number;
  /** Most events in one database transaction. Default 500. */
  readonly maxChunkEvents?: number;
  /** Wait between tries after a failure that may pass. Default 200 ms, doubling up to 15 s. */
  readonly backOff?: BackOff;
  /** Liveness turns red when a consumer tried nothing for so long. Default 60,000. */
  readonly maxSilenceMs?: number;
  /** Pause between looks at lag, parked events, wished-for replays and old rows. Default 10,000. */
  readonly housekeepingMs?: number;
  /** Default 30 days. */
  readonly inboxRetentionMs?: number;
}

export interface ConsumerLag extends PartitionLag {
  readonly consumer: string;
}

const PURGE_EVERY_MS = 3_600_000;
const PURGE_BATCH = 5_000;
const DEFAULTS = {
  fromBeginning: true,
  partitionsInParallel: 1,
  maxChunkEvents: 500,
  backOff: { firstMs: 200, maxMs: 15_000 },
  maxSilenceMs: 60_000,
  housekeepingMs: 10_000,
  inboxRetentionMs: INBOX_RETENTION_MS,
} as const;

/** Runs the consumers of a service, and keeps their tables in order. */
export class ConsumerRunner {
  readonly #options: Required<ConsumerRunnerOptions>;
  readonly #admin: BrokerAdmin;
  readonly #stop = new AbortController();
  readonly #unregister: (() => void)[] = [];
  #loops: ConsumerLoop[] = [];
  #housekeeping: Promise<void> = Promise.resolve();
  #lags: readonly ConsumerLag[] = [];
  #parked: ReadonlyMap<string, number> = new Map();
  #purgeAtMs = 0;
  #state: 'new' | 'running' | 'stopped' = 'new';

  constructor(options: ConsumerRunnerOptions) {
    const names = options.consumers.map(({ name }) => name);
    if (new Set(names).size !== names.length) throw new Error(`two consumers have one name: ${names.join(', ')}`);
    this.#options = { ...DEFAULTS, ...options };
    this.#admin = options.broker.admin();
  }

  /** Starts all consumers in the background, broker or no broker, and registers `stop` with the lifecycle. */
  start(): Promise<void> {
    if (this.#state !== 'new') throw new Error(`start() was called while ${this.#state}`);
    this.#state = 'running';
    const { consumers, lifecycle } = this.#options;
    lifecycle.onStop('consumers', 'consumers', () => this.stop());
    this.#loops = consumers.map((consumer) => this.#loopOf(consumer));
    for (const loop of this.#loops) loop.start();
    this.#unregister.push(
      observe('dailydoco_consumer_lag_messages', () => this.#lagPerTopic()),
      observe('dailydoco_consumer_parked_events', () =>
        [...this.#parked].map(([consumer, value]) => ({ value, labels: { consumer } })),
      ),
    );
    const heartbeat = lifecycle.heartbeat('consumer-housekeeping', { maxSilenceMs: this.#options.maxSilenceMs });
    this.#housekeeping = untraced(() => this.#keepHouse(heartbeat)).catch((error: unknown) => heartbeat.fail(error));
    return Promise.resolve();
  }

  /** Lets the database transactions in hand finish, leaves the groups, and resolves. May be called more than once. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#stop.abort();
    await Promise.all([...this.#loops.map((loop) => loop.stop()), this.#housekeeping]);
    for (const unregister of this.#unregister.splice(0)) unregister();
    await this.#admin.close();
  }

  /** Asks the broker how far each consumer is behind, per partition. Rejects while the broker is away. */
  async lag(): Promise<ConsumerLag[]> {
    const lags: ConsumerLag[] = [];
    for (const { name, topics } of this.#options.consumers) {
      for (const lag of await this.#admin.lag(name, topics)) lags.push({ ...lag, consumer: name });
    }
    return lags;
  }

  #loopOf(consumer: ConsumerDefinition): ConsumerLoop {
    const { broker, pool, logger, lifecycle, backOff, maxSilenceMs } = this.#options;
    const { fromBeginning, partitionsInParallel, maxChunkEvents } = this.#options;
    return new ConsumerLoop({
      broker,
      consumer,
      applier: new BatchApplier({ pool, consumer, logger, backOff }),
      logger,
      heartbeat: lifecycle.heartbeat(`consumer:${consumer.name}`, { maxSilenceMs }),
      maxSilenceMs,
      fromBeginning,
      partitionsInParallel,
      maxChunkEvents,
    });
  }

  #lagPerTopic(): { value: number; labels: { consumer: string; topic: string } }[] {
    const sums = new Map<string, { value: number; labels: { consumer: string; topic: string } }>();
    for (const { consumer, topic, messages } of this.#lags) {
      const key = `${consumer} ${topic}`;
      const sum = sums.get(key) ?? { value: 0, labels: { consumer, topic } };
      sum.value += Number(messages);
      sums.set(key, sum);
    }
    return [...sums.values()];
  }

  async #keepHouse(heartbeat: Heartbeat): Promise<void> {
    const { signal } = this.#stop;
    const { housekeepingMs } = this.#options;
    const chores = [
      () => this.#countParked(),
      () => this.#replayWished(heartbeat),
      () => this.#purge(heartbeat),
      () => this.#measureLag(),
    ];
    while (!signal.aborted) {
      for (const chore of chores) {
        heartbeat.beat();
        try {
          if (!signal.aborted) await chore();
        } catch (error) {
          this.#options.logger.warn({ err: error }, 'housekeeping of the consumers failed, will retry');
        }
      }
      heartbeat.beat();
      await pause(housekeepingMs, signal);
    }
    heartbeat.stop();
  }

  async #measureLag(): Promise<void> {
    this.#lags = await this.lag();
  }

  async #countParked(): Promise<void> {
    const { pool, consumers } = this.#options;
    this.#parked = await countParked(
      pool,
      consumers.map(({ name }) => name),
    );
  }

  async #replayWished(heartbeat: Heartbeat): Promise<void> {
    const { pool, consumers, logger } = this.#options;
    for (const consumer of consumers) {
      const onAttempt = (): void => heartbeat.beat();
      await replayParked({ pool, consumer, logger, requestedOnly: true, signal: this.#stop.signal, onAttempt });
    }
  }

  async #purge(heartbeat: Heartbeat): Promise<void> {
    const { pool, inboxRetentionMs: retentionMs } = this.#options;
    if (performance.now() < this.#purgeAtMs) return;
    for (const purge of [purgeInbox, purgeResolved]) {
      let deleted = PURGE_BATCH;
      while (deleted === PURGE_BATCH && !this.#stop.signal.aborted) {
        heartbeat.beat();
        deleted = await purge(pool, { retentionMs, limit: PURGE_BATCH });
      }
    }
    this.#purgeAtMs = performance.now() + PURGE_EVERY_MS;
  }
}
