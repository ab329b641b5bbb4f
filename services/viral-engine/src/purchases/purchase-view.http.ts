import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { inAnswerOrder } from '../commissions/commission.js';
import { commissionSchema, viewCommission } from '../commissions/commission-view.http.js';
import type { UnattributedPurchase } from '../customers/unattributed-purchase.js';
import type { PurchaseRecord } from './purchase.js';

/** A purchase as every answer shows it: `total` and `house` as at its creation, the rest as it stands. */
export const purchaseSchema = z
  .object({
    id: uuidSchema,
    externalId: z.string(),
    status: z.enum(['recorded', 'unattributed']).meta({
      description: 'unattributed: nobody has said yet which user the customer is, so there are no commissions.',
    }),
    buyerId: uuidSchema.nullable().meta({ description: 'Null while the purchase is unattributed.' }),
    customerId: z
      .string()
      .nullable()
      .meta({ description: 'The customer that an unattributed purchase waits for; null for all others.' }),
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
    status: 'recorded',
    buyerId: purchase.buyerId,
    customerId: null,
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

/** A purchase that has no buyer yet: all of it is the house's, until its customer is mapped. */
export function viewUnattributed(purchase: UnattributedPurchase): PurchaseView {
  const { amountMicros, currency } = purchase;
  const money = (micros: bigint) => formatMoney({ amountMicros: micros, currency });
  return {
    id: purchase.id,
    externalId: purchase.externalId,
    status: 'unattributed',
    buyerId: null,
    customerId: purchase.customerId,
    amount: money(amountMicros),
    stream: purchase.stream,
    productTag: purchase.productTag ?? null,
    websiteId: purchase.websiteId ?? null,
    occurredAt: purchase.occurredAt.toISOString(),
    recordedAt: purchase.receivedAt.toISOString(),
    plan: null,
    commissions: [],
    total: money(0n),
    house: money(amountMicros),
    refunded: money(0n),
    netTotal: money(0n),
    netHouse: money(amountMicros),
  };
}
