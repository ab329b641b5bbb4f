import { z } from 'zod';

/** How many leaves a signed tree has, in a query: digits and nothing else. */
export const sizeSchema = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,14})$/, 'must be a whole number')
  .transform(Number);
