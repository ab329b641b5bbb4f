import type { Sql } from '@dailydoco/database';
import { asUserId, type PurchaseId, type TenantId, type UserId } from '../ids.js';
import type { MemberRef, PaidPurchase } from './fraud-book.js';
import { type ChainLink, type EntryFacts, STRONG_TRAITS, type Trait } from './fraud-facts.js';
import {
  type ActivityQuery,
  type ActivityRow,
  findReturned,
  findSharedPayments,
  type Pair,
  type PersonRow,
  readActivity,
  readAlike,
  readPeople,
  readJoined,
  readUplines,
  type WayBack,
} from './fraud-queries.store.js';
import { STANDARD_TUNING, type Tuning } from './tuning.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** So many purchases, and people, are named as evidence at most. */
const MAX_EVIDENCE = 20;

/** What one beneficiary earns from one purchase, before anything is known about the two. */
interface Entry extends Pair {
  readonly purchaseId: PurchaseId;
  readonly at: Date;
  readonly isFirstLevel: boolean;
  readonly tuning: Tuning;
}

interface Known {
  readonly people: ReadonlyMap<string, PersonRow>;
  readonly joined: ReadonlyMap<string, Date>;
  readonly uplines: ReadonlyMap<string, readonly string[]>;
  readonly alike: ReadonlyMap<string, readonly UserId[]>;
  readonly sharedPayments: ReadonlySet<string>;
  readonly activity: ReadonlyMap<string, ActivityRow>;
}

/** Reads what the rules go by: a fixed number of statements, whatever the number of purchases. */
export async function readFacts(
  sql: Sql,
  purchases: readonly PaidPurchase[],
  tunings: ReadonlyMap<TenantId, Tuning>,
): Promise<EntryFacts[]> {
  const entries = purchases.flatMap((purchase) =>
    entriesOf(purchase, tunings.get(purchase.tenantId) ?? STANDARD_TUNING),
  );
  if (entries.length === 0) return [];
  const people = distinct(
    entries.flatMap(({ tenantId, buyerId, beneficiaryId }) => [
      { tenantId, userId: buyerId },
      { tenantId, userId: beneficiaryId },
    ]),
  );
  const rows = keyed(await readPeople(sql, people));
  const alike = groupAlike(await readAlike(sql, people));
  const known: Known = {
    people: rows,
    alike,
    joined: new Map(
      (await readJoined(sql, chainsOf(entries, rows))).map((row) => [key(row.tenant_id, row.user_id), row.joined_at]),
    ),
    uplines: new Map(
      (await readUplines(sql, alikeOf(entries, alike))).map((row) => [key(row.tenant_id, row.user_id), row.upline]),
    ),
    sharedPayments: new Set((await findSharedPayments(sql, distinctPairs(entries))).map(pairKey)),
    activity: new Map(
      (await readActivity(sql, activityOf(entries))).map((row) => [key(row.tenant_id, row.referrer_id), row]),
    ),
  };
  const shared = entries.map((entry) => sharedBy(entry, known));
  const returned = await findReturned(
    sql,
    entries.map((entry, index) => wayBack(entry, known, shared[index])),
  );
  return entries.map((entry, index) =>
    factsOf(entry, known, { shared: shared[index] ?? new Set(), returned: returned.get(index) ?? [] }),
  );
}

function entriesOf({ earners, ...purchase }: PaidPurchase, tuning: Tuning): Entry[] {
  return [...Map.groupBy(earners, ({ beneficiaryId }) => beneficiaryId)].map(([beneficiaryId, own]) => {
    const isFirstLevel = own.some(({ level }) => level === 1);
    return { ...purchase, beneficiaryId, isFirstLevel, tuning };
  });
}

function chainsOf(entries: readonly Entry[], people: Known['people']): MemberRef[] {
  return distinct(
    entries.flatMap(({ tenantId, buyerId }) =>
      (people.get(key(tenantId, buyerId))?.chain ?? []).map((userId) => ({ tenantId, userId: asUserId(userId) })),
    ),
  );
}

function alikeOf(entries: readonly Entry[], alike: Known['alike']): MemberRef[] {
  return distinct(
    entries.flatMap(({ tenantId, buyerId }) =>
      (alike.get(key(tenantId, buyerId)) ?? []).map((userId) => ({ tenantId, userId })),
    ),
  );
}

/** A referrer's activity is read once, up to its last purchase at hand. */
function activityOf(entries: readonly Entry[]): ActivityQuery[] {
  const first = entries.filter(({ isFirstLevel }) => isFirstLevel);
  const last = new Map(
    first
      .toSorted((a, b) => a.at.getTime() - b.at.getTime())
      .map((entry) => [key(entry.tenantId, entry.beneficiaryId), entry]),
  );
  return [...last.values()].map(({ tenantId, beneficiaryId: referrerId, at: until, tuning: { rules } }) => ({
    tenantId,
    referrerId,
    until,
    velocitySince: fullHour(until.getTime() - rules.velocity.windowHours * HOUR_MS),
    refundsSince: fullHour(until.getTime() - rules.refund_pattern.windowDays * DAY_MS),
    clicksSince: fullHour(until.getTime() - rules.click_flooding.windowHours * HOUR_MS),
  }));
}

