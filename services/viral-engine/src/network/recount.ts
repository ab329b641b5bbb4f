import type { TenantId } from '../ids.js';
import { dayOf, growthOn, JOIN_POINTS, levelWeight } from './viral-score.js';

/** What a recount goes by: the points of somebody who joined, the growth of each day, the weight of each level. */
export interface RecountTerms {
  readonly joinPoints: number;
  /** Of each day from the epoch on. */
  readonly growths: readonly bigint[];
  /** Of the levels 1, 2, … */
  readonly weights: readonly bigint[];
}

/** A row of counts that is not what a recount finds. */
export interface Difference {
  readonly table: string;
  /** Whose, which currency, which level. */
  readonly row: string;
  readonly counted: string;
  readonly found: string;
}

/** Counts and what they are made from, in one open database transaction. */
export interface RecountBook {
  /** Nobody joins, moves or is counted until the end. */
  lockTree(): Promise<void>;
  /** As of one moment, the first `most` of them. */
  differences(tenantId: TenantId, terms: RecountTerms, most: number): Promise<Difference[]>;
  /** Writes the counts of the tenant anew. */
  rewrite(tenantId: TenantId, terms: RecountTerms): Promise<void>;
}

/** No purchase lies further ahead of the clock, nor will in a while. */
const DAYS_AHEAD = 400;
const WEIGHTED_LEVELS = 7;

/** Compares a tenant's counts with a recount from scratch: by referrers alone, not by uplines. Changes nothing. */
export function compareCounts(
  book: RecountBook,
  { tenantId, now, most }: { tenantId: TenantId; now: Date; most: number },
): Promise<Difference[]> {
  return book.differences(tenantId, termsOn(now), most);
}

/** Writes a tenant's counts as a recount finds them. Registrations and moves wait meanwhile; purchases do not. */
export async function repairCounts(
  book: RecountBook,
  { tenantId, now }: { tenantId: TenantId; now: Date },
): Promise<void> {
  await book.lockTree();
  await book.rewrite(tenantId, termsOn(now));
}

function termsOn(now: Date): RecountTerms {
  return {
    joinPoints: JOIN_POINTS,
    growths: Array.from({ length: dayOf(now) + DAYS_AHEAD }, (_, day) => growthOn(day)),
    weights: Array.from({ length: WEIGHTED_LEVELS }, (_, index) => levelWeight(index + 1)),
  };
}
