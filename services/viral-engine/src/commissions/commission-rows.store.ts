import { currencyOf } from '@dailydoco/money';
import { asCommissionId, asPurchaseId, asUserId } from '../ids.js';
import type { Commission } from './commission.js';
import type { CommissionStatus, HoldCause } from './entry-life.js';
import type { Cut, CutRule } from './limit-entries.js';
import type { CommissionKind } from './split.js';

/** A cut as jsonb keeps it: micros as text. */
interface StoredCut {
  rule: CutRule;
  amount: string;
}

/** Cuts as jsonb keeps them; null when nothing was cut. */
export function toStoredCuts(cuts: readonly Cut[]): string | null {
  if (cuts.length === 0) return null;
  return JSON.stringify(cuts.map(({ rule, amountMicros }): StoredCut => ({ rule, amount: amountMicros.toString() })));
}

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
  cuts: StoredCut[] | null;
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
    cuts: (row.cuts ?? []).map(({ rule, amount }) => ({ rule, amountMicros: BigInt(amount) })),
    netMicros: row.net_micros,
    status: row.status,
    availableAt: row.available_at,
    holdCauses: row.hold_causes,
    heldSince: row.held_since ?? undefined,
    createdAt: row.created_at,
  };
}
