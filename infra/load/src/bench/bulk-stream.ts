import { setTimeout as wait } from 'node:timers/promises';
import { createGrpcClient } from '@dailydoco/grpc';
import type { Fleet } from '@dailydoco/local';
import { PurchaseServiceService, type RecordPurchaseResponse } from '@dailydoco/proto/dailydoco/viral/v1/viral';

/** One sale on its way. */
export interface Sale {
  readonly externalId: string;
  readonly buyerId: string;
  readonly amountMicros: bigint;
  readonly stream?: string;
}

export interface StreamOptions {
  readonly fleet: Fleet;
  readonly apiKey: string;
  readonly sales: Iterable<Sale>;
  readonly onRecorded: (sale: number, recorded: RecordPurchaseResponse) => void;
}

/** Sends sales over one bidirectional gRPC stream, each answered once it is durable. Resolves to how long it took, in ms. */
export async function streamSales(options: StreamOptions): Promise<number> {
  const { fleet } = options;
  const client = createGrpcClient(PurchaseServiceService, {
    address: `127.0.0.1:${fleet.addresses.ports['viral-engine'].grpc}`,
    service: 'bench',
    serviceSecret: fleet.addresses.internalToken,
  });
  const startedAt = performance.now();
  try {
    const headers = { authorization: `Bearer ${options.apiKey}` };
    for await (const { correlationId, result } of client.recordPurchases(requests(options.sales), headers)) {
      if (result?.$case !== 'recorded') throw new Error(`a purchase was refused: ${JSON.stringify(result)}`);
      options.onRecorded(Number(correlationId), result.value);
    }
    return performance.now() - startedAt;
  } finally {
    client.close();
  }
}

async function* requests(sales: Iterable<Sale>) {
  let correlationId = 0n;
  for (const { externalId, buyerId, amountMicros: micros, stream = 'subscription' } of sales) {
    const amount = { micros, currencyCode: 'USD' };
    const none = { customerId: '', websiteId: '', productTag: '', occurredAt: undefined };
    yield { correlationId, purchase: { externalId, buyerId, amount, stream, ...none } };
    correlationId += 1n;
  }
}

export interface BulkRun {
  readonly purchases: number;
  /** From the first request to the last answer. */
  readonly acceptedMs: number;
  /** From the last answer until the ledger had everything. */
  readonly drainedMs: number;
}

export interface BulkOptions {
  readonly fleet: Fleet;
  readonly apiKey: string;
  readonly buyerIds: readonly string[];
  readonly purchases: number;
  readonly externalIdPrefix: string;
  readonly amountMicros: bigint;
  /** Called between the last answer and the wait for the ledger. */
  readonly onAccepted: () => void;
  /** Whether the ledger holds all that the purchases pay. */
  readonly drained: () => Promise<boolean>;
}

const LONGEST_DRAIN_MS = 300_000;

/** New purchases in one stream, each paying seven; then waits for the ledger. */
export async function bulkStream(options: BulkOptions): Promise<BulkRun> {
  const { fleet, apiKey, purchases } = options;
  let answered = 0;
  const acceptedMs = await streamSales({
    fleet,
    apiKey,
    sales: newSales(options),
    onRecorded: (sale, recorded) => {
      requireNewOfSeven(sale, recorded);
      answered += 1;
    },
  });
  if (answered !== purchases) throw new Error(`${answered} of ${purchases} purchases were answered`);
  options.onAccepted();
  return { purchases, acceptedMs, drainedMs: await untilDrained(options.drained) };
}

/** Throws unless a sale was new and pays seven. */
export function requireNewOfSeven(_sale: number, { created, commissions }: RecordPurchaseResponse): void {
  if (!created || commissions.length !== 7) throw new Error('a purchase was not new, or did not pay seven');
}

/** Waits until the ledger has everything. Resolves to how long that took, in ms. */
export async function untilDrained(drained: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  while (!(await drained())) {
    if (performance.now() - startedAt > LONGEST_DRAIN_MS) throw new Error('the ledger did not catch up');
    await wait(100);
  }
  return performance.now() - startedAt;
}

/** As many sales as are asked for, the buyers taken in turn. */
export function* newSales(options: Pick<BulkOptions, 'buyerIds' | 'purchases' | 'externalIdPrefix' | 'amountMicros'>) {
  const { buyerIds, purchases, externalIdPrefix, amountMicros } = options;
  for (let index = 0; index < purchases; index += 1) {
    const buyerId = buyerIds[index % buyerIds.length];
    if (buyerId === undefined) throw new Error('there are no buyers');
    yield { externalId: `${externalIdPrefix}-${index}`, buyerId, amountMicros };
  }
}
