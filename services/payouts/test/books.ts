import { randomBytes } from 'node:crypto';
import { createPool, type DatabaseTransaction, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import { events, Outbox, type ReceivedEvent } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import { currencyOf, parseDecimal } from '@dailydoco/money';
import { createServiceDatabase, fakeClock, type TestDatabase } from '@dailydoco/testing';
import { asPayoutMethodId, asTenantId, asUserId, type PayoutMethodId, type TenantId, type UserId } from '../src/ids.js';
import { LedgerReadStore } from '../src/ledger/ledger-reads.store.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import type { Balance } from '../src/ledger/read-ledger.js';
import type { SandboxOutcome } from '../src/methods/method.js';
import { methodSecrecy } from '../src/methods/methods.module.js';
import { PayoutMethodStore } from '../src/methods/payout-method.store.js';
import { migrationSources } from '../src/migrations.js';
import { DestinationStore } from '../src/methods/destinations.store.js';
import { requestPayout } from '../src/payouts/change-payout.js';
import type { Payout, PayoutStatus } from '../src/payouts/payout.js';
import { batchPayouts } from '../src/payouts/batch-payouts.js';
import { BatchStore, readCandidates, readWaitingGroups } from '../src/payouts/batch.store.js';
import { PayoutReadStore } from '../src/payouts/payout-reads.store.js';
import { screenPayouts } from '../src/payouts/screen-payouts.js';
import { type Applied, receiveReports } from '../src/payouts/receive-reports.js';
import type { PayoutScreen, Withholding } from '../src/payouts/screen.js';
import { submitPayouts } from '../src/payouts/submit-payouts.js';
import { claimPayouts, WorkStore } from '../src/payouts/work.store.js';
import { moneyEventsConsumer } from '../src/purchases/money-events.consumer.js';
import { BooksStore } from '../src/reconciliation/books.store.js';
import type { Break } from '../src/reconciliation/break-case.js';
import type { PurchaseStates } from '../src/reconciliation/reconcile-tenant.js';
import type { CallRail, Rail, RailKind, RailReport } from '../src/rails/rail.js';
import { railRegistry } from '../src/rails/registry.js';
import { SPEC_BANK } from './spec-rail.js';
import { sandboxRail } from '../src/rails/sandbox/sandbox-rail.store.js';
import { StandingStore } from '../src/standing/standing.store.js';
import { Life, START } from './lives.js';
import { receivedOf } from './wire.js';

/** Under which the edges of specs open what the books sealed. */
export const SEALING = { KEY_ENCRYPTION_SECRET: Buffer.alloc(32, 1).toString('base64') };

/** A database of this service with all its tables, for one spec file; `postgresUrl`: on that server. */
export function migratedDatabase(postgresUrl?: string): Promise<TestDatabase> {
  return createServiceDatabase({
    postgresUrl,
    service: 'payouts',
    directories: migrationSources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
    },
  });
}

export const micros = (amount: string): bigint => {
  const parsed = parseDecimal(amount);
  if (parsed === undefined) throw new Error(`${amount} is no amount`);
  return parsed;
};

/** What one round of the worker did, by the word of the rail. */
export interface Round {
  readonly steps: PayoutStatus[];
  readonly failures: unknown[];
}

/** The steps that the service takes by itself on a payout's way. */
const ON_THE_WAY: readonly PayoutStatus[] = ['screened', 'approved', 'submitted'];

/** What becomes of a call that the rail has answered, or that it never gets. */
type Through = (answer: () => ReturnType<CallRail['submit']>, reference: string) => ReturnType<CallRail['submit']>;

/** A rail behind a line that does to calls what the spec says. */
export function railThrough(rail: CallRail, { submit, find }: { submit?: Through; find?: Through }): CallRail {
  return {
    ...rail,
    submit: (payment, signal) => {
      const answer = () => rail.submit(payment, signal);
      return submit === undefined ? answer() : submit(answer, payment.reference);
    },
    find: (payment, signal) => {
      const answer = () => rail.find(payment, signal);
      return find === undefined ? answer() : find(answer, payment.reference);
    },
  };
}

/** What specs of the ledger work with: the real database, the real consumer and worker, a clock in their hands. */
export class Books {
  readonly clock = fakeClock(START);
  readonly newId = newId;
  readonly randomBytes = randomBytes;
  readonly outbox = new Outbox({ source: 'dailydoco/payouts', newId });
  readonly pool: ReturnType<typeof createPool>;
  readonly rail: CallRail;
  /** Specs set what the screens find and what tax is withheld. */
  screens: PayoutScreen[] = [];
  withholding: Withholding = { bpsOf: () => Promise.resolve(new Map()) };
  /** What happens between the moment that a worker has found payouts to send and the one that it marks them as sent. */
  meanwhile: () => Promise<void> = () => Promise.resolve();
  /** What happens between the moment that payouts are marked as sent and the one that rails are called. */
  beforeSending: () => void = () => undefined;
  readonly #database: TestDatabase;

