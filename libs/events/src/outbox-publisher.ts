import type { Sql } from '@dailydoco/database';
import type { Heartbeat } from '@dailydoco/lifecycle';
import { counter, observe, withTraceparent } from '@dailydoco/telemetry';
import type { Client } from 'pg';
import type { Broker, BrokerProducer } from './broker.js';
import { toMessage } from './cloud-events.js';
import type { EventsLogger } from './logger.js';
import {
  type Backlog,
  OUTBOX_CHANNEL,
  type OutboxRow,
  markPublished,
  measureBacklog,
  purgeOutboxWindow,
  selectUnpublished,
} from './outbox.store.js';
import { backOffMs, pause } from './pause.js';

const published = counter('dailydoco_outbox_published_events_total');
const failures = counter('dailydoco_outbox_publish_failures_total');

export interface PublisherOptions {
  readonly broker: Broker;
  readonly logger: EventsLogger;
  readonly heartbeat: Heartbeat;
  readonly maxBatchEvents: number;
  readonly maxBatchBytes: number;
  readonly pollMs: number;
  readonly frozenAfterMs: number;
  readonly retentionMs: number;
  /** While it says no, nothing is published and nothing deleted; the lease is kept. */
  readonly mayPublish: () => boolean;
}

const SEND_BACK_OFF = { firstMs: 100, maxMs: 5_000 };
const MEASURE_EVERY_MS = 5_000;
const PURGE_EVERY_MS = 3_600_000;
const PURGE_WINDOW = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * What the holder of the lease does, on the connection that holds it: select, send, mark, one after the other.
 *
 * Why that keeps the order of each aggregate, whoever dies when: every batch begins with all that is not marked, in the
 * order of ids, so a sender never sends an event before the ones it follows. A holder that lost its lease unawares (it
 * was frozen between select and send) can send at most that one batch again, whole, and then finds its connection gone.
 */
export class OutboxPublisher {
  readonly #options: PublisherOptions;
  readonly #client: Client;
  readonly #sql: OneAtATime;
  readonly #producer: BrokerProducer;
  readonly #signal: AbortSignal;
  #wake = new AbortController();
  #backlog: Backlog = { events: 0, oldestAgeSeconds: 0 };
  #batchEvents: number;
  #failures = 0;
  #measureAtMs = 0;
  #purgeAtMs = 0;
  #purgedToId = '0';

  constructor(options: PublisherOptions, client: Client, signal: AbortSignal) {
    this.#options = options;
    this.#client = client;
    this.#sql = new OneAtATime(client);
    this.#producer = options.broker.producer();
    this.#signal = signal;
    this.#batchEvents = options.maxBatchEvents;
  }

