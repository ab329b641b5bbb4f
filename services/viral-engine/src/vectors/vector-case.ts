import { DomainError } from '@dailydoco/errors';
import { currencyOf, formatDecimal } from '@dailydoco/money';
import { type EntryState, liveThrough, newEntry } from '../commissions/entry-life.js';
import type { CapRooms, CompanyRoom, Cut, PersonRoom } from '../commissions/limit-entries.js';
import { type Earner, split, type SplitEntry, type SplitTerms } from '../commissions/split.js';
import { asUserId, type UserId } from '../ids.js';
import type { CompanyCap } from '../plans/plan-limits.js';
import { netAfterRefunds, refundAmount } from '../refunds/refund.js';

/** One case of a vector file: a purchase, what it must pay, and refunds one after the other. Amounts are micros. */
export interface VectorCase {
  readonly name: string;
  readonly terms: SplitTerms;
  readonly buyerId: UserId;
  readonly upline: readonly Earner[];
  readonly websiteOwner: Earner | undefined;
  readonly amountMicros: bigint;
  /** What the caps leave before the purchase. */
  readonly rooms: VectorRooms | undefined;
  /** `cuts` and `lost` are compared where the case names them. */
  readonly expected: {
    commissions: readonly object[];
    total: string;
    house: string;
    lost?: readonly object[] | undefined;
  };
  readonly refunds: readonly VectorRefund[];
}

export interface VectorRooms {
  readonly people: Readonly<Record<string, { [Period in keyof PersonRoom]: PersonRoom[Period] | undefined }>>;
  readonly company?: { mode: CompanyCap['mode']; left: bigint; closed: boolean } | undefined;
}

export interface VectorRefund {
  readonly refundMicros: bigint;
  /** What must happen: reversals, or the reason of a refusal. */
  readonly expected: { reversals: readonly object[] } | { error: string };
}

interface LivingEntry {
  readonly entry: SplitEntry;
  state: EntryState;
}

// A vector names no currency and no times: any will do, they do not meet the arithmetic.
const CURRENCY = currencyOf('USD');
const AT = new Date(0);

/** Runs a case through the rules that the service itself runs. Undefined when all of it holds, else what differs. */
export function firstDifference(vector: VectorCase): string | undefined {
  const result = splitOf(vector);
  const entries = result.entries.map((entry) => ({ entry, state: newEntry(entry.amountMicros, AT) }));
  const { commissions, lost } = vector.expected;
  const actual = {
    commissions: result.entries.map((entry, index) => ({
      ...named(entry),
      rateBps: entry.rateBps,
      amount: formatDecimal(entry.amountMicros),
      ...(namesCuts(commissions[index]) && { cuts: cutsOf(entry.cuts) }),
    })),
    total: formatDecimal(result.totalMicros),
    house: formatDecimal(result.houseMicros),
    ...(lost && { lost: result.lost.map((entry) => ({ ...named(entry), cuts: cutsOf(entry.cuts) })) }),
  };
  return differenceOf(vector.expected, actual, 'expected') ?? differenceInRefunds(vector, entries);
}

function splitOf(vector: VectorCase): ReturnType<typeof split> {
  const { terms, rooms } = vector;
  if (rooms === undefined) return split({ ...vector, rooms: undefined }, terms);
  const { company } = rooms;
  const input = { ...vector, rooms: { people: peopleOf(rooms), company: company && companyRoomOf(company) } };
  if (company === undefined) return split(input, terms);
  return split(input, { ...terms, companyCap: { period: 'month', mode: company.mode, amounts: [] } });
}

function peopleOf({ people }: VectorRooms): CapRooms['people'] {
  return new Map(
    Object.entries(people).map(([id, { day, month, lifetime }]): [UserId, PersonRoom] => [
      asUserId(id),
      {
        ...(day !== undefined && { day }),
        ...(month !== undefined && { month }),
        ...(lifetime !== undefined && { lifetime }),
      },
    ]),
  );
}

function companyRoomOf({ left: leftMicros, closed }: { left: bigint; closed: boolean }): CompanyRoom {
  return { leftMicros, closed };
}

function namesCuts(expected: object | undefined): boolean {
  return expected !== undefined && 'cuts' in expected;
}

function cutsOf(cuts: readonly Cut[]): object[] {
  return cuts.map(({ rule, amountMicros }) => ({ rule, amount: formatDecimal(amountMicros) }));
}

function differenceInRefunds(vector: VectorCase, entries: LivingEntry[]): string | undefined {
  const purchase = { amountMicros: vector.amountMicros, currency: CURRENCY, refundedMicros: 0n };
  for (const [index, refund] of vector.refunds.entries()) {
    const actual = refundOnce(purchase, entries, refund.refundMicros);
    const difference = differenceOf(refund.expected, actual, `refunds.${index}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function refundOnce(
  purchase: { amountMicros: bigint; currency: string; refundedMicros: bigint },
  entries: LivingEntry[],
  refundMicros: bigint,
): object {
  try {
    purchase.refundedMicros += refundAmount(purchase, { amountMicros: refundMicros, currency: CURRENCY });
  } catch (error) {
    if (error instanceof DomainError) return { error: error.reason };
    throw error;
  }
  const reversals = entries.map((living) => {
    const before = living.state.netMicros;
    const netMicros = netAfterRefunds(living.entry.amountMicros, purchase);
    living.state = liveThrough(living.state, { kind: 'refunded', netMicros, at: AT }) ?? living.state;
    const reversed = formatDecimal(before - living.state.netMicros);
    return { ...named(living.entry), reversed, net: formatDecimal(living.state.netMicros) };
  });
  return { reversals };
}

function named(entry: SplitEntry): { kind: string; level: number | null; beneficiary: string } {
  const { kind, level, beneficiaryId: beneficiary } = entry;
  return { kind, level: kind === 'level' ? level : null, beneficiary };
}

/** The first place where two JSON-like values differ, as `path: expected …, got …`. Members only in `actual` count too. */
function differenceOf(expected: unknown, actual: unknown, path: string): string | undefined {
  if (!isTree(expected) || !isTree(actual)) {
    return expected === actual ? undefined : `${path}: expected ${show(expected)}, got ${show(actual)}`;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const difference = differenceOf(expected[key], actual[key], `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
