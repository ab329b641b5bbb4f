import { asPurchaseId, asTenantId, asUserId, type PurchaseId, type UserId } from '../ids.js';
import type { FoundSignal } from './fraud-book.js';
import type { RuleName } from './tuning.js';

export interface SignalRow {
  readonly tenant_id: string;
  readonly purchase_id: string;
  readonly beneficiary_id: string;
  readonly rule: string;
  readonly points: number;
  readonly reason: string;
  readonly evidence: { readonly members: readonly string[]; readonly purchases: readonly string[] };
  readonly tuning_version: number;
  readonly found_at: Date;
}

export function toSignal(row: SignalRow): FoundSignal & { readonly foundAt: Date } {
  return {
    tenantId: asTenantId(row.tenant_id),
    purchaseId: asPurchaseId(row.purchase_id),
    beneficiaryId: asUserId(row.beneficiary_id),
    // Written by this service alone, which knows no other rules.
    rule: row.rule as RuleName,
    points: row.points,
    reason: row.reason,
    evidence: {
      members: row.evidence.members.map((id): UserId => asUserId(id)),
      purchases: row.evidence.purchases.map((id): PurchaseId => asPurchaseId(id)),
    },
    tuningVersion: row.tuning_version,
    foundAt: row.found_at,
  };
}

export function signalKey(row: Pick<SignalRow, 'tenant_id' | 'purchase_id' | 'beneficiary_id' | 'rule'>): string {
  return `${row.tenant_id}/${row.purchase_id}/${row.beneficiary_id}/${row.rule}`;
}
