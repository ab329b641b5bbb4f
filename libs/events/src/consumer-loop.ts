import type { Heartbeat } from '@dailydoco/lifecycle';
import { counter } from '@dailydoco/telemetry';
import type { BatchApplier, Watch } from './batch-applier.js';
import type { Broker, BrokerConsumer, IncomingBatch } from './broker.js';
import { type Delivery, toDelivery } from './cloud-events.js';
import type { ConsumerDefinition } from './consumer.js';
import type { EventsLogger } from './logger.js';

const skipped = counter('dailydoco_consumer_skipped_events_total');

export interface ConsumerLoopOptions {
  readonly broker: Broker;
  readonly consumer: ConsumerDefinition;
  readonly applier: BatchApplier;
  readonly logger: EventsLogger;
  readonly heartbeat: Heartbeat;
  readonly maxSilenceMs: number;
  readonly fromBeginning: boolean;
  readonly partitionsInParallel: number;
  readonly maxChunkEvents: number;
}

/** One consumer of the process: takes batches from the broker, has them applied, and only then commits the offsets. */
export class ConsumerLoop implements Watch {
  readonly #options: ConsumerLoopOptions;
  readonly #handled: ReadonlyMap<string, ConsumerDefinition['handles'][number]>;
  readonly #broker: BrokerConsumer;
  readonly #stop = new AbortController();
  /** When each piece of work in hand began. */
  readonly #inHand = new Set<{ readonly sinceMs: number }>();

  constructor(options: ConsumerLoopOptions) {
    const { broker, consumer, fromBeginning, partitionsInParallel, heartbeat, logger } = options;
    this.#options = options;
    this.#handled = new Map(consumer.handles.map((type) => [type.type, type]));
    this.#broker = broker.consumer({
      groupId: consumer.name,
      topics: consumer.topics,
      fromBeginning,
      partitionsInParallel,
      onBatch: (batch) => this.#onBatch(batch),
      onAttempt: () => this.#beat(),
      onCrash: (error) => logger.error({ consumer: consumer.name, err: error }, 'consumer crashed, starting it again'),
      onDead: (error) => heartbeat.fail(error),
    });
  }

  start(): void {
    this.#broker.start();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#broker.stop();
    this.#options.heartbeat.stop();
  }

  /** Work that never comes back keeps the loop from beating, although the broker's client may go on polling. */
  begin(): () => void {
    this.#beat();
    const work = { sinceMs: performance.now() };
    this.#inHand.add(work);
    return () => {
      this.#inHand.delete(work);
      this.#beat();
    };
  }

  #beat(): void {
    const nowMs = performance.now();
    const stuck = [...this.#inHand].some(({ sinceMs }) => nowMs - sinceMs > this.#options.maxSilenceMs);
    if (!stuck) this.#options.heartbeat.beat();
  }

  async #onBatch(batch: IncomingBatch): Promise<void> {
    const { applier, consumer, maxChunkEvents } = this.#options;
    const { messages } = batch;
    const go = new Ownership(batch, this.#stop.signal);
    try {
      for (let from = 0; from < messages.length && batch.owned(); from += maxChunkEvents) {
        const chunk = messages.slice(from, from + maxChunkEvents);
        const deliveries = chunk
          .map((message) => toDelivery(message, batch, this.#handled))
          .filter((delivery): delivery is Delivery => delivery !== undefined);
        const skippedCount = chunk.length - deliveries.length;
        if (skippedCount > 0) skipped.add(skippedCount, { consumer: consumer.name });
        if (deliveries.length > 0 && !(await applier.apply(deliveries, this, go.signal))) return;
        const last = chunk.at(-1);
        if (last !== undefined) await batch.commit(last.offset);
      }
    } finally {
      go.close();
    }
  }
}

const OWNERSHIP_CHECK_MS = 250;

/** Aborts when the consumer stops, or when the batch's partition may have gone to somebody else. */
class Ownership {
  readonly #abort = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;

  constructor(batch: IncomingBatch, stop: AbortSignal) {
    this.signal = AbortSignal.any([stop, this.#abort.signal]);
    this.#timer = setInterval(() => {
      if (!batch.owned()) this.#abort.abort();
    }, OWNERSHIP_CHECK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
