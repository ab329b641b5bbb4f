import type { CurrencyCode } from '@dailydoco/money';
import type { TenantId, UserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import type { TaxForm, TaxRecord } from './tax-record.js';

/** A year's payments to a person over one rail in one currency. */
export interface TaxTotal {
  readonly personId: UserId;
  readonly rail: RailKind;
  readonly currency: CurrencyCode;
  /** Payouts that settled in the year (UTC) and were not returned, whenever a return came. */
  readonly payouts: number;
  /** Their sum, with what was withheld from them. */
  readonly paidMicros: bigint;
  readonly withheldMicros: bigint;
}

export interface TaxReportLine extends TaxTotal {
  /** What the person declared last; undefined: nothing. */
  readonly form: TaxForm | undefined;
  readonly country: string | undefined;
  readonly maskedNumber: string | undefined;
}

export interface TaxReportReads {
  /** Of the next people after the person who were paid anything, in the order of their ids; empty: there are no more. */
  totals(query: {
    tenantId: TenantId;
    year: number;
    after: UserId | undefined;
    limit: number;
  }): Promise<readonly TaxTotal[]>;
  records(people: readonly { tenantId: TenantId; personId: UserId }[]): Promise<readonly TaxRecord[]>;
}

/** People in one read. */
const BATCH = 500;

/** The lines of a year's report, read as they are asked for, so that a report may have any length. */
export async function* taxReport(
  reads: TaxReportReads,
  { tenantId, year }: { tenantId: TenantId; year: number },
): AsyncGenerator<TaxReportLine> {
  let after: UserId | undefined;
  for (;;) {
    const totals = await reads.totals({ tenantId, year, after, limit: BATCH });
    const last = totals.at(-1);
    if (last === undefined) return;
    const people = [...new Set(totals.map(({ personId }) => personId))];
    const records = await reads.records(people.map((personId) => ({ tenantId, personId })));
    const declared = new Map(records.map((record) => [record.personId, record]));
    for (const total of totals) {
      const record = declared.get(total.personId);
      yield { ...total, form: record?.form, country: record?.country, maskedNumber: record?.maskedNumber };
    }
    after = last.personId;
  }
}
