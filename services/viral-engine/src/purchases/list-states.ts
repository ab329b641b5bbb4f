import { DomainError } from '@dailydoco/errors';
import type { CommissionStatus } from '../commissions/entry-life.js';
import { asPurchaseId, type CommissionId, isUuid, type PurchaseId, type TenantId, type UserId } from '../ids.js';

/** How a purchase stands, for whoever keeps a ledger of it. */
export interface PurchaseState {
  readonly purchaseId: PurchaseId;
  readonly sequence: bigint;
  readonly currency: string;
  readonly changedAt: Date;
  readonly entries: readonly {
    readonly commissionId: CommissionId;
    readonly beneficiaryId: UserId;
    readonly status: CommissionStatus;
    readonly netMicros: bigint;
  }[];
}

export interface StateReads {
  /** By purchase id, ascending; each purchase as of one moment. */
  list(query: { tenantId: TenantId; after: PurchaseId | undefined; limit: number }): Promise<PurchaseState[]>;
}

const DEFAULT_PAGE = 500;
const MAX_PAGE = 1_000;

/** One page of the tenant's purchases as they stand. `pageToken` is empty for the first, and for what follows the last. */
export async function listStates(
  reads: StateReads,
  query: { tenantId: TenantId; pageSize: number; pageToken: string },
): Promise<{ states: PurchaseState[]; nextPageToken: string }> {
  const { tenantId, pageToken } = query;
  const pageSize = query.pageSize === 0 ? DEFAULT_PAGE : query.pageSize;
  if (pageSize < 1 || pageSize > MAX_PAGE) refuse('pageSize', 'must be 1 to 1000, or 0 for 500');
  if (pageToken !== '' && !isUuid(pageToken)) refuse('pageToken', 'is not a token of this list');
  const after = pageToken === '' ? undefined : asPurchaseId(pageToken);
  const read = await reads.list({ tenantId, after, limit: pageSize + 1 });
  const states = read.slice(0, pageSize);
  return { states, nextPageToken: read.length > pageSize ? (states.at(-1)?.purchaseId ?? '') : '' };
}

function refuse(path: string, message: string): never {
  throw new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
