import { DomainError } from '@dailydoco/errors';
import { parseDecimal } from '@dailydoco/money';
import { z } from 'zod';

export const SANDBOX_OUTCOMES = ['settled', 'failed', 'returned'] as const;

const MAX_DELAY_SECONDS = 30 * 86_400;
const MAX_LOST_ANSWERS = 1_000;

/** What a person may say about a sandbox method: how payments to it go. */
export const sandboxDetailsSchema = z.strictObject({
  outcome: z
    .enum(SANDBOX_OUTCOMES)
    .default('settled')
    .meta({ description: 'How payments to it end. One that is returned settles first.' }),
  delaySeconds: z
    .int()
    .min(0)
    .max(MAX_DELAY_SECONDS)
    .optional()
    .meta({ description: 'How long a payment is under way before it ends.' }),
  loseAnswers: z
    .int()
    .min(0)
    .max(MAX_LOST_ANSWERS)
    .optional()
    .meta({ description: 'So many answers about each payment are lost: the sandbox has it, the caller is not told.' }),
  refuse: z.boolean().optional().meta({ description: 'Payments are refused before anything is taken.' }),
  feeAmount: z
    .string()
    .regex(/^(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?$/)
    .optional()
    .meta({ description: 'What each payment costs the house, in the payment’s currency.' }),
});

/** How payments to a sandbox method go. */
export interface SandboxDestination {
  readonly outcome: (typeof SANDBOX_OUTCOMES)[number];
  readonly delaySeconds: number;
  readonly loseAnswers: number;
  readonly refuse: boolean;
  /** Micros, as a decimal text, so that it can be stored as JSON. */
  readonly feeMicros: string;
}

/** Throws VALIDATION_FAILED with the paths of what is wrong. */
export function sandboxDestinationOf(details: unknown): SandboxDestination {
  const { data, error } = sandboxDetailsSchema.safeParse(details);
  if (error !== undefined) {
    const fieldErrors = error.issues.map(({ path, message }) => ({ path: ['details', ...path].join('.'), message }));
    throw new DomainError('VALIDATION_FAILED', { fieldErrors });
  }
  return {
    outcome: data.outcome,
    delaySeconds: data.delaySeconds ?? 0,
    loseAnswers: data.loseAnswers ?? 0,
    refuse: data.refuse ?? false,
    feeMicros: String(parseDecimal(data.feeAmount ?? '0') ?? 0n),
  };
}
