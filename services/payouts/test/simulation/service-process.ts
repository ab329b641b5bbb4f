import 'reflect-metadata';
import { createPool, type DatabaseTransaction, inDatabaseTransaction } from '@dailydoco/database';
import { Outbox, type ReceivedEvent } from '@dailydoco/events';
import { IdempotencyStore } from '@dailydoco/http';
import type { Mortal } from '@dailydoco/testing';
import { BankFiles } from '../../src/bank-files/bank-files.js';
import { BankFilesModule, reportBankFacts } from '../../src/bank-files/bank-files.module.js';
import { LedgerStore } from '../../src/ledger/ledger.store.js';
import { destinations } from '../../src/methods/methods.module.js';
import { batchPayouts } from '../../src/payouts/batch-payouts.js';
import { BatchStore, readCandidates, readWaitingGroups } from '../../src/payouts/batch.store.js';
import { Batches } from '../../src/payouts/batches.js';
import { PayoutReviews } from '../../src/payouts/payout-reviews.js';
import { payoutRound, receiveRailReports } from '../../src/payouts/payout-work.module.js';
import { Payouts } from '../../src/payouts/payouts.js';
import { PayoutsModule } from '../../src/payouts/payouts.module.js';
import type { PayoutScreen, Withholding } from '../../src/payouts/screen.js';
import { Policies } from '../../src/policies/policies.js';
import { PoliciesModule } from '../../src/policies/policies.module.js';
import { moneyEventsConsumer } from '../../src/purchases/money-events.consumer.js';
import type { Rail, RailKind, RailReport } from '../../src/rails/rail.js';
import type { Runtime } from '../../src/runtime.js';
import { scheduleRound, SchedulesModule } from '../../src/schedules/schedules.module.js';
import { Schedules } from '../../src/schedules/schedules.js';
import { StandingStore } from '../../src/standing/standing.store.js';
import { SEALING } from '../books.js';

/** What a process is handed: nothing in it happens by itself. */
export interface Surroundings {
  readonly connectionString: string;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly rails: (owner: Mortal) => ReadonlyMap<RailKind, Rail>;
  readonly screens: () => PayoutScreen[];
  readonly withholding: () => Withholding;
  readonly guard: (pool: ReturnType<typeof createPool>, owner: Mortal) => void;
}

/** Longer than anything in a simulation takes: no bound of time is met in it. */
const NEVER_MS = 120_000;
const CONNECTIONS = 40;
const BATCH_AFTER_MS = 60_000;
const SETTINGS = { ...SEALING, PAYOUT_CANCEL_WINDOW_MS: 0, PAYOUT_BATCH_AFTER_MS: BATCH_AFTER_MS };

interface Provider {
  readonly provide: unknown;
  readonly useFactory: (runtime: Runtime) => unknown;
}

/** What a module of the service makes of a runtime, by the module's own factory. */
function madeBy<T>(module: object, made: new (...given: never[]) => T, runtime: Runtime): T {
  const providers = Reflect.getMetadata('providers', module) as readonly Provider[];
  const thing = providers.find(({ provide }) => provide === made)?.useFactory(runtime);
  if (!(thing instanceof made)) throw new Error(`the module makes no ${made.name}`);
  return thing;
}

/**
 * One process of the service: its own connections, use cases, worker and consumers over the one database. What it does
 * is the service's own code, wired as the service wires it.
 */
export class ServiceProcess implements Mortal {
  readonly name: string;
  dead = false;
  readonly payouts: Payouts;
  readonly reviews: PayoutReviews;
  readonly batches: Batches;
  readonly policies: Policies;
  readonly schedules: Schedules;
  readonly bankFiles: BankFiles;
  readonly runtime: Runtime;

  constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    const { connectionString, guard, clock, newId, randomBytes, rails, ...given } = surroundings;
    const pool = createPool({
      connectionString,
      max: CONNECTIONS,
      applicationName: name,
      statementTimeoutMs: NEVER_MS,
      acquireTimeoutMs: NEVER_MS,
    });
    guard(pool, this);
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };
    // As much of the runtime as these capabilities ask for; the rest of it would connect to Kafka and Redis.
    this.runtime = {
      config: SETTINGS,
      pool,
      clock,
      newId,
      randomBytes,
      outbox: new Outbox({ source: 'dailydoco/payouts', newId }),
      idempotency: new IdempotencyStore(),
      rails: rails(this),
      screens: given.screens,
      withholding: given.withholding,
      logger: silent,
    } as unknown as Runtime;
    this.payouts = madeBy(PayoutsModule, Payouts, this.runtime);
    this.reviews = madeBy(PayoutsModule, PayoutReviews, this.runtime);
    this.batches = madeBy(PayoutsModule, Batches, this.runtime);
    this.policies = madeBy(PoliciesModule, Policies, this.runtime);
    this.schedules = madeBy(SchedulesModule, Schedules, this.runtime);
    this.bankFiles = madeBy(BankFilesModule, BankFiles, this.runtime);
  }

  work(): Promise<boolean> {
    return payoutRound(this.runtime);
  }

  receive(reports: readonly RailReport[]): ReturnType<typeof receiveRailReports> {
    return receiveRailReports(this.runtime, reports);
  }

  reportBankFacts(): Promise<boolean> {
    return reportBankFacts(this.runtime);
  }

  lookAtSchedules(): Promise<boolean> {
    return scheduleRound(this.runtime, new AbortController().signal);
  }

  /** As `payout-batches` of the service's worker. */
  batch(): Promise<boolean> {
    const { pool, rails, clock, newId, outbox } = this.runtime;
    return batchPayouts({
      waiting: (kinds, now) => readWaitingGroups(pool, kinds, now),
      candidates: (group, now, limit) => readCandidates(pool, group, { now, limit }),
      rails,
      destinations: destinations(this.runtime),
      inTransaction: (work) =>
        this.inTransaction((tx) => work(new BatchStore(tx, { ledger: new LedgerStore(tx, this.runtime), outbox }))),
      clock,
      newId,
      maxAgeMs: BATCH_AFTER_MS,
      taken: () => undefined,
    });
  }

  /** As the relay's consumers hand events over: what was not committed comes again. */
  consume(events: readonly ReceivedEvent[]): Promise<void> {
    return this.inTransaction((tx) => moneyEventsConsumer(this.runtime).applyBatch(tx, events));
  }

  setStanding(standing: Parameters<StandingStore['set']>[0]): Promise<void> {
    return this.inTransaction((tx) => new StandingStore(tx).set(standing));
  }

  inTransaction<T>(work: (tx: DatabaseTransaction) => Promise<T>): Promise<T> {
    return inDatabaseTransaction(this.runtime.pool, work);
  }

  /** An orderly end. */
  stop(): Promise<void> {
    return this.runtime.pool.end();
  }
}
