import * as z from 'zod';
import { canonicalBytes, parseCanonical } from './canonical.js';
import { hmacSha256, leafHash } from './hashes.js';

/** Bytes of random blinding per leaf. */
export const BLINDING_BYTES = 32;

/** An amount of 0 or more in micros, as decimal text. */
const micros = z.string().regex(/^(0|[1-9][0-9]{0,37})$/);
/** An amount above 0. */
const someMicros = z.string().regex(/^[1-9][0-9]{0,37}$/);
/** A difference in micros. */
const signedMicros = z.string().regex(/^(0|-?[1-9][0-9]{0,37})$/);
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
/** UTC with milliseconds, as Date.toISOString writes it. */
const time = z.string().refine(isTime);
const count = z.int().min(0);
const bps = z.int().min(0).max(1_000_000);
/** From 1. */
const ordinal = z.int().min(1);
const slug = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/);
/** Plans are named by their tenant: `standard`. */
const planId = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/);

export const ENTRY_STATUSES = ['pending', 'held', 'available', 'reversed', 'forfeited'] as const;
export type EntryStatus = (typeof ENTRY_STATUSES)[number];

/** Limits that take something off an entry, in the order in which they are applied. */
export const CUT_RULES = [
  'max_payout',
  'beneficiary_day',
  'beneficiary_month',
  'beneficiary_lifetime',
  'company_cap',
] as const;
export type CutRule = (typeof CUT_RULES)[number];

const entryLeaf = z.strictObject({
  v: z.literal(1),
  kind: z.literal('entry'),
  /** 1, 2, … over all leaves of the beneficiary in this log, in the order of the log: a leaf that is missing is a gap. */
  ordinal,
  commissionId: uuid,
  purchaseId: uuid,
  beneficiaryId: uuid,
  entryKind: z.enum(['level', 'website_bonus']),
  /** 1–7; 0 for the website bonus. */
  level: count.max(7),
  /** ISO 4217. */
  currency: z.string().regex(/^[A-Z]{3}$/),
  purchaseAmount: someMicros,
  rateBps: bps,
  /** 0 for the website bonus. */
  boostBps: bps,
  /** All entries of the purchase together, before any limit. */
  sumBeforeCap: micros,
  maxPayoutBps: bps,
  /** floor(purchaseAmount × maxPayoutBps ÷ 10000). */
  cap: micros,
  /**
   * What the beneficiary's own caps left when this entry's turn came: what was left before the purchase, less what the
   * own entries before this one took (website bonus first, then level 1 up; before the company cap). A cap that the plan
   * does not have is left out.
   */
  ownRooms: z.strictObject({ day: micros.optional(), month: micros.optional(), lifetime: micros.optional() }),
  /** What the company cap left, and all entries of the purchase together before that cap; null without such a cap. */
  company: z.strictObject({ left: micros, sum: micros }).nullable(),
  /** What each limit took off, more than 0, in the order of CUT_RULES. */
  cuts: z.array(z.strictObject({ rule: z.enum(CUT_RULES), amount: someMicros })).max(CUT_RULES.length),
  /** The entry at the split, after all limits. */
  gross: someMicros,
  plan: z.strictObject({ id: planId, version: z.int().min(1), holdDays: count }).nullable(),
  occurredAt: time,
  recordedAt: time,
  /** When the hold period ends: occurredAt and holdDays × 86,400 s. */
  availableAt: time,
});

const changeLeaf = z.strictObject({
  v: z.literal(1),
  kind: z.literal('change'),
  ordinal,
  commissionId: uuid,
  beneficiaryId: uuid,
  /** The sequence of the purchase's event that tells of it. */
  purchaseSequence: micros,
  fromStatus: z.enum(ENTRY_STATUSES),
  toStatus: z.enum(ENTRY_STATUSES),
  delta: signedMicros,
  /** What stands afterwards. */
  net: micros,
  availableAt: time,
  reason: slug,
  /** The refund or chargeback that caused it, if one did. */
  refundId: uuid.optional(),
  /** R: all refunded of the purchase afterwards, where a refund or a chargeback won caused the change. */
  refunded: micros.optional(),
  changedAt: time,
});

export const leafSchema = z.discriminatedUnion('kind', [entryLeaf, changeLeaf]);

/** A commission at its split: all that its amount is computed from, and nothing of another person. */
export type EntryLeaf = z.infer<typeof entryLeaf>;
/** A change of a commission after its split. */
export type ChangeLeaf = z.infer<typeof changeLeaf>;
export type Leaf = EntryLeaf | ChangeLeaf;

/** The leaf's bytes: canonical JSON (RFC 8785). Throws what zod throws when it is no leaf: a bug of the caller. */
export function encodeLeaf(leaf: Leaf): Uint8Array {
  return canonicalBytes(leafSchema.parse(leaf));
}

/** Reads a leaf; undefined for any bytes that encodeLeaf would not write. */
export function decodeLeaf(bytes: Uint8Array): Leaf | undefined {
  return leafSchema.safeParse(parseCanonical(bytes)?.value).data;
}

/**
 * The log's entry for a leaf: HMAC-SHA-256 of its encoding under the blinding. Without the 32 random bytes nobody can
 * tell or guess what it stands for; with them it stands for one leaf only.
 */
export function commitTo(encodedLeaf: Uint8Array, blinding: Uint8Array): Uint8Array {
  if (blinding.length !== BLINDING_BYTES) throw new RangeError('A blinding has 32 bytes');
  return hmacSha256(blinding, encodedLeaf);
}

/** The hash of a leaf in the tree: SHA-256(0x00 ‖ commitment). */
export function hashOfLeaf(encodedLeaf: Uint8Array, blinding: Uint8Array): Uint8Array {
  return leafHash(commitTo(encodedLeaf, blinding));
}

function isTime(text: string): boolean {
  const at = new Date(text);
  return !Number.isNaN(at.getTime()) && at.toISOString() === text;
}
