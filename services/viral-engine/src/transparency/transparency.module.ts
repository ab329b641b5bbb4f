import { setImmediate as nextTurn } from 'node:timers/promises';
import { inDatabaseTransaction, isTransientDatabaseError } from '@dailydoco/database';
import { isTransient } from '@dailydoco/errors';
import { restWhileBusy } from '@dailydoco/lifecycle';
import { counter, gauge } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { logOriginBaseOf } from '../config.js';
import type { TenantId } from '../ids.js';
import { RUNTIME, type Runtime } from '../runtime.js';
import { addMissingSecrets } from './blinding-key.store.js';
import { KeepLog, type Logged } from './keep-log.js';
import { LeafFactStore } from './leaf-facts.store.js';
import { KeySealer, signerOf } from './log-key.store.js';
import { logPurchases } from './log-purchases.js';
import { LogReadStore } from './log-reads.store.js';
import { lockLog, type LogTools, withLog } from './log.store.js';
import { LogsHttp } from './logs.http.js';
import { LOG_BASE_URL, ProofsHttp } from './proofs.http.js';
import { Prove, STATEMENT_LEAVES } from './prove.js';
import { ReadLog } from './read-log.js';
import { RotateKey } from './rotate-key.js';
import { sweepPage } from './sweep.store.js';
import { measureWaiting, oldestWaiting, postpone } from './waiting.store.js';

/** Most purchases that wait; past it events stay in Kafka. */
const MAX_WAITING = 100_000;
/** The search stands still while so many wait: what is new comes first. */
const SWEEP_BELOW = 10_000;
const SWEEP_PAGE = 500;
/** What is younger is left to its event. */
const SWEEP_AGE_MS = 60_000;
const SWEEP_PAUSE_MS = 600_000;

const leaves = counter('dailydoco_log_leaves_total');
const found = counter('dailydoco_log_sweep_found_purchases_total');
const waitingPurchases = gauge('dailydoco_log_waiting_purchases');
const oldestAge = gauge('dailydoco_log_oldest_waiting_age_seconds');

/** What the stores of logs are put together from. */
export function logTools({ config, catalogues, clock, newId, randomBytes }: Runtime): LogTools {
  const base = logOriginBaseOf(config);
  return {
    sealer: new KeySealer(Buffer.from(config.KEY_ENCRYPTION_SECRET, 'base64'), randomBytes),
    catalogues,
    clock,
    newId,
    originOf: (logId) => `${base}${logId}`,
  };
}

/** What brings commissions and their changes into the logs. */
export interface LogKeeping {
  readonly keep: () => Promise<boolean>;
  readonly sweep: () => Promise<boolean>;
  readonly isFull: () => boolean;
}

export function keepTransparencyLog(runtime: Runtime): LogKeeping {
  const { pool, clock, randomBytes, logger } = runtime;
  const tools = logTools(runtime);
  const work = async (tenantId: TenantId, purchaseIds: Parameters<typeof logPurchases>[1]) => {
    await addMissingSecrets(pool, { tenantId, purchaseIds }, randomBytes);
    const given = { now: clock.now(), randomBytes, breathe: () => nextTurn() };
    return withLog(pool, tenantId, { tools, work: (book) => logPurchases(book, purchaseIds, given) });
  };
  const keeper = new KeepLog({
    oldest: (query) => oldestWaiting(pool, query),
    log: work,
    postpone: (waiting, until) => postpone(pool, waiting, until),
    mayPass: (error) => isTransient(error) || isTransientDatabaseError(error),
    rest: (tookMs) => restWhileBusy(tookMs),
    clock,
    logged: count,
    failed: (waiting, err) => logger.error({ err, ...waiting }, 'a purchase could not be logged; it is set aside'),
  });
  const backlog = { purchases: 0 };
  return {
    keep: () => keeper.runOnce(),
    sweep: async () => {
      backlog.purchases = await measure(runtime);
      return backlog.purchases < SWEEP_BELOW && sweepOnce(runtime);
    },
    isFull: () => backlog.purchases >= MAX_WAITING,
  };
}

async function measure({ pool, clock }: Pick<Runtime, 'pool' | 'clock'>): Promise<number> {
  const { purchases, oldestSince } = await measureWaiting(pool, MAX_WAITING);
  waitingPurchases.set(purchases);
  oldestAge.set(oldestSince === undefined ? 0 : Math.max(0, clock.now().getTime() - oldestSince.getTime()) / 1_000);
  return purchases;
}

/** Never asks to be run again at once: the search has time. */
async function sweepOnce({ pool, clock }: Pick<Runtime, 'pool' | 'clock'>): Promise<false> {
  const now = clock.now();
  const before = new Date(now.getTime() - SWEEP_AGE_MS);
  const swept = await inDatabaseTransaction(pool, (tx) =>
    sweepPage(tx, { now, before, page: SWEEP_PAGE, pauseMs: SWEEP_PAUSE_MS }),
  );
  found.add(swept?.earlier ?? 0, { kind: 'earlier' });
  found.add(swept?.late ?? 0, { kind: 'late' });
  return false;
}

function count({ entries, changes }: Logged): void {
  leaves.add(entries, { kind: 'entry' });
  leaves.add(changes, { kind: 'change' });
}

/** Makes proofs and statements. `leavesPerFile` is for specs, which have no time to fill a whole file. */
export function prove(runtime: Runtime, leavesPerFile: number = STATEMENT_LEAVES): Prove {
  const { pool, catalogues, clock } = runtime;
  const { sealer } = logTools(runtime);
  const leaves = new LeafFactStore(pool, catalogues);
  const logs = new LogReadStore(pool);
  return new Prove({
    leaves,
    logs,
    signer: async (tenantId) => (await signerOf(pool, tenantId, sealer)).signer,
    clock,
    breathe: () => nextTurn(),
    leavesPerFile,
  });
}

function rotate(runtime: Runtime): RotateKey {
  const { pool, idempotency, clock } = runtime;
  const tools = logTools(runtime);
  return new RotateKey({
    once: (call, { tenantId, work }) =>
      idempotency.run(pool, call, async (tx) => work(await lockLog(tx, tenantId, tools))),
    clock,
  });
}

@Module({
  providers: [
    { provide: ReadLog, useFactory: ({ pool }: Runtime) => new ReadLog(new LogReadStore(pool)), inject: [RUNTIME] },
    { provide: Prove, useFactory: (runtime: Runtime) => prove(runtime), inject: [RUNTIME] },
    { provide: RotateKey, useFactory: rotate, inject: [RUNTIME] },
    {
      provide: LOG_BASE_URL,
      useFactory: ({ config }: Runtime) => config.PUBLIC_URL.replace(/\/$/, ''),
      inject: [RUNTIME],
    },
  ],
  controllers: [LogsHttp, ProofsHttp],
})
export class TransparencyModule {}
