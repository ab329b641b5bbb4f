import { DomainError } from '@dailydoco/errors';
import { z } from 'zod';

/** One page of a list. `nextPageToken` is absent on the last page. */
export interface Page<Item> {
  items: Item[];
  nextPageToken?: string;
}

/** The answer schema of a list whose items are described by `item`. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextPageToken: z.string().optional().meta({ description: 'Absent on the last page.' }),
  });
}

/**
 * Hides a keyset position (the sort columns of a page's last row) in an opaque text. It is not signed: whoever decodes
 * it must still bind the query to the caller's tenant. Bigints and dates go in as strings.
 */
export function encodePageToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

/** The position that encodePageToken hid. Anything else: VALIDATION_FAILED at `pageToken`. */
export function decodePageToken<Schema extends z.ZodType>(text: string, schema: Schema): z.output<Schema> {
  const result = schema.safeParse(parseToken(text));
  if (result.success) return result.data;
  throw new DomainError('VALIDATION_FAILED', {
    fieldErrors: [{ path: 'pageToken', message: 'is not a token of this list' }],
  });
}

/**
 * Cuts a page out of rows that were read with `LIMIT pageSize + 1`: the extra row only tells that there is more.
 * `toPosition` gives the keyset position of the page's last row.
 */
export function page<Row>(rows: readonly Row[], pageSize: number, toPosition: (last: Row) => unknown): Page<Row> {
  const items = rows.slice(0, pageSize);
  const last = items.at(-1);
  if (rows.length <= pageSize || last === undefined) return { items };
  return { items, nextPageToken: encodePageToken(toPosition(last)) };
}

function parseToken(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}
