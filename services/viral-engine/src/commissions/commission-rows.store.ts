import { currencyOf } from '@dailydoco/money';
import { asCommissionId, asPurchaseId, asUserId } from '../ids.js';
import type { Commission } from './commission.js';
import type { CommissionStatus, HoldCause } from './entry-life.js';
import type { CommissionKind } from './split.js';

export interface CommissionRow {
  id: string;
  purchase_id: string;
  beneficiary_id: string;
  kind: CommissionKind;
  level: number;
  rate_bps: number;
  boost_bps: number;
  currency: string;
  gross_micros: bigint;
  net_micros: bigint;
  status: CommissionStatus;
  available_at: Date;
  hold_causes: HoldCause[];
  held_since: Date | null;
  created_at: Date;
}

export function toCommission(row: CommissionRow): Commission {
  return {
    id: asCommissionId(row.id),
    purchaseId: asPurchaseId(row.purchase_id),
    beneficiaryId: asUserId(row.beneficiary_id),
    kind: row.kind,
    level: row.level,
    rateBps: row.rate_bps,
    boostBps: row.boost_bps,
    currency: currencyOf(row.currency),
    grossMicros: row.gross_micros,
    netMicros: row.net_micros,
    status: row.status,
    availableAt: row.available_at,
    holdCauses: row.hold_causes,
    heldSince: row.held_since ?? undefined,
    createdAt: row.created_at,
  };
}
