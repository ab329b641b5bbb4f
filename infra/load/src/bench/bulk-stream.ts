import { createGrpcClient } from '@dailydoco/grpc';
import type { Fleet } from '@dailydoco/local';
import { PurchaseServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { setTimeout as wait } from 'node:timers/promises';

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

/** Sends purchases over one bidirectional gRPC stream, each answered once it is durable; then waits for the ledger. */
export async function bulkStream(options: BulkOptions): Promise<BulkRun> {
  const { fleet, purchases } = options;
  const client = createGrpcClient(PurchaseServiceService, {
    address: `127.0.0.1:${fleet.addresses.ports['viral-engine'].grpc}`,
    service: 'bench',
    serviceSecret: fleet.addresses.internalToken,
  });
  const startedAt = performance.now();
  let answered = 0;
  for await (const { result } of client.recordPurchases(requests(options), {
    authorization: `Bearer ${options.apiKey}`,
  })) {
    if (result?.$case !== 'recorded') throw new Error(`a purchase was refused: ${JSON.stringify(result)}`);
    if (!result.value.created || result.value.commissions.length !== 7)
      throw new Error('a purchase was not new, or did not pay seven');
    answered += 1;
  }
  const acceptedMs = performance.now() - startedAt;
  client.close();
  if (answered !== purchases) throw new Error(`${answered} of ${purchases} purchases were answered`);
  options.onAccepted();
  const acceptedAt = performance.now();
  while (!(await options.drained())) {
    if (performance.now() - acceptedAt > LONGEST_DRAIN_MS) throw new Error('the ledger did not catch up');
    await wait(100);
  }
  return { purchases, acceptedMs, drainedMs: performance.now() - acceptedAt };
}

async function* requests(options: BulkOptions) {
  for (let index = 0; index < options.purchases; index += 1) {
    const buyerId = options.buyerIds[index % options.buyerIds.length];
    if (buyerId === undefined) throw new Error('there are no buyers');
    yield {
      correlationId: BigInt(index),
      purchase: {
        externalId: `${options.externalIdPrefix}-${index}`,
        buyerId,
        customerId: '',
        amount: { micros: options.amountMicros, currencyCode: 'USD' },
        stream: 'subscription',
        websiteId: '',
        productTag: '',
        occurredAt: undefined,
      },
    };
  }
}
