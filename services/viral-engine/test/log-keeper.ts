import type { ReceivedEvent } from '@dailydoco/events';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { parseCheckpoint, parseVkey, type SignedCheckpoint, verifyNote } from '@dailydoco/transparency';
import type { TenantId } from '../src/ids.js';
import type { Runtime } from '../src/runtime.js';
import { readKeys } from '../src/transparency/log-key.store.js';
import { transparencyConsumer } from '../src/transparency/transparency.consumer.js';
import { keepTransparencyLog } from '../src/transparency/transparency.module.js';
import type { Engine } from './engine.js';

/** What runs beside the edges to keep the logs, in the hands of a spec. */
export class LogKeeper {
  readonly #engine: Engine;
  readonly #runtime: Runtime;
  #told = 0n;

  constructor(engine: Engine, runtime: Runtime) {
    this.#engine = engine;
    this.#runtime = runtime;
  }

  /** A replica of its own; over another line to the database if one is named. */
  replica(pool = this.#runtime.pool): ReturnType<typeof keepTransparencyLog> {
    return keepTransparencyLog({ ...this.#runtime, pool });
  }

  pool(connectionString: string): ReturnType<typeof createPool> {
    return createPool({ connectionString, max: 4, applicationName: 'replica', statementTimeoutMs: 5_000 });
  }

  /** Tells the consumer what was written into the outbox since the last time, or all of it. */
  async tell({ again = false } = {}): Promise<void> {
    const consumer = transparencyConsumer({ isFull: () => false });
    const { rows } = await this.#engine.pool.query<OutboxRow>(
      'SELECT id, tenant_id, event_type, payload, occurred_at FROM messaging.outbox WHERE id > $1 ORDER BY id',
      [again ? 0n : this.#told],
    );
    this.#told = rows.at(-1)?.id ?? this.#told;
    const handled = new Map(consumer.handles.map((type) => [type.type, type]));
    const received = rows.flatMap((row) => {
      const type = handled.get(row.event_type);
      return type === undefined ? [] : [toReceived(row, type)];
    });
    await inDatabaseTransaction(this.#engine.pool, (tx) => consumer.applyBatch(tx, received));
  }

  /** Logs all that waits. */
  async keep(): Promise<void> {
    const { keep } = this.replica();
    while (await keep());
  }

  /** Everything that is to be logged is told and logged. */
  async settle(): Promise<void> {
    await this.tell();
    await this.keep();
  }

  /** The signed trees of a tenant, the smallest first, each verified against the keys of the log. */
  async checkpoints(tenantId: TenantId): Promise<SignedCheckpoint[]> {
    const keys = (await readKeys(this.#engine.pool, tenantId)).flatMap(({ vkey }) => parseVkey(vkey) ?? []);
    const { rows } = await this.#engine.pool.query<{ note: string }>(
      'SELECT note FROM log_checkpoint WHERE tenant_id = $1 ORDER BY size, key_version',
      [tenantId],
    );
    return rows.map(({ note }) => {
      const checkpoint = parseCheckpoint(note);
      if (checkpoint === undefined || verifyNote(checkpoint.note, keys) !== 'verified') throw new Error(note);
      return checkpoint;
    });
  }
}

interface OutboxRow {
  readonly id: bigint;
  readonly tenant_id: string;
  readonly event_type: string;
  readonly payload: Uint8Array;
  readonly occurred_at: Date;
}

function toReceived(row: OutboxRow, type: ReceivedEvent['type']): ReceivedEvent {
  return {
    id: String(row.id),
    type,
    tenantId: row.tenant_id,
    key: '',
    occurredAt: row.occurred_at,
    payload: type.codec.decode(row.payload),
    topic: 'viral.events.v1',
    partition: 0,
    offset: row.id,
  };
}
