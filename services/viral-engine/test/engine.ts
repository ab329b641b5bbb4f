import { randomBytes } from 'node:crypto';
import { createPool, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import { events, Outbox } from '@dailydoco/events';
import { IdempotencyStore } from '@dailydoco/http';
import { newId } from '@dailydoco/lifecycle';
import { currencyOf, parseDecimal } from '@dailydoco/money';
import { createServiceDatabase, fakeClock, type TestDatabase } from '@dailydoco/testing';
import { asPlanId, asPurchaseId, asTenantId, asUserId, type TenantId, type UserId } from '../src/ids.js';
import { MemberStore } from '../src/members/member.store.js';
import { registerMember } from '../src/members/register-member.js';
import { changeMemberStatus } from '../src/members/change-member.js';
import type { MemberStatus } from '../src/members/member.js';
import { migrationSources } from '../src/migrations.js';
import { PlanCatalogues, PlanStore } from '../src/plans/plan.store.js';
import { addPlanVersion } from '../src/plans/change-plans.js';
import type { PlanVersion } from '../src/plans/plan.js';
import { STANDARD } from '../src/plans/shipped-plans.js';
import { commitPurchaseGroup } from '../src/purchases/commit-purchase-group.js';
import type { PurchaseOrder, PurchaseRecord } from '../src/purchases/purchase.js';
import type { PurchaseItem } from '../src/purchases/purchase-group.js';
import { PurchaseGroupStore } from '../src/purchases/purchase-group.store.js';

/** A money event as it stands in the outbox. */
export interface WrittenEvent {
  readonly name: string;
  readonly key: string;
  readonly payload: {
    readonly purchaseId: string;
    readonly purchaseSequence: bigint;
    readonly changes?: readonly { commissionId: string; deltaMicros: bigint; netMicros: bigint }[];
  } & Record<string, unknown>;
}

/** A database of this service with all its tables, for one spec file; `postgresUrl`: on that server. */
export function migratedDatabase(postgresUrl?: string): Promise<TestDatabase> {
  return createServiceDatabase({
    postgresUrl,
    service: 'viral-engine',
    directories: migrationSources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
    },
  });
}

export const START = new Date('2026-06-01T12:00:00.000Z');

export const usd = (amount: string) => ({ amountMicros: parseDecimal(amount) ?? 0n, currency: currencyOf('USD') });

/** What specs of the money core work with: the real database, the real stores, a clock in their hands. */
export class Engine {
  readonly clock = fakeClock(START);
  readonly newId = newId;
  readonly outbox = new Outbox({ source: 'dailydoco/viral-engine', newId });
  readonly tools = {
    outbox: this.outbox,
    idempotency: new IdempotencyStore(),
    catalogues: new PlanCatalogues(),
    randomBytes,
  };
  readonly pool: ReturnType<typeof createPool>;
  readonly #database: TestDatabase;

