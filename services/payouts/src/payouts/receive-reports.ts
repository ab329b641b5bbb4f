import type { RailReport } from '../rails/rail.js';
import type { PayoutBook } from './change-payout.js';
import { payableMicros, type Payout } from './payout.js';
import { recordAnswers } from './record-answers.js';

/** What a report did: see the table `rail_report`. */
export type Applied = 'recorded' | 'unknown_reference' | 'contradiction' | 'amount_mismatch';

export interface StoredReport {
  readonly report: RailReport;
  readonly applied: Applied;
}

/** Reports of rails in an open database transaction. */
export interface ReportBook extends PayoutBook {
  /** Those that are not stored yet, each once. */
  newReports(reports: readonly RailReport[]): Promise<RailReport[]>;
  addReports(reports: readonly StoredReport[], receivedAt: Date): Promise<void>;
}

/**
 * Stores what rails told by themselves, each report once for ever by its id, and records it as an answer about the
 * payout that it names, in one database transaction. What names no payout of that rail, another amount, or contradicts
 * what was told before, tells of another payment of the rail's for the same payout too, is stored as a break and moves
 * nothing. Returns what each report did, in their order; undefined:
 * it was known already.
 */
export async function receiveReports(
  book: ReportBook,
  reports: readonly RailReport[],
  now: Date,
): Promise<{ applied: (Applied | undefined)[]; changed: Payout[] }> {
  // The locks come first: a second delivery of a report waits here, and then finds the first one's row.
  const locked = await book.lockAll(reports.map(targetOf));
  const payouts = new Map(locked.map((payout) => [keyOf(payout), payout]));
  const fresh = await book.newReports(reports);
  const applied = new Map<RailReport, Applied>();
  const sound: RailReport[] = [];
  for (const report of fresh) {
    const objection = objectionTo(report, payouts.get(keyOf(targetOf(report))));
    if (objection === undefined) sound.push(report);
    else applied.set(report, objection);
  }
  const told = sound.map((report) => ({ ...targetOf(report), answer: report.answer }));
  const { outcomes, changed } = await recordAnswers(book, told, now);
  for (const [n, report] of sound.entries()) applied.set(report, outcomes[n] ?? 'contradiction');
  await book.addReports(
    [...applied].map(([report, outcome]) => ({ report, applied: outcome })),
    now,
  );
  return { applied: reports.map((report) => applied.get(report)), changed };
}

function objectionTo(report: RailReport, payout: Payout | undefined): Applied | undefined {
  if (payout === undefined || payout.rail !== report.rail) return 'unknown_reference';
  if (report.currency !== undefined && report.currency !== payout.currency) return 'amount_mismatch';
  if (report.amountMicros !== undefined && report.amountMicros !== payableMicros(payout)) return 'amount_mismatch';
  const { railReference } = report.answer;
  const isAnother = payout.railReference !== undefined && railReference !== undefined;
  return isAnother && payout.railReference !== railReference ? 'contradiction' : undefined;
}

function targetOf({ tenantId, reference }: RailReport): Pick<Payout, 'tenantId' | 'id'> {
  return { tenantId, id: reference };
}

function keyOf({ tenantId, id }: Pick<Payout, 'tenantId' | 'id'>): string {
  return `${tenantId} ${id}`;
}
