import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { Outbox } from '@dailydoco/events';
import { IdempotencyStore } from '@dailydoco/http';
import { CommissionDecisions } from '../../src/commissions/commission-decisions.js';
import { DecisionStore } from '../../src/commissions/decision.store.js';
import { DueStore } from '../../src/commissions/due.store.js';
import { releaseDue } from '../../src/commissions/release-due.js';
import { settleHolds } from '../../src/commissions/settle-holds.js';
import { AsideStore } from '../../src/network/aside.store.js';
import { foldMoves } from '../../src/network/fold-moves.js';
import { CustomerReadStore, CustomerStore } from '../../src/customers/customer.store.js';
import { Customers } from '../../src/customers/customers.js';
import type { AttributePurchases } from '../../src/customers/attribute-purchases.js';
import { DisputeStore } from '../../src/disputes/dispute.store.js';
import { Disputes } from '../../src/disputes/disputes.js';
import { watchDeadlines } from '../../src/disputes/disputes.module.js';
import type { TenantId, UserId } from '../../src/ids.js';
import { changeBoost, changeMemberStatus } from '../../src/members/change-member.js';
import type { UserDirectory } from '../../src/members/ensure-member.js';
import { membersOf } from '../../src/members/members.module.js';
import { MemberStore } from '../../src/members/member.store.js';
import type { RandomBytes } from '../../src/members/referral-code.js';
import { addPlanVersion, changeDefaultPlan } from '../../src/plans/change-plans.js';
import { MoveListStore } from '../../src/network/move-list.store.js';
import { MoveStore } from '../../src/network/move.store.js';
import { Moves } from '../../src/network/moves.js';
import { PlanCatalogues, PlanStore } from '../../src/plans/plan.store.js';
import { Plans } from '../../src/plans/plans.js';
import { attributePurchases, recordPurchaseOf } from '../../src/purchases/purchases.module.js';
import type { RecordPurchase } from '../../src/purchases/record-purchase.js';
import { RefundReadStore, RefundStore } from '../../src/refunds/refund.store.js';
import { Refunds } from '../../src/refunds/refunds.js';
import { restoreChargeback } from '../../src/refunds/restore-chargeback.js';
import type { Runtime } from '../../src/runtime.js';
import type { WebsiteDirectory } from '../../src/websites/learn-website.js';
import type { Mortal } from '@dailydoco/testing';

/** What a process is handed: nothing in it happens by itself. */
export interface Surroundings {
  readonly connectionString: string;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: RandomBytes;
  /** Those who know all users and websites: other services. */
  readonly users: UserDirectory;
  readonly sites: WebsiteDirectory;
  /** Most purchases of one group. */
  readonly groupMax: number;
  readonly guard: (pool: ReturnType<typeof createPool>, owner: Mortal) => void;
}

/** Longer than anything in a simulation takes: no bound of time is met in it. */
const NEVER_MS = 120_000;
const CONNECTIONS = 40;

/**
 * One process of the service: its own connections, caches, group writer and loops over the one database. What it does
 * is the service's own code, wired as the service wires it.
 */
export class ServiceProcess implements Mortal {
  readonly name: string;
  dead = false;
  readonly recordPurchase: RecordPurchase;
  readonly refunds: Refunds;
  readonly customers: Customers;
  readonly attribution: AttributePurchases;
  readonly moves: Moves;
  readonly decisions: CommissionDecisions;
  readonly disputes: Disputes;
  readonly plans: Plans;
  readonly #pool: ReturnType<typeof createPool>;
  readonly #runtime: Runtime;
  readonly #stops: (() => unknown)[] = [];
  readonly #surroundings: Surroundings;

