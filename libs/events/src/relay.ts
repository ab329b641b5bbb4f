import { Lease } from '@dailydoco/database';
import type { Heartbeat, Lifecycle } from '@dailydoco/lifecycle';
import type { Broker } from './broker.js';
import type { EventsLogger } from './logger.js';
import { OutboxPublisher, type PublisherOptions } from './outbox-publisher.js';
import { OUTBOX_RETENTION_MS } from './topics.js';
import { untraced } from './untraced.js';

export interface OutboxRelayOptions {
  /** Of the service's own database, in the app role. The relay opens one connection; it must not go through a pooler. */
  readonly connectionString: string;
  readonly broker: Broker;
  readonly logger: EventsLogger;
  readonly lifecycle: Lifecycle;
  /** Most events in one send. Default 1,000. */
  readonly maxBatchEvents?: number;
  /** Most bytes in one send, but always one event. Default 900 KiB: a broker takes 1 MiB per partition and send. */
  readonly maxBatchBytes?: number;
  /** Pause between looks at the outbox when nothing wakes the relay. Default 1,000. */
  readonly pollMs?: number;
  /** Pause between tries to become the one that relays. Default 1,000. */
  readonly retryMs?: number;
  /** A holder whose connection was not used for so long loses it, and with it the lease. Default 10,000. */
  readonly frozenAfterMs?: number;
  /** Liveness turns red when the relay tried nothing for so long. Default 60,000. */
  readonly maxSilenceMs?: number;
  /** How long published rows are kept. Default 7 days. */
  readonly retentionMs?: number;
  /** Asked before each batch; while it says no, nothing is published. Default always. */
  readonly mayPublish?: () => boolean;
}

const LEASE_KEY = 'outbox-relay';
const DEFAULTS = {
  maxBatchEvents: 1_000,
  maxBatchBytes: 900 * 1024,
  pollMs: 1_000,
  retryMs: 1_000,
  frozenAfterMs: 10_000,
  maxSilenceMs: 60_000,
  retentionMs: OUTBOX_RETENTION_MS,
  mayPublish: () => true,
} as const;

/**
 * Publishes the outbox. Every replica of a service runs one; per database one at a time holds the lease and publishes,
 * the others stand by and take over within seconds when it dies, freezes or loses its connection.
 */
export class OutboxRelay {
  readonly #options: Required<OutboxRelayOptions>;
  #lease: Lease | undefined;
  #heartbeat: Heartbeat | undefined;

  constructor(options: OutboxRelayOptions) {
    this.#options = { ...DEFAULTS, ...options };
  }

  /** Starts in the background, stores or no stores, and registers `stop` with the lifecycle. */
  start(): Promise<void> {
    if (this.#lease !== undefined) throw new Error('the relay was started twice');
    const { connectionString, lifecycle, retryMs, maxSilenceMs } = this.#options;
    lifecycle.onStop('relay', 'outbox-relay', () => this.stop());
    const heartbeat = lifecycle.heartbeat('outbox-relay', { maxSilenceMs });
    const publisherOptions: PublisherOptions = { ...this.#options, heartbeat };
    this.#heartbeat = heartbeat;
    this.#lease = untraced(() =>
      Lease.hold({
        connectionString,
        key: LEASE_KEY,
        retryMs,
        heartbeat,
        onHeld: (signal, client) =>
          new OutboxPublisher(publisherOptions, client, signal).run().catch((error: unknown) => {
            this.#options.logger.warn({ err: error }, 'outbox relay lost its connection or its rights, will try again');
          }),
      }),
    );
    return Promise.resolve();
  }

  /** Finishes the batch in hand, marks it, gives the lease away, and resolves. May be called more than once. */
  async stop(): Promise<void> {
    await this.#lease?.release();
    this.#heartbeat?.stop();
  }
}