  /** Until the signal aborts; rejects when the connection fails. */
  async run(): Promise<void> {
    const { frozenAfterMs, logger } = this.#options;
    const onNotification = (): void => this.#wake.abort();
    this.#client.on('notification', onNotification);
    const unregister = [
      observe('dailydoco_outbox_backlog_events', () => this.#backlog.events),
      observe('dailydoco_outbox_oldest_age_seconds', () => this.#backlog.oldestAgeSeconds),
    ];
    // The server ends a session that is not used, so a frozen process does not keep the lease; this uses it.
    const keepAlive = setInterval(() => void this.#sql.ping(), frozenAfterMs / 4);
    try {
      await this.#sql.query(
        `SET idle_session_timeout = ${frozenAfterMs}; SET statement_timeout = ${STATEMENT_TIMEOUT_MS}; LISTEN ${OUTBOX_CHANNEL}`,
      );
      logger.info({}, 'outbox relay holds the lease');
      await this.#publishUntilOver();
    } finally {
      clearInterval(keepAlive);
      for (const end of unregister) end();
      this.#client.off('notification', onNotification);
      await this.#producer.close();
    }
  }

  async #publishUntilOver(): Promise<void> {
    const { heartbeat, pollMs, maxBatchBytes, mayPublish } = this.#options;
    while (!this.#signal.aborted) {
      heartbeat.beat();
      // Set anew before looking: a commit that comes after the look ends the pause below.
      this.#wake = new AbortController();
      await this.#measureAndPurge();
      const rows = mayPublish()
        ? withinBytes(await selectUnpublished(this.#sql, this.#batchEvents), maxBatchBytes)
        : [];
      if (rows.length === 0) await pause(pollMs, AbortSignal.any([this.#signal, this.#wake.signal]));
      else if (!this.#signal.aborted && (await this.#sent(rows))) await this.#mark(rows);
    }
  }

  /** False when it is not sure that the broker has all of them; they are still unpublished then and will be sent again. */
  async #sent(rows: readonly OutboxRow[]): Promise<boolean> {
    const { heartbeat, logger, maxBatchEvents } = this.#options;
    try {
      await this.#send(rows);
      this.#failures = 0;
      this.#batchEvents = Math.min(maxBatchEvents, this.#batchEvents * 2);
      return true;
    } catch (error) {
      const failed = this.#failures;
      const retryMs = Math.round(backOffMs(failed, SEND_BACK_OFF));
      logger.warn({ events: rows.length, failed, retryMs, err: error }, 'events not published, will retry');
      failures.add(1);
      heartbeat.beat();
      this.#failures += 1;
      // Should the batch be too large for the broker, a smaller one gets through.
      this.#batchEvents = Math.max(1, Math.floor(this.#batchEvents / 2));
      await pause(retryMs, this.#signal);
      return false;
    }
  }

  async #mark(rows: readonly OutboxRow[]): Promise<void> {
    await markPublished(
      this.#sql,
      rows.map(({ id }) => id),
    );
    countPerTopic(rows);
  }

  async #send(rows: readonly OutboxRow[]): Promise<void> {
    const messages = rows.map(toMessage);
    const traceparent = rows[0]?.traceparent;
    if (typeof traceparent !== 'string') await this.#producer.send(messages);
    else await withTraceparent(traceparent, 'publish outbox', 'producer', () => this.#producer.send(messages));
  }

  /** A little between two batches, so that neither a backlog nor a long night's rows hold up what is new. */
  async #measureAndPurge(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs >= this.#measureAtMs) {
      this.#backlog = await measureBacklog(this.#sql);
      this.#measureAtMs = nowMs + MEASURE_EVERY_MS;
    }
    const { retentionMs, mayPublish } = this.#options;
    if (nowMs < this.#purgeAtMs || !mayPublish()) return;
    const next = await purgeOutboxWindow(this.#sql, { afterId: this.#purgedToId, limit: PURGE_WINDOW, retentionMs });
    this.#purgedToId = next ?? '0';
    if (next === undefined) this.#purgeAtMs = nowMs + PURGE_EVERY_MS;
  }
}

/** A connection takes one statement at a time, and the keep-alive falls between those of the loop. */
class OneAtATime implements Sql {
  readonly #client: Client;
  #last: Promise<unknown> = Promise.resolve();
  #inHand = 0;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Uses the connection, unless it is in use already. */
  async ping(): Promise<void> {
    if (this.#inHand > 0) return;
    // A lost connection is noticed by the loop.
    await this.query('SELECT 1').catch(() => undefined);
  }

  async query<R>(text: string, values?: readonly unknown[]): Promise<{ rows: R[]; rowCount: number }> {
    const mine = this.#last.then(() => this.#client.query(text, values === undefined ? undefined : [...values]));
    this.#last = mine.catch(() => undefined);
    this.#inHand += 1;
    try {
      const { rows, rowCount } = await mine;
      return { rows: rows as R[], rowCount: rowCount ?? 0 };
    } finally {
      this.#inHand -= 1;
    }
  }
}

/** Headers and framing of one message, apart from the key. */
const MESSAGE_OVERHEAD_BYTES = 512;

/** As many rows from the front as fit into one record batch, should all go to one partition; but always one. */
export function withinBytes(rows: readonly OutboxRow[], maxBytes: number): readonly OutboxRow[] {
  let bytes = 0;
  const end = rows.findIndex(({ payload, aggregate_key: key }, index) => {
    // The key travels twice: as the key and as the subject.
    bytes += payload.length + MESSAGE_OVERHEAD_BYTES + 2 * Buffer.byteLength(key);
    return index > 0 && bytes > maxBytes;
  });
  return end === -1 ? rows : rows.slice(0, end);
}

function countPerTopic(rows: readonly OutboxRow[]): void {
  const counts = new Map<string, number>();
  for (const { topic } of rows) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  for (const [topic, count] of counts) published.add(count, { topic });
}
