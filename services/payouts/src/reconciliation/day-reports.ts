import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { TenantId, UserId } from '../ids.js';
import { type Day, daysBetween, lastSettledDay, parseDay } from './day.js';
import { type DayFacts, type DayReport, makeReport } from './day-report.js';
import type { PastRun } from './runs.js';

/** A report in a list. */
export interface ReportLine {
  readonly day: string;
  readonly outcome: DayReport['outcome'];
  readonly breaks: number;
  readonly madeAt: Date;
}

export interface ReportReads {
  /** Newest day first, before the day `before`. */
  list(query: { tenantId: TenantId; before: string | undefined; limit: number }): Promise<ReportLine[]>;
  find(tenantId: TenantId, day: string): Promise<DayReport | undefined>;
}

export interface ReportBook extends ReportReads {
  /** The first run that was begun at or after this time and was finished. */
  firstRunSince(tenantId: TenantId, since: Date): Promise<PastRun | undefined>;
  facts(tenantId: TenantId, day: Day, run: PastRun): Promise<DayFacts>;
  /** Keeps the report, unless the day has one. */
  add(report: DayReport, madeBy: UserId | undefined): Promise<void>;
}

/** At most so many days that nobody told are made up for. */
const MOST_DAYS_LATE = 31;

/** Makes the reports of all days that are over and have none since the last one. Returns them, oldest first. */
export async function makeDueReports(book: ReportBook, tenantId: TenantId, now: Date): Promise<DayReport[]> {
  const [last] = await book.list({ tenantId, before: undefined, limit: 1 });
  const to = lastSettledDay(now);
  const made: DayReport[] = [];
  for (const day of daysBetween({ from: last && parseDay(last.day), to, limit: MOST_DAYS_LATE })) {
    const report = await makeOnce(book, { tenantId, day, madeBy: undefined, now });
    if (report === undefined) break;
    made.push(report);
  }
  return made;
}

/** The report of a day, made now if there is none; undefined when no comparison was finished since the day ended. */
export async function makeOnce(
  book: ReportBook,
  { tenantId, day, madeBy, now }: { tenantId: TenantId; day: Day; madeBy: UserId | undefined; now: Date },
): Promise<DayReport | undefined> {
  const known = await book.find(tenantId, day.text);
  if (known !== undefined) return known;
  const run = await book.firstRunSince(tenantId, day.settledAt);
  if (run === undefined) return undefined;
  const facts = await book.facts(tenantId, day, run);
  await book.add(makeReport({ tenantId, day, run, madeAt: now }, facts), madeBy);
  // Somebody else may have been faster: what counts is what stands.
  return book.find(tenantId, day.text);
}

interface ReportsParts {
  readonly once: OncePerKey<ReportBook>;
  readonly reads: ReportReads;
  readonly clock: { now(): Date };
}

/** What each day came to, as finance reads it. */
export class DayReports {
  readonly #parts: ReportsParts;

  constructor(parts: ReportsParts) {
    this.#parts = parts;
  }

  list(query: Parameters<ReportReads['list']>[0]): Promise<ReportLine[]> {
    return this.#parts.reads.list(query);
  }

  /** Throws NOT_FOUND when the day has no report. */
  async read(tenantId: TenantId, day: string): Promise<DayReport> {
    const report = await this.#parts.reads.find(tenantId, day);
    if (report === undefined) throw new DomainError('NOT_FOUND');
    return report;
  }

  /**
   * Makes the report of a past day, unless it has one. Throws VALIDATION_FAILED for a day that is not over by 15 minutes,
   * and CONFLICT when no comparison was finished since.
   */
  make<Body>(
    { tenantId, userId, day }: { tenantId: TenantId; userId: UserId; day: Day },
    by: { call: IdempotentCall; answer: (report: DayReport) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock } = this.#parts;
    return once(by.call, async (book) => {
      const now = clock.now();
      if (day.settledAt > now) {
        throw new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'day', message: 'is not over yet' }] });
      }
      const report = await makeOnce(book, { tenantId, day, madeBy: userId, now });
      if (report !== undefined) return by.answer(report);
      throw new DomainError('CONFLICT', { detail: 'No comparison of the books was finished since that day.' });
    });
  }
}
