import { type CurrencyCode, formatDecimal, MICROS_PER_UNIT, minorDigits } from '@dailydoco/money';
import type { Finding } from '../payouts/screen.js';
import { DAY_MS, HISTORY_WEEKS, type PayoutFacts } from './payout-facts.js';
import { RULE_NAMES, type RuleName, type RuleTuning, type Tuning } from './tuning.js';

type Rule<Name extends RuleName> = (facts: PayoutFacts, tuning: RuleTuning<Name>) => string | undefined;

/** Most of the amount is money that has been available for less than the hours. The oldest money is spent first. */
export const earningsTooYoung: Rule<'earnings_too_young'> = (facts, { hours, percent }) => {
  const { amountMicros } = facts.payout;
  const oldMicros = atLeastZero(facts.balanceBeforeMicros - facts.youngMicros);
  const youngMicros = atLeastZero(amountMicros - oldMicros);
  if (youngMicros === 0n || !isShare(youngMicros, amountMicros, percent)) return undefined;
  return (
    `${said(facts, youngMicros)} of ${said(facts, amountMicros)} became available less than ${hours} hours before; ` +
    `${percent} % are enough.`
  );
};

/** Refunds and chargebacks took back what had become available: so often, and so much of what there would be. */
export const recentReversals: Rule<'recent_reversals'> = (facts, { days, reversals, percent }) => {
  const { count, micros } = facts.reversed;
  const without = atLeastZero(facts.balanceBeforeMicros) + micros;
  if (count < reversals || !isShare(micros, without, percent)) return undefined;
  return (
    `${count} reversals took ${said(facts, micros)} back within ${days} days, of ${said(facts, without)} that would be ` +
    `there without them; ${reversals} and ${percent} % are enough.`
  );
};

export const negativeBalance: Rule<'negative_balance'> = (facts, { days }) => {
  const { lowestBalanceMicros: lowest } = facts;
  if (lowest === undefined || lowest >= 0n) return undefined;
  return `The available balance stood at ${said(facts, lowest)} within ${days} days before.`;
};

/** What is disputed and was not available yet is held by the dispute itself. */
export const openDisputes: Rule<'open_disputes'> = ({ openDisputes: open }, { disputes }) =>
  open < disputes
    ? undefined
    : `${open} disputes about commissions that are available already are undecided; ${disputes} are enough.`;

/** A first method is no change: what it is paid first is the matter of `first_payout_large`. */
export const methodChanged: Rule<'method_changed'> = (facts, { days, hundreds }) => {
  const { payout, method } = facts;
  const ageMs = payout.requestedAt.getTime() - method.addedAt.getTime();
  const isNew = method.tookAnothersPlace && !method.wasPaidBefore && ageMs < days * DAY_MS;
  if (!isNew || payout.amountMicros < hundredsOf(payout.currency, hundreds)) return undefined;
  const age = Math.max(0, Math.floor(ageMs / DAY_MS));
  return (
    `The first payout to a method that was added ${age} full days before, beside an older one, is of ` +
    `${said(facts, payout.amountMicros)}; fewer than ${days} days and ${limit(facts, hundreds)} are enough.`
  );
};

export const sharedMethod: Rule<'shared_method'> = ({ method }, { people }) =>
  method.people < people
    ? undefined
    : `${method.people} people have a method with the same account; ${people} are enough.`;

export const velocity: Rule<'velocity'> = (facts, { payouts, times, hundreds }) => {
  const { payout, others } = facts;
  const count = others.lastDay + 1;
  if (count >= payouts) return `${count} payouts were asked for within 24 hours; ${payouts} are enough.`;
  const week = others.lastWeekMicros + payout.amountMicros;
  const isLarge = week >= hundredsOf(payout.currency, hundreds);
  // Without a history there is nothing to hold it against.
  const isFast = others.historyMicros > 0n && week * BigInt(HISTORY_WEEKS) >= others.historyMicros * BigInt(times);
  if (!isLarge || !isFast) return undefined;
  return (
    `${said(facts, week)} were asked for within 7 days, and ${said(facts, others.historyMicros)} in the ` +
    `${HISTORY_WEEKS} weeks before; ${times} times the average week and ${limit(facts, hundreds)} are enough.`
  );
};

export const firstPayoutLarge: Rule<'first_payout_large'> = (facts, { hundreds }) => {
  const { payout, others } = facts;
  if (others.everPaid || payout.amountMicros < hundredsOf(payout.currency, hundreds)) return undefined;
  return (
    `The first payout that the person would receive is of ${said(facts, payout.amountMicros)}; ` +
    `${limit(facts, hundreds)} are enough.`
  );
};

const ALL: { readonly [Name in RuleName]: Rule<Name> } = {
  earnings_too_young: earningsTooYoung,
  recent_reversals: recentReversals,
  negative_balance: negativeBalance,
  open_disputes: openDisputes,
  method_changed: methodChanged,
  shared_method: sharedMethod,
  velocity,
  first_payout_large: firstPayoutLarge,
};

/** What all rules that are on find about a payout. */
export function riskFindingsOf(facts: PayoutFacts, { rules }: Tuning): Finding[] {
  const run = <Name extends RuleName>(name: Name): Finding | undefined => {
    const detail = rules[name].enabled ? ALL[name](facts, rules[name]) : undefined;
    return detail === undefined ? undefined : { source: 'risk', code: name, detail };
  };
  return RULE_NAMES.map((name) => run(name)).filter((found) => found !== undefined);
}

/** Hundreds of minor units in micros: 1 is 1 USD, 100 JPY, 0.1 KWD. */
function hundredsOf(currency: CurrencyCode, hundreds: number): bigint {
  return (BigInt(hundreds) * 100n * MICROS_PER_UNIT) / 10n ** BigInt(minorDigits(currency));
}

function isShare(part: bigint, whole: bigint, percent: number): boolean {
  return part * 100n >= whole * BigInt(percent);
}

function atLeastZero(micros: bigint): bigint {
  return micros < 0n ? 0n : micros;
}

function said({ payout }: Pick<PayoutFacts, 'payout'>, micros: bigint): string {
  return `${formatDecimal(micros)} ${payout.currency}`;
}

function limit(facts: PayoutFacts, hundreds: number): string {
  return said(facts, hundredsOf(facts.payout.currency, hundreds));
}
