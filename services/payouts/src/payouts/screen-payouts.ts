import type { Change, PayoutBook } from './change-payout.js';
import type { Payout } from './payout.js';
import type { Finding, PayoutScreen } from './screen.js';

export interface ScreenBook extends PayoutBook {
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
  const changes = payouts.filter((payout) => findingsOf(payout).length === 0).flatMap((payout) => passed(payout, now));
  await book.take(changes);
  return { changed: changes.map(({ payout }) => payout), more: payouts.length === SCREENED_AT_ONCE };
}

/** The steps of a payout against which nothing speaks. */
function passed(payout: Payout, now: Date): Change[] {
  const screened: Payout = { ...payout, status: 'screened', changedAt: now };
  return [
    { payout: screened, askAt: now },
    { payout: { ...screened, status: 'approved' }, askAt: now },
  ];
}
