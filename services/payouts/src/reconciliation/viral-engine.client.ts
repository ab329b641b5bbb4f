import type { GrpcClient } from '@dailydoco/grpc';
import { CommissionStatus as ProtoStatus } from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import type { ReconciliationServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { asCommissionId, asPurchaseId, type TenantId } from '../ids.js';
import type { EntryStatus } from '../purchases/money-event.js';
import type { PurchaseState } from './compare-purchases.js';
import type { PurchaseStates } from './reconcile-tenant.js';

const DEADLINE_MS = 10_000;
const PAGE = 1_000;

const STATUS: Readonly<Partial<Record<ProtoStatus, EntryStatus>>> = {
  [ProtoStatus.COMMISSION_STATUS_PENDING]: 'pending',
  [ProtoStatus.COMMISSION_STATUS_HELD]: 'held',
  [ProtoStatus.COMMISSION_STATUS_AVAILABLE]: 'available',
  [ProtoStatus.COMMISSION_STATUS_REVERSED]: 'reversed',
  [ProtoStatus.COMMISSION_STATUS_FORFEITED]: 'forfeited',
};

/** viral-engine, asked how its purchases stand. */
export class ViralEngineStates implements PurchaseStates {
  readonly #client: Pick<GrpcClient<typeof ReconciliationServiceService>, 'listPurchaseStates'>;

  constructor(client: Pick<GrpcClient<typeof ReconciliationServiceService>, 'listPurchaseStates'>) {
    this.#client = client;
  }

  async page(tenantId: TenantId, pageToken: string): Promise<{ states: PurchaseState[]; nextPageToken: string }> {
    const { states, nextPageToken } = await this.#client.listPurchaseStates(
      { pageSize: PAGE, pageToken },
      { tenantId, deadlineMs: DEADLINE_MS },
    );
    return {
      states: states.map(({ purchaseId, purchaseSequence, changedAt, entries }) => ({
        purchaseId: asPurchaseId(purchaseId),
        sequence: purchaseSequence,
        changedAt: changedAt ?? new Date(0),
        entries: new Map(
          entries.map(({ commissionId, status, netMicros }) => {
            const known = STATUS[status];
            if (known === undefined) throw new Error(`commission ${commissionId} has no status known here`);
            return [asCommissionId(commissionId), { status: known, netMicros }] as const;
          }),
        ),
      })),
      nextPageToken,
    };
  }
}
