import { externalIdSchema, positiveMoneySchema, timestampSchema, uuidSchema } from '@dailydoco/http';
import { z } from 'zod';
import { customerIdSchema, refineBuyer } from '../customers/customer-fields.http.js';
import type { IncomingPurchase } from '../customers/unattributed-purchase.js';
import { asCustomerId, asUserId, asWebsiteId, type TenantId } from '../ids.js';
import { isConceivable, productTagSchema, streamSchema } from '../purchases/purchase-fields.http.js';
import type { LineProblem } from './check-lines.js';

/** The columns that a file may have, in any order; the value says whether it must. */
export const COLUMNS: Readonly<Record<string, boolean>> = {
  externalId: true,
  buyerId: false,
  customerId: false,
  amount: true,
  currency: true,
  stream: true,
  productTag: false,
  websiteId: false,
  occurredAt: false,
};

/** What is wrong with a header, in sentences; empty when nothing is. */
export function headerProblems(header: readonly string[]): string[] {
  const problems = header.flatMap((name, index) => {
    if (!Object.hasOwn(COLUMNS, name)) return [`the column ${JSON.stringify(name)} is not known`];
    return header.indexOf(name) === index ? [] : [`the column ${name} is there twice`];
  });
  const missing = Object.entries(COLUMNS).filter(([name, needed]) => needed && !header.includes(name));
  problems.push(...missing.map(([name]) => `the column ${name} is missing`));
  if (!header.includes('buyerId') && !header.includes('customerId')) {
    problems.push('one of the columns buyerId and customerId is needed');
  }
  return problems;
}

/** An empty cell is nothing. */
const optional = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((cell) => (cell === '' ? undefined : cell), schema.optional());

const lineSchema = z
  .object({
    externalId: externalIdSchema,
    buyerId: optional(uuidSchema),
    customerId: optional(customerIdSchema),
    amount: positiveMoneySchema,
    stream: streamSchema,
    productTag: optional(productTagSchema),
    websiteId: optional(uuidSchema),
    occurredAt: optional(timestampSchema.refine(isConceivable, 'must not lie before 1970')),
  })
  .superRefine(refineBuyer);

const PATHS: Readonly<Record<string, string>> = { 'amount.amount': 'amount', 'amount.currency': 'currency' };

/** The cells of a line as a purchase, or what is wrong with them. */
export function readLine(
  header: readonly string[],
  cells: readonly string[],
  tenantId: TenantId,
): { order: IncomingPurchase } | { problems: LineProblem[] } {
  if (cells.length !== header.length) {
    return { problems: [{ column: undefined, message: `has ${cells.length} cells, the header has ${header.length}` }] };
  }
  const { amount, currency, ...rest } = Object.fromEntries(header.map((name, index) => [name, cells[index]]));
  const parsed = lineSchema.safeParse({ ...rest, amount: { amount, currency } });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => {
      const name = path.join('.');
      return { column: PATHS[name] ?? name, message };
    });
    return { problems };
  }
  const { buyerId, customerId, websiteId, ...given } = parsed.data;
  const order = {
    ...given,
    tenantId,
    websiteId: websiteId === undefined ? undefined : asWebsiteId(websiteId),
    occurredAt: given.occurredAt,
    metadata: undefined,
  };
  if (buyerId !== undefined) return { order: { ...order, buyerId: asUserId(buyerId) } };
  if (customerId !== undefined) return { order: { ...order, customerId: asCustomerId(customerId) } };
  throw new Error('The schema lets no line through that names nobody');
}