  constructor(database: TestDatabase) {
    this.#database = database;
    this.pool = createPool({
      connectionString: database.appUrl,
      max: 16,
      applicationName: 'spec',
      statementTimeoutMs: 20_000,
    });
    this.rail = sandboxRail({ sql: this.pool, clock: this.clock });
  }

  get secrecy(): ReturnType<typeof methodSecrecy> {
    return methodSecrecy({ randomBytes, outbox: this.outbox, config: SEALING });
  }

  get appUrl(): string {
    return this.#database.appUrl;
  }

  get ownerUrl(): string {
    return this.#database.ownerUrl;
  }

  newTenant(): TenantId {
    return asTenantId(newId());
  }

  newPerson(): UserId {
    return asUserId(newId());
  }

  /** Hands events to the real consumer. A deadlock would be retried in silence elsewhere; here it must not happen. */
  apply(batch: readonly ReceivedEvent[], then?: (tx: DatabaseTransaction) => Promise<void>): Promise<void> {
    const consumer = moneyEventsConsumer(this);
    const work = async (tx: DatabaseTransaction): Promise<void> => {
      await consumer.applyBatch(tx, batch);
      await then?.(tx);
    };
    return inDatabaseTransaction(this.pool, work, { maxAttempts: 1 });
  }

  async live(...lives: readonly Life[]): Promise<void> {
    await this.apply(lives.flatMap(receivedOf));
  }

  /** A purchase of which the person has the amount, available. */
  async earn(tenantId: TenantId, personId: UserId, amount: string, currency = 'USD'): Promise<Life> {
    const shares = [{ beneficiaryId: personId, micros: micros(amount) }];
    const life = new Life({ tenantId, currency: currencyOf(currency), amountMicros: 2n * micros(amount), shares });
    life.release();
    await this.live(life);
    return life;
  }

  async balance(tenantId: TenantId, personId: UserId, currency = 'USD'): Promise<Balance | undefined> {
    const balances = await new LedgerReadStore(this.pool).balancesOf(tenantId, personId);
    return balances.find((each) => each.currency === currency);
  }

  /** Everything wrong in the books of a tenant, by the checks that reconciliation makes. */
  breaks(tenantId: TenantId): Promise<Break[]> {
    return this.ownBooks().breaksWithin(tenantId);
  }

  ownBooks(): BooksStore {
    return new BooksStore(this.pool, (work) =>
      inDatabaseTransaction(this.pool, work, { isolation: 'repeatable read' }),
    );
  }

  suspend(tenantId: TenantId, personId: UserId, suspended = true): Promise<void> {
    return new StandingStore(this.pool).set({ tenantId, personId, suspended, at: this.clock.now() });
  }

  /** `script`: what else payments to it do, see sandboxDestinationOf. */
  async addMethod(
    tenantId: TenantId,
    personId: UserId,
    { outcome = 'settled', ...script }: { outcome?: SandboxOutcome; [detail: string]: unknown } = {},
  ): Promise<PayoutMethodId> {
    const id = asPayoutMethodId(newId());
    const none = { masked: undefined, country: undefined, heldUntil: undefined };
    const method = { tenantId, personId, id, kind: 'sandbox' as const, outcome, ...none, createdAt: this.clock.now() };
    const store = new PayoutMethodStore(this.pool, this.secrecy);
    await store.add(method, { details: { outcome, ...script }, account: undefined });
    return id;
  }

  payoutBook(tx: DatabaseTransaction): WorkStore {
    const withholding = () => this.withholding;
    return new WorkStore(tx, { ledger: new LedgerStore(tx, this), outbox: this.outbox, withholding });
  }

  /** Asks for a payout that is due for the rail at once; `first` runs in its database transaction before. */
  request(
    order: {
      tenantId: TenantId;
      personId: UserId;
      methodId: PayoutMethodId;
      amount: string;
      currency?: string;
      /** Told as undefined: a schedule asks. */
      requestedBy?: undefined;
    },
    first?: () => Promise<void>,
  ): Promise<Payout> {
    const { amount, currency = 'USD', ...rest } = order;
    const wanted = { ...rest, amount: { amountMicros: micros(amount), currency: currencyOf(currency) } };
    return inDatabaseTransaction(this.pool, async (tx) => {
      await first?.();
      const { rail } = this;
      const given = { newId, cancelWindowMs: 0, reach: railRegistry([rail, SPEC_BANK]) };
      return requestPayout(this.payoutBook(tx), wanted, { ...given, now: this.clock.now() });
    });
  }

