import { uuidSchema, validationFailed } from '@dailydoco/http';
import { z } from 'zod';

// Pieces for the schemas of gRPC requests. Proto3 has no absent texts and numbers: an empty text and a zero stand for
// what was left out.

const DEFAULT_PAGE = 100;
const MAX_PAGE = 500;
/** What the database can hold as a moment without a thought. */
const [EARLIEST, LATEST] = [new Date('1970-01-01T00:00:00Z'), new Date('9999-12-31T23:59:59.999Z')];

const leftOut = z.literal('').transform(() => undefined);

export const optionalUuid = leftOut.or(uuidSchema);

export const moment = z
  .date()
  .refine((at) => at >= EARLIEST && at <= LATEST, 'must lie between the years 1970 and 9999');

/** `pageSize` and `pageToken` of every list, spread into the schema of its request. */
export const pageFields = {
  pageSize: z
    .int()
    .min(0)
    .max(MAX_PAGE, `must be 1 to ${MAX_PAGE}, or 0 for ${DEFAULT_PAGE}`)
    .transform((size) => (size === 0 ? DEFAULT_PAGE : size)),
  pageToken: leftOut.or(z.string().max(2_048)),
};

/** The request in the words of the use cases. Throws VALIDATION_FAILED with the fields' paths. */
export function readRequest<Schema extends z.ZodType>(schema: Schema, request: unknown): z.output<Schema> {
  const parsed = schema.safeParse(request);
  if (!parsed.success) throw validationFailed(parsed.error.issues);
  return parsed.data;
}
