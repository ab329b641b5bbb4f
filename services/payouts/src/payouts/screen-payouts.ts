import type { PayoutId, UserId } from '../ids.js';
import type { Change, PayoutBook } from './change-payout.js';
import type { Payout } from './payout.js';
import type { Finding, PayoutScreen } from './screen.js';

/** Which amounts need somebody's approval. */
export interface ApprovalTerms {
  /** By approvalKey: the amount above which a payout needs an approval; absent: it needs none. */
  approvalsAbove(payouts: readonly Payout[]): Promise<ReadonlyMap<string, bigint>>;
  /**
   * What their persons, not their schedules, asked for in the same currency within 24 hours before each, and that nobody
   * has approved or is to approve for itself; absent: nothing.
   */
  askedLately(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, bigint>>;
}

export interface ScreenBook extends PayoutBook, ApprovalTerms {
  /**
   * Payouts that were asked for, whose time to cancel in peace is over and whose person is not frozen, under their row
   * locks; those that another worker has are left to it.
   */
  lockForScreening(now: Date, limit: number): Promise<Payout[]>;
  /** Numbers them behind those that are there. */
  addFindings(found: readonly { payout: Payout; findings: readonly Finding[] }[], at: Date): Promise<void>;
}

export interface ScreenGiven {
  readonly screens: readonly PayoutScreen[];
  readonly now: Date;
}

/** So many are screened in one database transaction. */
export const SCREENED_AT_ONCE = 500;

/**
 * Screens what is due: where no screen finds anything the payout is screened and, when nobody has to be asked, approved
 * in the same moment; where one does, the payout waits as it is until a person has decided. Returns the payouts after
 * each step taken, and whether there may be more.
 */
export async function screenPayouts(
  book: ScreenBook,
  { screens, now }: ScreenGiven,
): Promise<{ changed: Payout[]; more: boolean }> {
  const payouts = await book.lockForScreening(now, SCREENED_AT_ONCE);
  if (payouts.length === 0) return { changed: [], more: false };
  const findings = new Map<Payout['id'], Finding[]>();
  for (const screen of screens) {
    for (const [id, found] of await screen.findingsOf(payouts)) {
      findings.set(id, [...(findings.get(id) ?? []), ...found]);
    }
  }
  const findingsOf = ({ id }: Payout): Finding[] => findings.get(id) ?? [];
  const waiting = payouts.filter((payout) => findingsOf(payout).length > 0);
  await book.addFindings(
    waiting.map((payout) => ({ payout, findings: findingsOf(payout) })),
    now,
  );
  await book.keep(waiting.map((payout) => ({ payout, askAt: undefined })));
  const clear = payouts.filter((payout) => findingsOf(payout).length === 0);
  const needs = await approvalNeeds(book, clear);
  const changes = clear.flatMap((payout) => passed(payout, { needs, now }));
  await book.take(changes);
  return { changed: changes.map(({ payout }) => payout), more: payouts.length === SCREENED_AT_ONCE };
}

export function approvalKey({ tenantId, currency }: Pick<Payout, 'tenantId' | 'currency'>): string {
  return `${tenantId} ${currency}`;
}

/** The amounts from which payouts need somebody's word, and what counts towards them besides. */
export interface ApprovalNeeds {
  readonly above: ReadonlyMap<string, bigint>;
  readonly lately: ReadonlyMap<PayoutId, bigint>;
}

export async function approvalNeeds(terms: ApprovalTerms, payouts: readonly Payout[]): Promise<ApprovalNeeds> {
  const above = await terms.approvalsAbove(payouts);
  const limited = payouts.filter((payout) => above.has(approvalKey(payout)));
  return { above, lately: limited.length === 0 ? new Map() : await terms.askedLately(limited) };
}

/**
 * The steps of a payout against which nothing speaks, or nothing any more: screened, and approved too unless its amount
 * needs somebody's word; what the person asked for just before counts with it, or one large payout would go as many small
 * ones. `by`: who has cleared the last finding.
 */
export function passed(payout: Payout, { needs, now, by }: { needs: ApprovalNeeds; now: Date; by?: UserId }): Change[] {
  const limit = needs.above.get(approvalKey(payout));
  const waits = limit !== undefined && payout.amountMicros + (needs.lately.get(payout.id) ?? 0n) > limit;
  const screened: Payout = { ...payout, status: 'screened', changedAt: now };
  const steps: Change[] = [{ payout: screened, askAt: undefined, by }];
  if (!waits) steps.push({ payout: { ...screened, status: 'approved' }, askAt: now });
  return steps;
}
