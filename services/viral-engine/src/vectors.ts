// `node dist/vectors.js FILE`: runs a file of commission vectors through the service's own rules, prints
// `N passed, N failed`, and exits with 1 when a case fails or the file cannot be read.
import { readFile } from 'node:fs/promises';
import { formatDecimal, parseDecimal } from '@dailydoco/money';
import { z } from 'zod';
import { CUT_RULES } from './commissions/limit-entries.js';
import { asUserId } from './ids.js';
import { firstDifference, type VectorCase } from './vectors/vector-case.js';

const micros = z.string().transform((text, context) => {
  const value = parseDecimal(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: `${text} is not an amount` });
  return z.NEVER;
});
/** Spelled our way, so that 15.8 and 15.80 are the same expectation. */
const amount = micros.transform(formatDecimal);
const bps = z.int().min(0).max(10_000);

const standing = z.strictObject({ ownPurchases: z.int().min(0), activeReferrals: z.int().min(0) });
const earner = z
  .strictObject({
    id: z.string(),
    status: z.enum(['active', 'suspended', 'erased']),
    boostBps: bps.default(0),
    standing: standing.optional(),
  })
  .transform(({ id, status, boostBps, standing }) => ({ userId: asUserId(id), status, boostBps, standing }));
/** What the caps leave before the purchase; a vector without it has no caps. */
const rooms = z
  .strictObject({
    people: z
      .record(
        z.string(),
        z.strictObject({ day: micros.optional(), month: micros.optional(), lifetime: micros.optional() }),
      )
      .default({}),
    company: z.strictObject({ mode: z.enum(['pro_rata', 'stop']), left: micros, closed: z.boolean() }).optional(),
  })
  .optional();
const cuts = z.array(z.strictObject({ rule: z.enum(CUT_RULES), amount }));
const share = { kind: z.string(), level: z.int().nullable(), beneficiary: z.string() };

const vectorCase = z
  .strictObject({
    name: z.string(),
    plan: z.object({
      levelsBps: z.array(bps).min(1).max(7),
      websiteBonusBps: bps,
      maxPayoutBps: bps,
      compression: z.enum(['none', 'dynamic']),
      qualification: z
        .array(z.strictObject({ level: z.int(), minOwnPurchases: z.int(), minActiveReferrals: z.int() }))
        .default([]),
    }),
    buyer: z.string(),
    upline: z.array(earner),
    websiteOwner: earner.nullish(),
    amount: micros,
    rooms,
    expected: z.strictObject({
      commissions: z.array(z.strictObject({ ...share, rateBps: z.int(), amount, cuts: cuts.optional() })),
      total: amount,
      house: amount,
      lost: z.array(z.strictObject({ ...share, cuts })).optional(),
    }),
    refunds: z
      .array(
        z.union([
          z.strictObject({ refund: micros, error: z.string() }),
          z.strictObject({
            refund: micros,
            reversals: z.array(z.strictObject({ ...share, reversed: amount, net: amount })),
          }),
        ]),
      )
      .default([]),
  })
  .transform(
    (vector): VectorCase => ({
      name: vector.name,
      terms: vector.plan,
      rooms: vector.rooms,
      buyerId: asUserId(vector.buyer),
      upline: vector.upline,
      websiteOwner: vector.websiteOwner ?? undefined,
      amountMicros: vector.amount,
      expected: vector.expected,
      refunds: vector.refunds.map(({ refund, ...expected }) => ({ refundMicros: refund, expected })),
    }),
  );

/** The cases of a vector file. Throws when the text is not one. */
export function parseVectors(text: string): VectorCase[] {
  return z.array(vectorCase).parse(JSON.parse(text));
}

async function main(file: string | undefined): Promise<number> {
  if (file === undefined) throw new Error('usage: vectors FILE');
  const cases = parseVectors(await readFile(file, 'utf8'));
  let failed = 0;
  for (const vector of cases) {
    const difference = differenceOrCrash(vector);
    if (difference === undefined) continue;
    failed += 1;
    process.stdout.write(`FAILED ${vector.name}\n  ${difference}\n`);
  }
  process.stdout.write(`${cases.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

/** A case that the rules refuse to compute fails like any other; the cases after it still run. */
function differenceOrCrash(vector: VectorCase): string | undefined {
  try {
    return firstDifference(vector);
  } catch (error) {
    return `could not be computed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv[2]);
  } catch (error) {
    process.stderr.write(`The vectors could not be run: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
