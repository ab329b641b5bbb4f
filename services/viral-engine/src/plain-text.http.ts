import { z } from 'zod';

/** Words of a person, trimmed: 1 to `longest` characters, well-formed, without control characters but line breaks and tabs. */
export function plainText(longest: number): z.ZodType<string, string> {
  return z
    .string()
    .trim()
    .min(1)
    .max(longest)
    .refine(
      (text) => text.isWellFormed() && !/[^\P{Cc}\n\r\t]/u.test(text),
      'must be well-formed text without control characters',
    );
}
