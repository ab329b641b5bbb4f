import {
  type IncomingPurchase,
  isSameUnattributed,
  type UnattributedPurchase,
} from '../customers/unattributed-purchase.js';
import type { CustomerId, TenantId, UserId, WebsiteId } from '../ids.js';
import { isSamePurchase, type PurchaseRecord, refuseOccurredAt } from '../purchases/purchase.js';
import { SeenIds } from './seen-ids.js';

export interface LineProblem {
  /** Undefined: the whole line. */
  readonly column: string | undefined;
  readonly message: string;
}

/** A line of a file, read: a purchase, or what is wrong with it. */
export type ReadLine =
  | { readonly line: number; readonly order: IncomingPurchase }
  | { readonly line: number; readonly problems: readonly LineProblem[] };

/** What is known already; read only. Each question is about one tenant. */
export interface ImportReads {
  findPurchases(tenantId: TenantId, externalIds: readonly string[]): Promise<PurchaseRecord[]>;
  findUnattributed(tenantId: TenantId, externalIds: readonly string[]): Promise<UnattributedPurchase[]>;
  /** The users that customers are. */
  usersOf(tenantId: TenantId, customerIds: readonly CustomerId[]): Promise<Map<CustomerId, UserId>>;
  /** Those that nobody knows, neither this service nor identity. */
  unknownUsers(tenantId: TenantId, userIds: readonly UserId[]): Promise<Set<UserId>>;
  unknownWebsites(tenantId: TenantId, websiteIds: readonly WebsiteId[]): Promise<Set<WebsiteId>>;
}

/** What checking found: numbers, and one entry for each bad line. */
export interface CheckCounts {
  lines: number;
  good: number;
  bad: number;
}

/** Lines that are looked up together. */
export const BATCH = 1_000;

/**
 * Checks lines before anything is written: their form is known, so what is left is whether they clash with each other
 * or with what is recorded, and whether buyer and website exist. Writes nothing. Memory does not grow with the number
 * of lines, but for a few dozen bytes of each external id.
 */
export class CheckLines {
  readonly counts: CheckCounts = { lines: 0, good: 0, bad: 0 };
  readonly #reads: ImportReads;
  readonly #report: (line: number, problems: readonly LineProblem[]) => void;
  readonly #clock: { now(): Date };
  readonly #seen = new SeenIds();

  constructor(dependencies: {
    reads: ImportReads;
    report: (line: number, problems: readonly LineProblem[]) => void;
    clock: { now(): Date };
  }) {
    this.#reads = dependencies.reads;
    this.#report = dependencies.report;
    this.#clock = dependencies.clock;
  }

  /** At most BATCH lines at a time. */
  async check(tenantId: TenantId, lines: readonly ReadLine[]): Promise<void> {
    const orders = lines.flatMap((each) => ('order' in each ? [each.order] : []));
    const known = await this.#readKnown(tenantId, orders);
    for (const each of lines) {
      const problems = 'order' in each ? this.#problemsOf(each.order, known) : each.problems;
      this.counts.lines += 1;
      if (problems.length === 0) this.counts.good += 1;
      else {
        this.counts.bad += 1;
        this.#report(each.line, problems);
      }
    }
  }

  async #readKnown(tenantId: TenantId, orders: readonly IncomingPurchase[]): Promise<Known> {
    const reads = this.#reads;
    const ids = orders.map(({ externalId }) => externalId);
    const customers = orders.flatMap(({ customerId }) => (customerId === undefined ? [] : [customerId]));
    const buyers = orders.flatMap((order) => (order.customerId === undefined ? [order.buyerId] : []));
    const websites = orders.flatMap(({ websiteId }) => (websiteId === undefined ? [] : [websiteId]));
    const purchases = await reads.findPurchases(tenantId, ids);
    const unattributed = await reads.findUnattributed(tenantId, ids);
    return {
      purchases: new Map(purchases.map((each) => [each.externalId, each])),
      unattributed: new Map(unattributed.map((each) => [each.externalId, each])),
      users: await reads.usersOf(tenantId, [...new Set(customers)]),
      unknownUsers: await reads.unknownUsers(tenantId, [...new Set(buyers)]),
      unknownWebsites: await reads.unknownWebsites(tenantId, [...new Set(websites)]),
    };
  }

  #problemsOf(order: IncomingPurchase, known: Known): LineProblem[] {
    const problems: LineProblem[] = [];
    if (this.#seen.see(order.externalId, contentOf(order)) === 'other') {
      problems.push({ column: 'externalId', message: 'is on an earlier line with other content' });
    }
    if (clashes(order, known)) {
      problems.push({ column: 'externalId', message: 'is recorded already with other content' });
    }
    if (order.customerId === undefined && known.unknownUsers.has(order.buyerId)) {
      problems.push({ column: 'buyerId', message: 'is nobody' });
    }
    if (order.websiteId !== undefined && known.unknownWebsites.has(order.websiteId)) {
      problems.push({ column: 'websiteId', message: 'is no website' });
    }
    const refusal = refuseOccurredAt(order.occurredAt, { now: this.#clock.now(), mayBackdate: true });
    if (refusal !== undefined) problems.push({ column: 'occurredAt', message: 'lies in the future' });
    return problems;
  }
}

interface Known {
  readonly purchases: ReadonlyMap<string, PurchaseRecord>;
  readonly unattributed: ReadonlyMap<string, UnattributedPurchase>;
  readonly users: ReadonlyMap<CustomerId, UserId>;
  readonly unknownUsers: ReadonlySet<UserId>;
  readonly unknownWebsites: ReadonlySet<WebsiteId>;
}

function clashes(order: IncomingPurchase, { purchases, unattributed, users }: Known): boolean {
  const purchase = purchases.get(order.externalId);
  if (purchase !== undefined) {
    const { customerId: _, ...rest } = order;
    const buyerId = order.customerId === undefined ? order.buyerId : users.get(order.customerId);
    return buyerId === undefined || !isSamePurchase(purchase, { ...rest, buyerId });
  }
  const waiting = unattributed.get(order.externalId);
  return waiting !== undefined && !isSameUnattributed(waiting, order);
}

function contentOf(order: IncomingPurchase): string {
  const { amount, stream, productTag, websiteId, occurredAt, customerId } = order;
  const buyer = customerId === undefined ? ['user', order.buyerId] : ['customer', customerId];
  const money = [String(amount.amountMicros), amount.currency];
  return JSON.stringify([buyer, money, stream, productTag ?? null, websiteId ?? null, occurredAt ?? null]);
}
