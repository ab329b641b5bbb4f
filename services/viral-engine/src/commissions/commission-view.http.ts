import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import type { Commission } from './commission.js';
import { COMMISSION_STATUSES } from './entry-life.js';

/** A commission as every answer shows it. */
export const commissionSchema = z
  .object({
    id: uuidSchema,
    purchaseId: uuidSchema,
    kind: z.enum(['level', 'website_bonus']),
    level: z.int().min(1).max(7).nullable().meta({ description: '1 to 7; null for a website bonus.' }),
    beneficiaryId: uuidSchema,
    rateBps: z.int(),
    boostBps: z.int(),
    amount: moneyAnswerSchema.meta({ description: 'The gross at the split, after the cap.' }),
    reversed: moneyAnswerSchema.meta({ description: 'What was taken back.' }),
    net: moneyAnswerSchema.meta({ description: 'What stands.' }),
    status: z.enum(COMMISSION_STATUSES),
    availableAt: z.string().meta({ format: 'date-time' }),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Commission' });

export type CommissionView = z.infer<typeof commissionSchema>;

export function viewCommission(commission: Commission): CommissionView {
  const { grossMicros, netMicros, currency } = commission;
  return {
    id: commission.id,
    purchaseId: commission.purchaseId,
    kind: commission.kind,
    level: viewLevel(commission),
    beneficiaryId: commission.beneficiaryId,
    rateBps: commission.rateBps,
    boostBps: commission.boostBps,
    amount: formatMoney({ amountMicros: grossMicros, currency }),
    reversed: formatMoney({ amountMicros: grossMicros - netMicros, currency }),
    net: formatMoney({ amountMicros: netMicros, currency }),
    status: commission.status,
    availableAt: commission.availableAt.toISOString(),
    createdAt: commission.createdAt.toISOString(),
  };
}

/** A website bonus has no level. */
export function viewLevel({ kind, level }: Pick<Commission, 'kind' | 'level'>): number | null {
  return kind === 'level' ? level : null;
}