  constructor(database: TestDatabase) {
    this.#database = database;
    this.pool = createPool({
      connectionString: database.appUrl,
      max: 12,
      applicationName: 'spec',
      statementTimeoutMs: 20_000,
    });
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

  withMembers<T>(work: (members: MemberStore) => Promise<T>): Promise<T> {
    const { outbox } = this;
    return inDatabaseTransaction(this.pool, (tx) => work(new MemberStore(tx, { outbox, newId })));
  }

  /** Joins a member, below the referrer if one is named. */
  async join(tenantId: TenantId, referrer?: UserId): Promise<UserId> {
    const userId = asUserId(newId());
    const referralCode = referrer && (await this.codeOf(tenantId, referrer));
    const now = this.clock.now();
    await this.withMembers((members) =>
      registerMember(
        members,
        { tenantId, userId, status: 'active', referralCode, visitorId: undefined, registeredAt: now },
        { now, randomBytes },
      ),
    );
    return userId;
  }

  /** A line of members, each referred by the one after it: the buyer, then level 1, 2, … */
  async line(tenantId: TenantId, levels: number): Promise<UserId[]> {
    const people: UserId[] = [];
    for (let n = 0; n <= levels; n += 1) people.unshift(await this.join(tenantId, people[0]));
    return people;
  }

  async codeOf(tenantId: TenantId, ownerId: UserId): Promise<string> {
    const { rows } = await this.pool.query<{ code: string }>(
      'SELECT code FROM referral_code WHERE tenant_id = $1 AND owner_id = $2',
      [tenantId, ownerId],
    );
    const [row, ...more] = rows;
    if (row === undefined || more.length > 0) throw new Error(`${rows.length} codes`);
    return row.code;
  }

  setStatus(tenantId: TenantId, userId: UserId, status: MemberStatus): Promise<void> {
    return this.withMembers((members) =>
      changeMemberStatus(members, { tenantId, userId, status, at: this.clock.now() }),
    );
  }

  addPlan(tenantId: TenantId, terms: Partial<Omit<PlanVersion, 'planId'>> & { planId: string }): Promise<PlanVersion> {
    const wanted = { ...STANDARD, effectiveFrom: undefined, ...terms, planId: asPlanId(terms.planId) };
    const change = { tenantId, changedBy: 'spec', at: this.clock.now() };
    return inDatabaseTransaction(this.pool, (tx) => addPlanVersion(new PlanStore(tx, this.outbox), wanted, change));
  }

  order(tenantId: TenantId, buyerId: UserId, other: Partial<PurchaseOrder> = {}): PurchaseOrder {
    return {
      tenantId,
      externalId: newId(),
      buyerId,
      amount: usd('79.00'),
      stream: 'subscription',
      websiteId: undefined,
      occurredAt: undefined,
      metadata: undefined,
      ...other,
    };
  }

  /** Records one purchase in a group of its own. */
  async record(order: PurchaseOrder): Promise<PurchaseRecord> {
    const now = this.clock.now();
    const item: PurchaseItem = {
      id: asPurchaseId(newId()),
      order,
      receivedAt: now,
      idempotency: undefined,
      ignoreWebsiteOwner: false,
      traceparent: undefined,
    };
    const [outcome] = await inDatabaseTransaction(this.pool, (tx) =>
      commitPurchaseGroup(new PurchaseGroupStore(tx, this.tools), [item], { now, newId }),
    );
    if (outcome?.kind !== 'recorded') throw new Error(`not recorded: ${JSON.stringify(outcome)}`);
    return outcome.purchase;
  }

  /** The money events of a purchase in the order of their writing. */
  async eventsOf({ id }: { id: string }): Promise<WrittenEvent[]> {
    const { rows } = await this.pool.query<OutboxRow>(
      'SELECT event_type, aggregate_key, payload FROM messaging.outbox ORDER BY id',
    );
    return rows.map(decode).filter((event) => event.payload.purchaseId === id);
  }

  async stop(): Promise<void> {
    await this.pool.end();
    await this.#database.drop();
  }
}

export async function startEngine(): Promise<Engine> {
  return new Engine(await migratedDatabase());
}

interface OutboxRow {
  readonly event_type: string;
  readonly aggregate_key: string;
  readonly payload: Buffer;
}

function decode(row: OutboxRow): WrittenEvent {
  const type = Object.values(events).find((each) => each.type === row.event_type);
  if (type === undefined) throw new Error(`no event is called ${row.event_type}`);
  const name = row.event_type.slice(row.event_type.lastIndexOf('.') + 1);
  return {
    name,
    key: row.aggregate_key,
    payload: type.codec.decode(row.payload) as unknown as WrittenEvent['payload'],
  };
}

/**
 * The invariants of the money core, over everything in the database: nets equal gross plus changes, entries and house
 * equal the amount, sequences of events are 1, 2, … without a gap and end where the purchase's state says, and the
 * events alone lead to the same nets.
 */
export async function checkBooks({ pool }: Pick<Engine, 'pool'>): Promise<{ purchases: number; wrong: unknown[] }> {
  const nets = await pool.query(
    `SELECT c.id FROM commission c LEFT JOIN commission_change h ON h.tenant_id = c.tenant_id AND h.commission_id = c.id
     GROUP BY c.tenant_id, c.id
     HAVING c.net_micros <> c.gross_micros + coalesce(sum(h.delta_micros), 0)`,
  );
  const sums = await pool.query(
    `SELECT p.id FROM purchase p JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
     LEFT JOIN commission c ON c.tenant_id = p.tenant_id AND c.purchase_id = p.id
     GROUP BY p.tenant_id, p.id, s.refunded_micros
     HAVING coalesce(sum(c.gross_micros), 0) <> p.commissions_micros
         OR p.amount_micros - s.refunded_micros - coalesce(sum(c.net_micros), 0) < 0`,
  );
  const written = await pool.query<OutboxRow>(
    `SELECT event_type, aggregate_key, payload FROM messaging.outbox ORDER BY id`,
  );
  const states = await pool.query<{ purchase_id: string; sequence: bigint }>(
    'SELECT purchase_id, sequence FROM purchase_state',
  );
  const entries = await pool.query<{ id: string; net_micros: bigint }>('SELECT id, net_micros FROM commission');
  const last = new Map<string, bigint>();
  const netByEvents = new Map<string, bigint>();
  const wrong: unknown[] = [...nets.rows, ...sums.rows];
  for (const { name, payload } of written.rows.map(decode)) {
    if (payload.purchaseSequence === undefined) continue;
    if (payload.purchaseSequence !== (last.get(payload.purchaseId) ?? 0n) + 1n) wrong.push({ gap: name, payload });
    last.set(payload.purchaseId, payload.purchaseSequence);
    for (const { commissionId, deltaMicros, netMicros } of payload.changes ?? []) {
      const net = (netByEvents.get(commissionId) ?? 0n) + deltaMicros;
      if (net !== netMicros) wrong.push({ commissionId, net, netMicros });
      netByEvents.set(commissionId, net);
    }
  }
  for (const state of states.rows) {
    if (last.get(state.purchase_id) !== state.sequence) wrong.push({ state, last: last.get(state.purchase_id) });
  }
  for (const { id, net_micros } of entries.rows) {
    if (netByEvents.get(id) !== net_micros) wrong.push({ id, net_micros, byEvents: netByEvents.get(id) });
  }
  return { purchases: states.rows.length, wrong };
}
