import { z } from 'zod';
import type { Decision } from './policy.js';

export const reasonSchema = z
  .string()
  .trim()
  .min(1)
  .max(1_000)
  .meta({ description: 'Why; kept with the decision for good.' });

export const decisionSchema = z
  .object({ reason: z.string(), by: z.string(), at: z.string().meta({ format: 'date-time' }) })
  .meta({ id: 'PayoutDecision', description: 'Who decided it, why and when.' });

export function viewDecision({ reason, by, at }: Decision): z.infer<typeof decisionSchema> {
  return { reason, by, at: at.toISOString() };
}
