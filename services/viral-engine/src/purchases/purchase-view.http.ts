import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { inAnswerOrder } from '../commissions/commission.js';
import { commissionSchema, viewCommission } from '../commissions/commission-view.http.js';
import type { PurchaseRecord } from './purchase.js';

/** A purchase as every answer shows it: `total` and `house` as at its creation, the rest as it stands. */
export const purchaseSchema = z
  .object({
    id: uuidSchema,
    externalId: z.string(),
    buyerId: uuidSchema,
    amount: moneyAnswerSchema,
    stream: z.string(),
    productTag: z.string().nullable(),
    websiteId: uuidSchema.nullable(),
    occurredAt: z.string().meta({ format: 'date-time' }),
    recordedAt: z.string().meta({ format: 'date-time' }),
    plan: z
      .object({ id: z.string(), version: z.int() })
      .nullable()
      .meta({ description: 'The plan version that decided; null when no plan covered the purchase.' }),
    commissions: z.array(commissionSchema).meta({ description: 'The website bonus first, then by level.' }),
    total: moneyAnswerSchema.meta({ description: 'All commissions together, at the split.' }),
    house: moneyAnswerSchema.meta({ description: 'amount − total.' }),
    refunded: moneyAnswerSchema,
    netTotal: moneyAnswerSchema.meta({ description: 'What stands of all commissions together.' }),
    netHouse: moneyAnswerSchema.meta({ description: 'amount − refunded − netTotal.' }),
  })
  .meta({ id: 'Purchase' });

export const purchaseWithMetadataSchema = purchaseSchema
  .extend({ metadata: z.record(z.string(), z.unknown()).nullable() })
  .meta({ id: 'PurchaseWithMetadata' });

export type PurchaseView = z.infer<typeof purchaseSchema>;

export function viewPurchase(purchase: PurchaseRecord): PurchaseView {
  const { amountMicros, totalMicros, refundedMicros, currency } = purchase;
  const netTotalMicros = purchase.commissions.reduce((sum, { netMicros }) => sum + netMicros, 0n);
  const money = (micros: bigint) => formatMoney({ amountMicros: micros, currency });
  return {
    id: purchase.id,
    externalId: purchase.externalId,
    buyerId: purchase.buyerId,
    amount: money(amountMicros),
    stream: purchase.stream,
    productTag: purchase.productTag ?? null,
    websiteId: purchase.websiteId ?? null,
    occurredAt: purchase.occurredAt.toISOString(),
    recordedAt: purchase.recordedAt.toISOString(),
    plan: purchase.plan ?? null,
    commissions: inAnswerOrder(purchase.commissions).map(viewCommission),
    total: money(totalMicros),
    house: money(amountMicros - totalMicros),
    refunded: money(refundedMicros),
    netTotal: money(netTotalMicros),
    netHouse: money(amountMicros - refundedMicros - netTotalMicros),
  };
}