  constructor(name: string, surroundings: Surroundings) {
    this.name = name;
    this.#surroundings = surroundings;
    const { connectionString, guard, ...given } = surroundings;
    this.#pool = createPool({
      connectionString,
      max: CONNECTIONS,
      applicationName: name,
      statementTimeoutMs: NEVER_MS,
      acquireTimeoutMs: NEVER_MS,
    });
    guard(this.#pool, this);
    const config = {
      PURCHASE_GROUP_MAX: given.groupMax,
      PURCHASE_GROUP_WAIT_MS: 0,
      PURCHASE_QUEUE_MAX: 1_000,
      PURCHASE_WRITERS: 2,
    };
    const { clock, newId, randomBytes, users, sites } = given;
    // As much of the runtime as these capabilities ask for; the rest of it would connect to Kafka and Redis.
    this.#runtime = {
      config,
      pool: this.#pool,
      clock,
      newId,
      randomBytes,
      users,
      sites,
      outbox: new Outbox({ source: 'dailydoco/viral-engine', newId }),
      idempotency: new IdempotencyStore(),
      catalogues: new PlanCatalogues(),
      lifecycle: { onStop: (_stage: string, _name: string, stop: () => unknown) => this.#stops.push(stop) },
    } as unknown as Runtime;
    this.recordPurchase = recordPurchaseOf(this.#runtime);
    this.attribution = attributePurchases(this.#runtime);
    this.refunds = this.#wireRefunds();
    this.customers = this.#wireCustomers();
    this.moves = this.#wireMoves();
    this.decisions = this.#wireDecisions();
    this.disputes = this.#wireDisputes();
    this.plans = this.#wirePlans();
  }

  winChargeback(won: Parameters<typeof restoreChargeback>[1]): Promise<unknown> {
    return inDatabaseTransaction(this.#pool, (tx) => restoreChargeback(new RefundStore(tx, this.#runtime.outbox), won));
  }

  release(limit: number): Promise<number> {
    const now = this.#surroundings.clock.now();
    return inDatabaseTransaction(this.#pool, (tx) =>
      releaseDue(new DueStore(tx, this.#runtime.outbox), { now, limit }),
    );
  }

  settleHolds(limit: number): Promise<boolean> {
    const now = this.#surroundings.clock.now();
    return inDatabaseTransaction(this.#pool, (tx) =>
      settleHolds(new DueStore(tx, this.#runtime.outbox), { now, limit }),
    );
  }

  /** Escalates the disputes that are past their deadline. */
  watchDeadlines(): Promise<boolean> {
    return watchDeadlines(this.#runtime);
  }

  foldMoves(limit: number): Promise<boolean> {
    return inDatabaseTransaction(this.#pool, (tx) => foldMoves(new AsideStore(tx), limit));
  }

  setStatus(change: Parameters<typeof changeMemberStatus>[1]): Promise<void> {
    return this.#withMembers((members) => changeMemberStatus(members, change));
  }

  setBoost(change: Parameters<typeof changeBoost>[1]): Promise<void> {
    return this.#withMembers((members) => changeBoost(members, change));
  }

  addPlan(...[wanted, change]: [Parameters<typeof addPlanVersion>[1], Parameters<typeof addPlanVersion>[2]]) {
    return inDatabaseTransaction(this.#pool, (tx) =>
      addPlanVersion(new PlanStore(tx, this.#runtime.outbox), wanted, change),
    );
  }

  setDefaultPlan(
    ...[planId, change]: [Parameters<typeof changeDefaultPlan>[1], Parameters<typeof changeDefaultPlan>[2]]
  ) {
    return inDatabaseTransaction(this.#pool, (tx) =>
      changeDefaultPlan(new PlanStore(tx, this.#runtime.outbox), planId, change),
    );
  }

  /** Registers whom the directory knows. */
  ensureMember(tenantId: TenantId, userId: UserId): Promise<void> {
    return membersOf(this.#runtime).ensure(tenantId, userId);
  }

  /** An orderly end. */
  async stop(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.#pool.end();
  }

  #withMembers<T>(work: (members: MemberStore) => Promise<T>): Promise<T> {
    const { outbox, newId } = this.#runtime;
    return inDatabaseTransaction(this.#pool, (tx) => work(new MemberStore(tx, { outbox, newId })));
  }

  #wireMoves(): Moves {
    const { idempotency, outbox, clock, newId } = this.#runtime;
    return new Moves({
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new MoveStore(tx, outbox))),
      reads: new MoveListStore(this.#pool),
      clock,
      newId,
    });
  }

  #wireRefunds(): Refunds {
    const { idempotency, outbox, clock, newId } = this.#runtime;
    return new Refunds({
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new RefundStore(tx, outbox))),
      reads: new RefundReadStore(this.#pool),
      clock,
      newId,
    });
  }

  #wireDecisions(): CommissionDecisions {
    const { idempotency, outbox, clock, newId } = this.#runtime;
    return new CommissionDecisions({
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new DecisionStore(tx, outbox))),
      clock,
      newId,
    });
  }

  #wireDisputes(): Disputes {
    const { idempotency, clock, newId } = this.#runtime;
    return new Disputes({
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new DisputeStore(tx, this.#runtime))),
      reads: new DisputeStore(this.#pool, this.#runtime),
      clock,
      newId,
    });
  }

  #wirePlans(): Plans {
    const { idempotency, outbox, clock } = this.#runtime;
    const withBook = <T>(work: (book: PlanStore) => Promise<T>): Promise<T> =>
      inDatabaseTransaction(this.#pool, (tx) => work(new PlanStore(tx, outbox)));
    return new Plans({
      read: (tenantId) => withBook((book) => book.read(tenantId)),
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new PlanStore(tx, outbox))),
      withBook,
      clock,
    });
  }

  #wireCustomers(): Customers {
    const { idempotency, clock } = this.#runtime;
    return new Customers({
      once: (call, work) => idempotency.run(this.#pool, call, (tx) => work(new CustomerStore(tx))),
      withBook: (work) => inDatabaseTransaction(this.#pool, (tx) => work(new CustomerStore(tx))),
      reads: new CustomerReadStore(this.#pool),
      members: membersOf(this.#runtime),
      clock,
    });
  }
}
