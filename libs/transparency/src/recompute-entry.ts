import { type Finding, type FindingCode, finding } from './finding.js';
import type { CutRule, EntryLeaf } from './leaf.js';

const BPS = 10_000n;
const DAY_MS = 86_400_000;

/** An entry computed from the numbers of its leaf. */
export interface Recomputed {
  /** Before any limit. */
  readonly uncapped: bigint;
  /** Before the company cap: what it took of the own rooms. */
  readonly beforeCompany: bigint;
  readonly gross: bigint;
  readonly cap: bigint;
  readonly cuts: readonly { readonly rule: CutRule; readonly amount: string }[];
}

/**
 * Computes an entry by the rules of the split, from its leaf alone: rate and boost, floored once at the end; the cap of
 * the purchase; the beneficiary's own caps by day, month and lifetime; the company cap. Every division is floor.
 */
export function recomputeEntry(leaf: EntryLeaf): Recomputed {
  const amount = BigInt(leaf.purchaseAmount);
  const uncapped = (amount * BigInt(leaf.rateBps) * (BPS + BigInt(leaf.boostBps))) / (BPS * BPS);
  const cap = (amount * BigInt(leaf.maxPayoutBps)) / BPS;
  const sum = BigInt(leaf.sumBeforeCap);
  const cuts: { rule: CutRule; amount: string }[] = [];
  let left = uncapped;
  const cutTo = (micros: bigint, rule: CutRule): void => {
    if (micros >= left) return;
    cuts.push({ rule, amount: (left - micros).toString() });
    left = micros;
  };
  if (sum > cap) cutTo((left * cap) / sum, 'max_payout');
  const { day, month, lifetime } = leaf.ownRooms;
  if (day !== undefined) cutTo(BigInt(day), 'beneficiary_day');
  if (month !== undefined) cutTo(BigInt(month), 'beneficiary_month');
  if (lifetime !== undefined) cutTo(BigInt(lifetime), 'beneficiary_lifetime');
  const beforeCompany = left;
  if (leaf.company !== null) {
    const [room, together] = [BigInt(leaf.company.left), BigInt(leaf.company.sum)];
    if (together > room) cutTo((left * room) / together, 'company_cap');
  }
  return { uncapped, beforeCompany, gross: left, cap, cuts };
}

/** All that is wrong with an entry by itself. */
export function checkEntry(leaf: EntryLeaf): Finding[] {
  const found: Finding[] = [];
  const wrong = (code: FindingCode, where: string): unknown => found.push(finding(code, where, leaf.ordinal));
  const again = recomputeEntry(leaf);
  const isBonus = leaf.entryKind === 'website_bonus';
  if (isBonus !== (leaf.level === 0)) wrong('AMOUNT_WRONG', `a ${leaf.entryKind} at level ${leaf.level}`);
  if (isBonus && leaf.boostBps !== 0) wrong('AMOUNT_WRONG', 'a website bonus has no boost');
  if (leaf.cap !== again.cap.toString()) wrong('CAP_WRONG', `${leaf.cap} instead of ${again.cap}`);
  if (leaf.gross !== again.gross.toString()) wrong('AMOUNT_WRONG', `gross ${leaf.gross} instead of ${again.gross}`);
  const [cuts, cutsAgain] = [leaf.cuts, again.cuts].map(cutsText);
  if (cuts !== cutsAgain) wrong('AMOUNT_WRONG', `cuts ${cuts} instead of ${cutsAgain}`);
  if (again.uncapped > BigInt(leaf.sumBeforeCap)) wrong('AMOUNT_WRONG', 'the entry is more than all together');
  if (leaf.company !== null && again.beforeCompany > BigInt(leaf.company.sum)) {
    wrong('AMOUNT_WRONG', 'before the company cap the entry is more than all together');
  }
  const due = new Date(leaf.occurredAt).getTime() + (leaf.plan?.holdDays ?? 0) * DAY_MS;
  if (due !== new Date(leaf.availableAt).getTime()) wrong('AVAILABLE_AT_WRONG', leaf.availableAt);
  return found;
}

