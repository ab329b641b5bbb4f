import { uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import type { Move } from './move-person.js';

export const moveBody = z
  .strictObject({
    referrerId: uuidSchema.nullable().meta({ description: 'Who stands above from now on; null: nobody.' }),
    reason: z.string().trim().min(1).max(500).meta({ description: 'Why; kept with the move.' }),
  })
  .meta({ id: 'MoveInput' });

export const moveSchema = z
  .object({
    id: uuidSchema,
    userId: uuidSchema,
    fromReferrerId: uuidSchema.nullable(),
    toReferrerId: uuidSchema.nullable(),
    people: z.int().min(1).meta({ description: 'How many people moved: the person and everybody below.' }),
    movedBy: z.string().meta({ description: 'Who did it: user:….' }),
    reason: z.string(),
    movedAt: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Move' });

export type MoveView = z.infer<typeof moveSchema>;

export function viewMove({
  id,
  userId,
  fromReferrerId,
  toReferrerId,
  people,
  movedBy,
  reason,
  movedAt,
}: Move): MoveView {
  return {
    id,
    userId,
    fromReferrerId: fromReferrerId ?? null,
    toReferrerId: toReferrerId ?? null,
    people,
    movedBy,
    reason,
    movedAt: movedAt.toISOString(),
  };
}
