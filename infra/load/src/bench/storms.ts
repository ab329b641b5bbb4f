import { Api, type Fleet } from '@dailydoco/local';
import type { World } from '../world.js';
import { newSales, streamSales } from './bulk-stream.js';
import { shuffled } from './shuffle.js';

const SEED = 4_711;
/** Three parts of 79.00, in any order. */
const PARTS = ['26.33', '26.33', '26.34'] as const;
const PRICE_MICROS = 79_000_000n;
/** Refunds under way at the same time. */
const REFUNDERS = 32;
const PATIENCE_MS = 30_000;

export interface StormOptions {
  readonly fleet: Fleet;
  readonly world: World;
  readonly buyerIds: readonly string[];
  readonly purchases: number;
}

export interface RefundStorm {
  readonly refundsPerSecond: number;
  /** New purchases, in the same seconds. */
  readonly purchasesPerSecond: number;
  /** Purchases that stand when it is over; all others are refunded whole. */
  readonly standing: number;
}

/** Records purchases, then refunds each of them in three parts, in any order, while as many new ones come in. */
export async function refundStorm({ fleet, world, buyerIds, purchases }: StormOptions): Promise<RefundStorm> {
  const { apiKey } = world.tenant;
  const common = { buyerIds, purchases, amountMicros: PRICE_MICROS };
  const ids: string[] = [];
  await streamSales({
    fleet,
    apiKey,
    sales: newSales({ ...common, externalIdPrefix: `refunded-${world.run}` }),
    onRecorded: (_, { purchaseId }) => ids.push(purchaseId),
  });
  const refunds = shuffled(
    ids.flatMap((id) => PARTS.map((amount, part) => ({ id, amount, externalId: `${id}-${part}` }))),
    SEED,
  );
  // Straight to the service: the gateway lets an address send 6,000 requests a minute. Who is told 503 asks again.
  const api = new Api(`http://127.0.0.1:${fleet.addresses.ports['viral-engine'].http}`, { patienceMs: PATIENCE_MS });
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1000;
  const refunding = inParallel(refunds, REFUNDERS, ({ id, amount, externalId }) =>
    api.post(
      `/v1/purchases/${id}/refunds`,
      { externalId, amount: { amount, currency: 'USD' }, reason: 'requested' },
      { token: apiKey },
    ),
  ).then(() => refunds.length / seconds());
  const buying = streamSales({
    fleet,
    apiKey,
    sales: newSales({ ...common, externalIdPrefix: `standing-${world.run}` }),
    onRecorded: () => undefined,
  }).then((tookMs) => (1000 * purchases) / tookMs);
  const [refundsPerSecond, purchasesPerSecond] = await Promise.all([refunding, buying]);
  return { refundsPerSecond, purchasesPerSecond, standing: purchases };
}

export interface DuplicateStorm {
  readonly messagesPerSecond: number;
  /** Purchases that stand when it is over. */
  readonly standing: number;
}

const TIMES = 5;

/** Sends every purchase five times, shuffled: each is created once, and every answer names the same purchase. */
export async function duplicateStorm({ fleet, world, buyerIds, purchases }: StormOptions): Promise<DuplicateStorm> {
  const once = [
    ...newSales({ buyerIds, purchases, amountMicros: PRICE_MICROS, externalIdPrefix: `duplicated-${world.run}` }),
  ];
  const sales = shuffled(
    once.flatMap((sale) => Array.from({ length: TIMES }, () => sale)),
    SEED,
  );
  const idOf = new Map<string, string>();
  let created = 0;
  const tookMs = await streamSales({
    fleet,
    apiKey: world.tenant.apiKey,
    sales,
    onRecorded: (index, recorded) => {
      const externalId = sales[index]?.externalId ?? '';
      const known = idOf.get(externalId);
      if (known !== undefined && known !== recorded.purchaseId) throw new Error(`${externalId} is two purchases`);
      idOf.set(externalId, recorded.purchaseId);
      if (recorded.created) created += 1;
    },
  });
  if (created !== purchases) throw new Error(`${created} purchases were made of ${purchases}`);
  return { messagesPerSecond: (1000 * sales.length) / tookMs, standing: purchases };
}

async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next; index < items.length; index = next) {
      next += 1;
      const item = items[index];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}
