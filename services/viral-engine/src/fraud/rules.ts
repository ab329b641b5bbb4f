import type { PurchaseId, UserId } from '../ids.js';
import { type EntryFacts, STRONG_TRAITS, type Trait } from './fraud-facts.js';
import { RULE_NAMES, type RuleName, type RuleTuning, type Tuning } from './tuning.js';

/** What a rule goes by, as ids: no fingerprint, no address. */
export interface Evidence {
  readonly members: readonly UserId[];
  readonly purchases: readonly PurchaseId[];
}

/** What a rule found about a beneficiary's entries of a purchase. */
export interface Signal {
  readonly rule: RuleName;
  /** 1 to 100. */
  readonly points: number;
  /** A sentence with the numbers. */
  readonly reason: string;
  readonly evidence: Evidence;
}

type Rule<Name extends RuleName> = (facts: EntryFacts, tuning: RuleTuning<Name>) => Signal | undefined;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MAX_POINTS = 100;

const SAID: Readonly<Record<Trait, string>> = {
  email: 'the same mailbox under another alias',
  device: 'the same device',
  payment: 'the same card or account',
  address: 'the same network address',
  agent: 'the same browser',
};

/** The buyer may be the beneficiary: each trait in common counts for itself; an address counts more with the browser. */
export const selfReferral: Rule<'self_referral'> = ({ shared, buyerId, beneficiaryId }, tuning) => {
  const place = shared.has('address') ? (shared.has('agent') ? tuning.browserPoints : tuning.addressPoints) : 0;
  const points =
    (shared.has('email') ? tuning.emailPoints : 0) +
    (shared.has('device') ? tuning.devicePoints : 0) +
    (shared.has('payment') ? tuning.paymentPoints : 0) +
    place;
  // A browser in common says nothing without the address: millions have the same one.
  const traits = (['email', 'device', 'payment', 'address', 'agent'] as const).filter(
    (trait) => shared.has(trait) && (trait !== 'agent' || shared.has('address')),
  );
  const reason = `The buyer and the beneficiary have in common: ${traits.map((trait) => SAID[trait]).join(', ')}.`;
  return signal('self_referral', { points, reason, members: [buyerId, beneficiaryId] });
};

/** Many registrations, or many purchases, of the beneficiary's own referrals in the window. */
export const velocity: Rule<'velocity'> = ({ isFirstLevel, activity, beneficiaryId }, tuning) => {
  const { registrations, purchases } = activity;
  const isFast = registrations >= tuning.registrations || purchases >= tuning.purchases;
  if (!isFirstLevel || !isFast) return undefined;
  const reason =
    `${registrations} people whom the beneficiary referred registered and ${purchases} purchases were made by them ` +
    `within ${tuning.windowHours} hours; ${tuning.registrations} or ${tuning.purchases} are enough.`;
  return signal('velocity', { points: tuning.points, reason, members: [beneficiaryId] });
};

/**
 * Money goes round. The tree of referrals has no cycles, so it does in one of two ways: purchases of the beneficiary pay
 * the buyer (through a website of the buyer's, or because either of them acts under a second account that shares a
 * mailbox, a device or a card), within the window before or after; or several buyers below the beneficiary are alike.
 * Where buyer and beneficiary are alike themselves, it is a self-referral and no ring.
 */
export const ring: Rule<'ring'> = ({ shared, returned, alike, buyerId, beneficiaryId }, tuning) => {
  if (STRONG_TRAITS.some((trait) => shared.has(trait))) return undefined;
  const { points } = tuning;
  if (returned.length > 0) {
    const reason =
      `${returned.length} purchases by the beneficiary, or by somebody with a mailbox, device or card of theirs, paid ` +
      `the buyer or somebody alike within ${tuning.windowDays} days.`;
    return signal('ring', { points, reason, members: [buyerId, beneficiaryId], purchases: returned });
  }
  if (alike.length + 1 < tuning.alike) return undefined;
  const reason = `${alike.length + 1} people below the beneficiary, the buyer among them, share a mailbox, device or card; ${tuning.alike} are enough.`;
  return signal('ring', { points, reason, members: [buyerId, ...alike] });
};

/** The buyer's mailbox is of a provider whose mailboxes are made to be thrown away. */
export const disposableEmail: Rule<'disposable_email'> = ({ isFirstLevel, isEmailDisposable, buyerId }, tuning) => {
  if (!isFirstLevel || !isEmailDisposable) return undefined;
  const reason = 'The buyer registered with 1 e-mail address of a provider of mailboxes to be thrown away.';
  return signal('disposable_email', { points: tuning.points, reason, members: [buyerId] });
};

