import { z } from 'zod';

/** Words of a person, trimmed: 1 to `longest` characters, well-formed, without control characters. */
export function plainLine(longest: number): z.ZodType<string, string> {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine(
      (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
      'must be well-formed text without control characters',
    );
}

/** Why somebody decided so, in words. */
export const reasonSchema = plainLine(500).meta({ description: 'Why, in words; kept for good.' });