  async payout({ tenantId, id }: Pick<Payout, 'tenantId' | 'id'>): Promise<Payout> {
    const story = await new PayoutReadStore(this.pool, (work) => work(this.pool)).find(tenantId, id);
    if (story === undefined) throw new Error('there is no such payout');
    return story.payout;
  }

  /** One round of the worker; `crash` runs at the end of the database transaction that records what the rail said. */
  async work(rail: CallRail = this.rail, crash?: (tx: DatabaseTransaction) => Promise<void>): Promise<Round> {
    const round: Round = { steps: [], failures: [] };
    const taken = (changed: readonly Payout[]): void => {
      round.steps.push(...changed.map(({ status }) => status).filter((status) => !ON_THE_WAY.includes(status)));
      if (changed.some(({ status }) => status === 'submitted')) this.beforeSending();
    };
    await inDatabaseTransaction(this.pool, (tx) =>
      screenPayouts(this.payoutBook(tx), { screens: this.screens, now: this.clock.now() }),
    );
    let called = false;
    const crashAfter: CallRail = railThrough(rail, {
      submit: (answer) => answer().finally(() => (called = true)),
      find: (answer) => answer().finally(() => (called = true)),
    });
    const rails = railRegistry([crashAfter, SPEC_BANK]);
    await submitPayouts({
      claim: async (what) => {
        const claims = await inDatabaseTransaction(this.pool, (tx) => claimPayouts(tx, what));
        await this.meanwhile();
        return claims;
      },
      rails,
      destinations: new DestinationStore(this.pool, { sealer: this.secrecy.sealer, rails }),
      inTransaction: (record) =>
        inDatabaseTransaction(this.pool, async (tx) => {
          const result = await record(this.payoutBook(tx));
          if (called) await crash?.(tx);
          return result;
        }),
      clock: this.clock,
      timeoutMs: 5_000,
      taken,
      failed: (_, error) => round.failures.push(error),
    });
    return round;
  }

  /** Payouts of rails of files are put into batches, those that are not full too. */
  async batch(rails: ReadonlyMap<RailKind, Rail> = railRegistry([this.rail, SPEC_BANK])): Promise<void> {
    await batchPayouts({
      waiting: (kinds, now) => readWaitingGroups(this.pool, kinds, now),
      candidates: async (group, now, limit) => {
        const candidates = await readCandidates(this.pool, group, { now, limit });
        await this.meanwhile();
        return candidates;
      },
      rails,
      destinations: new DestinationStore(this.pool, { sealer: this.secrecy.sealer, rails }),
      inTransaction: (work) =>
        inDatabaseTransaction(this.pool, (tx) =>
          work(new BatchStore(tx, { ledger: new LedgerStore(tx, this), outbox: this.outbox })),
        ),
      clock: this.clock,
      newId,
      maxAgeMs: 0,
      taken: () => undefined,
    });
  }

  /** Hands in what a rail told by itself. */
  report(...reports: readonly RailReport[]): Promise<(Applied | undefined)[]> {
    return inDatabaseTransaction(
      this.pool,
      async (tx) => (await receiveReports(this.payoutBook(tx), reports, this.clock.now())).applied,
    );
  }

  /** The names of this service's events about an aggregate, in the order of their writing. */
  async published(key: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ event_type: string; payload: Buffer }>(
      'SELECT event_type, payload FROM messaging.outbox WHERE aggregate_key = $1 ORDER BY id',
      [key],
    );
    return rows.map(({ event_type, payload }) => {
      // Whatever stands in the outbox can be read.
      Object.values(events)
        .find(({ type }) => type === event_type)
        ?.codec.decode(payload);
      return event_type.slice(event_type.lastIndexOf('.') + 1);
    });
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.#database.drop();
  }
}

export async function startBooks(): Promise<Books> {
  return new Books(await migratedDatabase());
}

/** Stands in for viral-engine: tells the lives page by page, ascending by id. */
export function statesOf(lives: () => readonly Life[], { pageSize = 1_000, changedAt = START } = {}): PurchaseStates {
  return {
    page(tenantId, pageToken) {
      const own = lives()
        .filter((life) => life.tenantId === tenantId && life.purchaseId > pageToken)
        .toSorted((a, b) => (a.purchaseId < b.purchaseId ? -1 : 1));
      const states = own.slice(0, pageSize).map((life) => life.state(changedAt));
      const nextPageToken = own.length > pageSize ? (states.at(-1)?.purchaseId ?? '') : '';
      return Promise.resolve({ states, nextPageToken });
    },
  };
}
