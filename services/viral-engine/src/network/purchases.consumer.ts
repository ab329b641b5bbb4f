import { type ConsumerDefinition, defineConsumer, events, type ReceivedEvent } from '@dailydoco/events';
import { asPurchaseId, asTenantId } from '../ids.js';
import { countPurchases, type PurchaseRef } from './count-purchases.js';
import { NetworkCountStore } from './network-count.store.js';

/** Counts purchases for those above their buyers. The events only say which; how they stand is read. */
export function networkConsumer(): ConsumerDefinition {
  return defineConsumer({
    name: 'viral-engine-network',
    topics: ['viral.events.v1'],
    givesWay: true,
    // Those after which a purchase's revenue or commissions stand differently; each of them names its purchase.
    handles: [
      events.purchaseRecorded,
      events.refundRecorded,
      events.commissionsReversed,
      events.commissionsRestored,
      events.commissionsForfeited,
    ],
    async applyBatch(tx, received) {
      const refs = new Map(received.map(refOf).map((ref) => [`${ref.tenantId}/${ref.purchaseId}`, ref]));
      await countPurchases(new NetworkCountStore(tx), [...refs.values()]);
    },
  });
}

function refOf({ tenantId, payload }: ReceivedEvent): PurchaseRef {
  const { purchaseId } = payload as { purchaseId: string };
  return { tenantId: asTenantId(tenantId), purchaseId: asPurchaseId(purchaseId) };
}
