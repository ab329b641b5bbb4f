import type { FieldError } from '@dailydoco/errors';
import type { PlanId } from '../ids.js';
import { checkLimits, type PlanLimits } from './plan-limits.js';

/** `none`: the share of a level that cannot be paid stays with the house. `dynamic`: the chain moves up instead. */
export type Compression = 'none' | 'dynamic';

/** Which purchases of one buyer pay: all, the first only, or those within so many calendar months of the first. */
export type Recurring = 'all' | 'first' | { readonly months: number };

/** What a plan version says. Rates are basis points of the amount; every bound is in PLAN_BOUNDS. */
export interface PlanTerms extends PlanLimits {
  /** Rates of the levels, nearest referrer first; 1 to 7 of them. */
  readonly levelsBps: readonly number[];
  /** What the owner of the website that a purchase came through gets. */
  readonly websiteBonusBps: number;
  /** The most of a purchase that all its commissions together may be. */
  readonly maxPayoutBps: number;
  readonly compression: Compression;
  /** Days of 86,400 s from the purchase until its commissions fall due. */
  readonly holdDays: number;
  /** Days of 86,400 s for which a click can lead to a registration or a first purchase. */
  readonly attributionWindowDays: number;
  readonly recurring: Recurring;
  /** The streams that this plan takes from the default plan; empty: none. */
  readonly streams: readonly string[];
  /** The product tags that this plan takes, also from plans that name the stream; empty: none. */
  readonly productTags: readonly string[];
  readonly effectiveFrom: Date;
}

export interface PlanVersion extends PlanTerms {
  readonly planId: PlanId;
  /** 1, 2, … in the order of writing, which need not be the order of taking effect. */
  readonly version: number;
  /** From here on purchases are not decided by it; undefined while its plan is not archived. */
  readonly archivedAt?: Date | undefined;
}

/** All plan versions of a tenant, and which plan takes the purchases that no other plan takes. */
export interface PlanCatalogue {
  readonly versions: readonly PlanVersion[];
  readonly defaultPlanId: PlanId;
}

export const PLAN_BOUNDS = {
  levels: 7,
  rateBps: 10_000,
  holdDays: 3_650,
  attributionWindowDays: 90,
  months: 1_200,
  streams: 100,
  productTags: 100,
} as const;

const PLAN_ID = /^[a-z][a-z0-9_-]{0,63}$/;
/** A stream is an open slug: tenants name their own. */
const STREAM = /^[a-z][a-z0-9_]{0,63}$/;

/** A product tag is an open slug too, and may be written as product ids are, with hyphens. */
const PRODUCT_TAG = /^[a-z][a-z0-9_-]{0,63}$/;

export function isProductTag(text: string): boolean {
  return PRODUCT_TAG.test(text);
}

export function isPlanId(text: string): text is PlanId {
  return PLAN_ID.test(text);
}

export function isStream(text: string): boolean {
  return STREAM.test(text);
}

/** Everything wrong with the terms; an empty list when they are a plan. */
export function checkTerms(terms: Omit<PlanTerms, 'effectiveFrom'>): FieldError[] {
  const errors: FieldError[] = [];
  const wrong = (path: string, message: string): number => errors.push({ path, message });
  const { levelsBps, recurring, streams } = terms;
  if (levelsBps.length < 1 || levelsBps.length > PLAN_BOUNDS.levels) wrong('levelsBps', 'must have 1 to 7 rates');
  levelsBps.forEach((rate, index) => {
    if (!isWithin(rate, 0, PLAN_BOUNDS.rateBps)) wrong(`levelsBps.${index}`, RATE_MESSAGE);
  });
  if (!isWithin(terms.websiteBonusBps, 0, PLAN_BOUNDS.rateBps)) wrong('websiteBonusBps', RATE_MESSAGE);
  // A cap above the whole amount would let a purchase pay out more than it brought in.
  if (!isWithin(terms.maxPayoutBps, 0, PLAN_BOUNDS.rateBps)) wrong('maxPayoutBps', RATE_MESSAGE);
  if (!isWithin(terms.holdDays, 0, PLAN_BOUNDS.holdDays)) wrong('holdDays', 'must be a whole number from 0 to 3650');
  if (!isWithin(terms.attributionWindowDays, 1, PLAN_BOUNDS.attributionWindowDays)) {
    wrong('attributionWindowDays', 'must be a whole number from 1 to 90');
  }
  if (typeof recurring === 'object' && !isWithin(recurring.months, 1, PLAN_BOUNDS.months)) {
    wrong('recurring.months', 'must be a whole number from 1 to 1200');
  }
  if (streams.length > PLAN_BOUNDS.streams) wrong('streams', 'must have at most 100 streams');
  streams.forEach((stream, index) => {
    if (!isStream(stream)) wrong(`streams.${index}`, 'must be a slug such as subscription or usage_fee');
    if (streams.indexOf(stream) !== index) wrong(`streams.${index}`, 'is named twice');
  });
  if (terms.productTags.length > PLAN_BOUNDS.productTags) wrong('productTags', 'must have at most 100 tags');
  terms.productTags.forEach((tag, index) => {
    if (!isProductTag(tag)) wrong(`productTags.${index}`, 'must be a slug such as pro-yearly');
    if (terms.productTags.indexOf(tag) !== index) wrong(`productTags.${index}`, 'is named twice');
  });
  return [...errors, ...checkLimits(terms, { levels: levelsBps.length })];
}

const RATE_MESSAGE = 'must be a whole number of basis points from 0 to 10000';

function isWithin(value: number, least: number, most: number): boolean {
  return Number.isInteger(value) && value >= least && value <= most;
}
