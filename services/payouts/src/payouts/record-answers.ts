import type { RailAnswer } from '../rails/rail.js';
import type { Change, PayoutBook } from './change-payout.js';
import { isWithRail, mayBecome, type Payout, type PayoutStatus } from './payout.js';

/** An answer, or that it was lost. */
export type Heard =
  | RailAnswer
  | { readonly state: 'lost'; readonly reason: undefined; readonly askAgainAfterMs: undefined };

export const LOST: Heard = { state: 'lost', reason: undefined, askAgainAfterMs: undefined };

/** What became of an answer: written down, or against what was told before. */
export type Recorded = 'recorded' | 'contradiction';

export interface Told {
  readonly tenantId: Payout['tenantId'];
  readonly id: Payout['id'];
  readonly answer: Heard;
}

/** A payout that is unknown is asked about for the first time after this long, and then ever later. */
export const ASK_UNKNOWN_AFTER_MS = 5_000;

/**
 * The steps from a status to what the rail tells, in their order: an answer that was lost is made up for, one that was
 * overtaken by a later one tells nothing new. What is `absent` is unknown until it is sent again. Undefined: the answer
 * contradicts what was told before.
 */
export function stepsTo(status: PayoutStatus, state: Heard['state']): PayoutStatus[] | undefined {
  if (!hasBeenSent(status)) return undefined;
  if (state === 'lost' || state === 'absent') {
    if (isWithRail(status)) return status === 'unknown' ? [] : ['unknown'];
    return state === 'lost' ? [] : undefined;
  }
  const overtaken = status === 'returned' && state === 'settled';
  if (state === 'processing' || status === state || overtaken) return [];
  const path: PayoutStatus[] = state === 'returned' ? ['settled', 'returned'] : [state];
  const steps = path.slice(path.indexOf(status) + 1);
  const lawful = steps.every((step, n) => mayBecome(n === 0 ? status : (steps[n - 1] ?? status), step));
  return lawful ? steps : undefined;
}

/** Whether a rail may know of it. One that failed may have been failed by finance, and is not told apart here. */
function hasBeenSent(status: PayoutStatus): boolean {
  return isWithRail(status) || status === 'settled' || status === 'returned' || status === 'failed';
}

/**
 * Writes down what rails told, under the payouts' row locks: made-up steps for lost answers, nothing for overtaken ones
 * and for what contradicts. Returns what became of each answer, in their order, and the payouts after each step taken.
 */
export async function recordAnswers(
  book: Pick<PayoutBook, 'lockAll' | 'take' | 'keep'>,
  told: readonly Told[],
  now: Date,
): Promise<{ outcomes: Recorded[]; changed: Payout[] }> {
  const standing = new Map((await book.lockAll(told)).map((payout) => [keyOf(payout), payout]));
  const taken: Change[] = [];
  const kept = new Map<string, Change>();
  const outcomes = told.map(({ answer, ...key }): Recorded => {
    const payout = standing.get(keyOf(key));
    if (payout === undefined) throw new Error('a payout is never gone');
    const steps = stepsTo(payout.status, answer.state);
    if (steps === undefined) return 'contradiction';
    const changes = changesBy(answer, { payout, steps, now });
    const last = changes.at(-1);
    if (last === undefined) return 'recorded';
    standing.set(keyOf(key), last.payout);
    if (steps.length > 0) taken.push(...changes);
    // The last word counts when several answers of one call are about one payout; what an earlier one charged is kept.
    const before = kept.get(keyOf(key))?.chargedMicros;
    const charged = steps.length === 0 ? (last.chargedMicros ?? before) : before;
    if (steps.length === 0 || charged !== undefined) kept.set(keyOf(key), { ...last, chargedMicros: charged });
    else kept.delete(keyOf(key));
    return 'recorded';
  });
  await book.take(taken);
  await book.keep([...kept.values()]);
  return { outcomes, changed: taken.map(({ payout }) => payout) };
}

/** The steps of an answer; without any, one change that keeps what the answer says besides. */
function changesBy(
  answer: Heard,
  { payout, steps, now }: { payout: Payout; steps: readonly PayoutStatus[]; now: Date },
): Change[] {
  const charged = chargedBy(answer, payout);
  let last: Payout = {
    ...payout,
    railReference: ('railReference' in answer ? answer.railReference : undefined) ?? payout.railReference,
    feeMicros: payout.feeMicros + (charged ?? 0n),
  };
  if (steps.length === 0) {
    const isNews = isWithRail(payout.status) || payout.status === answer.state;
    return isNews ? [{ payout: last, askAt: askAtOf(last, answer, now), chargedMicros: charged }] : [];
  }
  return steps.map((status, n) => {
    last = { ...last, status, reason: status === answer.state ? answer.reason : undefined, changedAt: now };
    return { payout: last, askAt: askAtOf(last, answer, now), chargedMicros: n === 0 ? charged : undefined };
  });
}

/** The fee that an answer tells for the first time. */
function chargedBy(answer: Heard, payout: Payout): bigint | undefined {
  if (!('feeMicros' in answer) || payout.feeMicros !== 0n) return undefined;
  const ended = answer.state === 'settled' || answer.state === 'failed' || answer.state === 'returned';
  return ended && answer.feeMicros !== undefined && answer.feeMicros > 0n ? answer.feeMicros : undefined;
}

function askAtOf({ status }: Payout, { askAgainAfterMs }: Heard, now: Date): Date | undefined {
  if (askAgainAfterMs !== undefined) return new Date(now.getTime() + askAgainAfterMs);
  return status === 'unknown' ? new Date(now.getTime() + ASK_UNKNOWN_AFTER_MS) : undefined;
}

function keyOf({ tenantId, id }: Pick<Payout, 'tenantId' | 'id'>): string {
  return `${tenantId} ${id}`;
}
