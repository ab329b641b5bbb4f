import { formatMoney, moneyAnswerSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import type { Commission } from './commission.js';
import { COMMISSION_STATUSES } from './entry-life.js';
import { type Cut, CUT_RULES } from './limit-entries.js';

/** What limits took off, as every answer shows it. */
export const cutsSchema = z
  .array(z.object({ rule: z.enum(CUT_RULES), amount: moneyAnswerSchema }))
  .meta({ description: 'What each limit of the plan took off; it stays with the house.' });

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
    amount: moneyAnswerSchema.meta({ description: 'The gross at the split, after all limits.' }),
    cuts: cutsSchema,
    reversed: moneyAnswerSchema.meta({ description: 'What was taken back.' }),
    net: moneyAnswerSchema.meta({ description: 'What stands.' }),
    status: z.enum(COMMISSION_STATUSES),
    availableAt: z.string().meta({ format: 'date-time' }),
    createdAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Commission' });

export type CommissionView = z.infer<typeof commissionSchema>;

/** Writes times and remembers the last: the commissions of a purchase share theirs, and to write one takes as long as all else of a view. */
function timeWriter(): (time: Date) => string {
  let last = Number.NaN;
  let text = '';
  return (time) => {
    const ms = time.getTime();
    if (ms !== last) {
      text = time.toISOString();
      last = ms;
    }
    return text;
  };
}

const writeAvailable = timeWriter();
const writeCreated = timeWriter();

export function viewCommission(commission: Commission): CommissionView {
  const { grossMicros, netMicros, currency, cuts } = commission;
  const money = (amountMicros: bigint) => formatMoney({ amountMicros, currency });
  return {
    id: commission.id,
    purchaseId: commission.purchaseId,
    kind: commission.kind,
    level: viewLevel(commission),
    beneficiaryId: commission.beneficiaryId,
    rateBps: commission.rateBps,
    boostBps: commission.boostBps,
    amount: money(grossMicros),
    cuts: viewCuts(cuts, money),
    reversed: money(grossMicros - netMicros),
    net: money(netMicros),
    status: commission.status,
    availableAt: writeAvailable(commission.availableAt),
    createdAt: writeCreated(commission.createdAt),
  };
}

export function viewCuts(
  cuts: readonly Cut[],
  money: (micros: bigint) => z.infer<typeof moneyAnswerSchema>,
): z.infer<typeof cutsSchema> {
  return cuts.map(({ rule, amountMicros }) => ({ rule, amount: money(amountMicros) }));
}

/** A website bonus has no level. */
export function viewLevel({ kind, level }: Pick<Commission, 'kind' | 'level'>): number | null {
  return kind === 'level' ? level : null;
}