/** Purchases of the beneficiary's own referrals that came to nothing, in number and in share. */
export const refundPattern: Rule<'refund_pattern'> = ({ isFirstLevel, activity, beneficiaryId }, tuning) => {
  const { soldInWindow: sold, refundedInWindow: refunded } = activity;
  const isPattern = refunded >= tuning.refunds && refunded * 100 >= sold * tuning.refundedPercent;
  if (!isFirstLevel || !isPattern) return undefined;
  const reason =
    `${refunded} of ${sold} purchases by people whom the beneficiary referred were refunded in full within ` +
    `${tuning.windowDays} days; ${tuning.refunds} and ${tuning.refundedPercent} % are enough.`;
  return signal('refund_pattern', { points: tuning.points, reason, members: [beneficiaryId] });
};

/** Clicks that lead to nobody: somebody, or a program, clicks to be the first touch of whoever registers. */
export const clickFlooding: Rule<'click_flooding'> = ({ isFirstLevel, activity, beneficiaryId }, tuning) => {
  const { clicks, registrationsFromClicks: registrations } = activity;
  const isFlood = clicks >= tuning.clicks && registrations * 1_000 < clicks * tuning.registrationsPerThousand;
  if (!isFirstLevel || !isFlood) return undefined;
  const reason =
    `${clicks} clicks on the beneficiary's codes led to ${registrations} registrations within ${tuning.windowHours} ` +
    `hours; fewer than ${tuning.registrationsPerThousand} of 1000 are enough.`;
  return signal('click_flooding', { points: tuning.points, reason, members: [beneficiaryId] });
};

/** The buyer and so many referrers above all joined within the window, not long ago; those of the chain are implicated. */
export const deepChain: Rule<'deep_chain'> = ({ chain, at, beneficiaryId }, tuning) => {
  const run = runOf(chain, tuning.windowHours * HOUR_MS);
  const levels = run.length - 1;
  const newestMs = Math.max(...run.map(({ joinedAt }) => joinedAt.getTime()));
  const isRecent = newestMs >= at.getTime() - tuning.sinceDays * DAY_MS;
  if (levels < tuning.levels || !isRecent || !run.some(({ userId }) => userId === beneficiaryId)) return undefined;
  const reason = `${levels} levels above the buyer joined within ${tuning.windowHours} hours; ${tuning.levels} are enough.`;
  return signal('deep_chain', { points: tuning.points, reason, members: run.map(({ userId }) => userId) });
};

/** The longest beginning of a chain whose members all joined within so long of each other. */
function runOf(chain: EntryFacts['chain'], windowMs: number): EntryFacts['chain'] {
  let [earliest, latest] = [Infinity, -Infinity];
  const end = chain.findIndex(({ joinedAt }) => {
    earliest = Math.min(earliest, joinedAt.getTime());
    latest = Math.max(latest, joinedAt.getTime());
    return latest - earliest > windowMs;
  });
  return end === -1 ? chain : chain.slice(0, end);
}

function signal(
  rule: RuleName,
  found: { points: number; reason: string; members: readonly UserId[]; purchases?: readonly PurchaseId[] },
): Signal | undefined {
  const { points, reason, members, purchases = [] } = found;
  return points <= 0
    ? undefined
    : { rule, points: Math.min(points, MAX_POINTS), reason, evidence: { members, purchases } };
}

const ALL: { readonly [Name in RuleName]: Rule<Name> } = {
  self_referral: selfReferral,
  velocity,
  ring,
  disposable_email: disposableEmail,
  refund_pattern: refundPattern,
  click_flooding: clickFlooding,
  deep_chain: deepChain,
};

/** What all rules that are on find about a beneficiary's entries of a purchase. */
export function signalsOf(facts: EntryFacts, { rules }: Tuning): Signal[] {
  const run = <Name extends RuleName>(name: Name): Signal | undefined =>
    rules[name].enabled ? ALL[name](facts, rules[name]) : undefined;
  return RULE_NAMES.map((name) => run(name)).filter((found) => found !== undefined);
}

/** The score of a beneficiary's entries of a purchase: the sum of the points, at most 100. */
export function scoreOf(signals: readonly Pick<Signal, 'points'>[]): number {
  return Math.min(
    MAX_POINTS,
    signals.reduce((sum, { points }) => sum + points, 0),
  );
}