function cutsText(cuts: Recomputed['cuts']): string {
  return cuts.length === 0 ? 'none' : cuts.map(({ rule, amount }) => `${rule} ${amount}`).join(', ');
}

/** What entries disagree about: those of one purchase about the purchase and the rooms, those of one plan about its terms. */
export function checkTogether(entries: readonly EntryLeaf[]): Finding[] {
  return [
    ...groups(entries, ({ purchaseId }) => purchaseId).flatMap(checkPurchase),
    ...groups(entries, ({ plan }) => plan && `${plan.id} ${plan.version}`).flatMap(checkPlan),
  ];
}

function checkPurchase(entries: readonly EntryLeaf[]): Finding[] {
  const found: Finding[] = [];
  const inOrder = entries.toSorted((a, b) => a.level - b.level);
  const uncapped = inOrder.reduce((sum, leaf) => sum + recomputeEntry(leaf).uncapped, 0n);
  inOrder.forEach((leaf, at) => {
    const before = inOrder[at - 1];
    if (before === undefined) return;
    const wrong = (code: FindingCode, where: string): unknown => found.push(finding(code, where, leaf.ordinal));
    const differs = PURCHASE_FACTS.find((fact) => JSON.stringify(leaf[fact]) !== JSON.stringify(before[fact]));
    if (differs !== undefined) wrong('PURCHASE_DIFFERS', differs);
    if (before.level === leaf.level) wrong('ENTRY_TWICE', `level ${leaf.level} of purchase ${leaf.purchaseId}`);
    if (uncapped > BigInt(leaf.sumBeforeCap)) wrong('AMOUNT_WRONG', 'the own entries are more than all together');
    if (!sharesRooms(before, leaf)) wrong('AMOUNT_WRONG', 'the own room was not shared with the entry before');
  });
  return found;
}

const PURCHASE_FACTS = [
  'purchaseAmount',
  'currency',
  'sumBeforeCap',
  'maxPayoutBps',
  'company',
  'plan',
  'occurredAt',
  'recordedAt',
] as const satisfies readonly (keyof EntryLeaf)[];

/** The later entry finds at most what the earlier one left: less only where limits brought one in between to nothing. */
function sharesRooms(before: EntryLeaf, after: EntryLeaf): boolean {
  const taken = recomputeEntry(before).beforeCompany;
  return (['day', 'month', 'lifetime'] as const).every((period) => {
    const [had, found] = [before.ownRooms[period], after.ownRooms[period]];
    if (had === undefined || found === undefined) return had === found;
    return BigInt(found) <= BigInt(had) - taken;
  });
}

function checkPlan(entries: readonly EntryLeaf[]): Finding[] {
  const [first] = entries;
  const rates = new Map<number, number>();
  return entries.flatMap((leaf) => {
    const rate = rates.get(leaf.level) ?? leaf.rateBps;
    rates.set(leaf.level, rate);
    if (rate !== leaf.rateBps) return [finding('PLAN_DIFFERS', `the rate of level ${leaf.level}`, leaf.ordinal)];
    if (leaf.maxPayoutBps !== first?.maxPayoutBps) return [finding('PLAN_DIFFERS', 'maxPayoutBps', leaf.ordinal)];
    if (leaf.plan?.holdDays !== first.plan?.holdDays) return [finding('PLAN_DIFFERS', 'holdDays', leaf.ordinal)];
    return [];
  });
}

function groups(entries: readonly EntryLeaf[], keyOf: (leaf: EntryLeaf) => string | null): EntryLeaf[][] {
  const byKey = new Map<string, EntryLeaf[]>();
  for (const leaf of entries) {
    const key = keyOf(leaf);
    if (key === null) continue;
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [leaf]);
    else group.push(leaf);
  }
  return [...byKey.values()];
}