function sharedBy({ tenantId, buyerId, beneficiaryId }: Entry, { people, sharedPayments }: Known): Set<Trait> {
  const buyer = people.get(key(tenantId, buyerId));
  const beneficiary = people.get(key(tenantId, beneficiaryId));
  const shared = new Set<Trait>();
  for (const trait of ['email', 'device', 'address', 'agent'] as const) {
    const [one, other] = [buyer?.[trait], beneficiary?.[trait]];
    if (one && other && one.equals(other)) shared.add(trait);
  }
  if (sharedPayments.has(pairKey({ tenantId, buyerId, beneficiaryId }))) shared.add('payment');
  return shared;
}

/** From the beneficiary, and who is alike, to the buyer, and who is alike. Nobody where a ring is not looked for. */
function wayBack(entry: Entry, { alike }: Known, shared: ReadonlySet<Trait> | undefined): WayBack {
  const { tenantId, buyerId, beneficiaryId, at, tuning } = entry;
  const { enabled, windowDays } = tuning.rules.ring;
  const windowMs = windowDays * DAY_MS;
  const since = new Date(at.getTime() - windowMs);
  const until = new Date(at.getTime() + windowMs);
  const isOne = STRONG_TRAITS.some((trait) => shared?.has(trait) === true);
  if (!enabled || isOne) return { tenantId, payers: [], earners: [], since, until };
  const buyers = new Set([buyerId, ...(alike.get(key(tenantId, buyerId)) ?? [])]);
  const beneficiaries = new Set([beneficiaryId, ...(alike.get(key(tenantId, beneficiaryId)) ?? [])]);
  return {
    tenantId,
    payers: [...beneficiaries].filter((userId) => !buyers.has(userId)),
    earners: [...buyers].filter((userId) => !beneficiaries.has(userId)),
    since,
    until,
  };
}

function factsOf(
  entry: Entry,
  known: Known,
  found: { shared: ReadonlySet<Trait>; returned: readonly PurchaseId[] },
): EntryFacts {
  const { tenantId, purchaseId, buyerId, beneficiaryId, at, isFirstLevel } = entry;
  const activity = isFirstLevel ? known.activity.get(key(tenantId, beneficiaryId)) : undefined;
  const isBelow = (userId: UserId) =>
    userId !== beneficiaryId && known.uplines.get(key(tenantId, userId))?.includes(beneficiaryId) === true;
  return {
    tenantId,
    purchaseId,
    buyerId,
    beneficiaryId,
    at,
    isFirstLevel,
    shared: found.shared,
    isEmailDisposable: known.people.get(key(tenantId, buyerId))?.email_disposable ?? false,
    returned: found.returned.filter((id) => id !== purchaseId).slice(0, MAX_EVIDENCE),
    alike: (known.alike.get(key(tenantId, buyerId)) ?? []).filter(isBelow).toSorted(),
    chain: chainOf(tenantId, buyerId, known),
    activity: {
      registrations: activity?.registrations ?? 0,
      purchases: activity?.purchases ?? 0,
      soldInWindow: activity?.sold ?? 0,
      refundedInWindow: activity?.refunded ?? 0,
      clicks: activity?.clicks ?? 0,
      registrationsFromClicks: activity?.registrations_from_clicks ?? 0,
    },
  };
}

function chainOf(tenantId: TenantId, buyerId: UserId, { people, joined }: Known): ChainLink[] {
  const buyer = people.get(key(tenantId, buyerId));
  if (buyer === undefined) return [];
  const above = buyer.chain.flatMap((userId) => {
    const joinedAt = joined.get(key(tenantId, userId));
    return joinedAt === undefined ? [] : [{ userId: asUserId(userId), joinedAt }];
  });
  return [{ userId: buyerId, joinedAt: buyer.joined_at }, ...above];
}

function groupAlike(rows: readonly { tenantId: TenantId; userId: UserId; alikeId: UserId }[]): Map<string, UserId[]> {
  const groups = Map.groupBy(rows, ({ tenantId, userId }) => key(tenantId, userId));
  return new Map([...groups].map(([of, own]) => [of, own.map(({ alikeId }) => alikeId)]));
}

function keyed<Row extends { tenant_id: string; user_id: string }>(rows: readonly Row[]): Map<string, Row> {
  return new Map(rows.map((row) => [key(row.tenant_id, row.user_id), row]));
}

function distinct(refs: readonly MemberRef[]): MemberRef[] {
  return [...new Map(refs.map((ref) => [key(ref.tenantId, ref.userId), ref])).values()];
}

function distinctPairs(pairs: readonly Pair[]): Pair[] {
  return [...new Map(pairs.map((pair) => [pairKey(pair), pair])).values()];
}

const key = (tenantId: string, userId: string): string => `${tenantId}/${userId}`;
const pairKey = ({ tenantId, buyerId, beneficiaryId }: Pair): string => `${tenantId}/${buyerId}/${beneficiaryId}`;
const fullHour = (ms: number): Date => new Date(Math.floor(ms / HOUR_MS) * HOUR_MS);
