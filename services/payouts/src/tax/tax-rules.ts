import { formatDecimal } from '@dailydoco/money';
import type { Payout } from '../payouts/payout.js';
import type { Finding } from '../payouts/screen.js';
import { type TaxPolicy, type TaxThreshold, thresholdOf } from './tax-policy.js';
import { type FormStatus, statusOf, type TaxRecord } from './tax-record.js';

/** What is found where a form that is needed is not there, by what is there instead. */
const CODES: { readonly [Status in FormStatus]?: { code: string; said: string } } = {
  none: { code: 'tax_form_missing', said: 'no tax form was given' },
  expired: { code: 'tax_form_expired', said: 'the tax form has expired' },
  w9_without_number: { code: 'tax_number_missing', said: 'the W-9 names no tax number' },
};

export interface TaxFacts {
  readonly payout: Pick<Payout, 'amountMicros' | 'currency' | 'requestedAt'>;
  readonly record: TaxRecord | undefined;
  readonly policy: TaxPolicy;
  readonly thresholds: readonly TaxThreshold[];
  /** Of the payout's year (UTC) and currency: paid and not returned, and asked for before this payout and still open. */
  readonly totalBeforeMicros: bigint;
}

/**
 * A payout by which the year's total reaches the threshold needs a valid form, or is looked at. Where the policy
 * withholds for the lack of it, the lack is settled by that.
 */
export function taxFindingOf({ payout, record, policy, thresholds, totalBeforeMicros }: TaxFacts): Finding | undefined {
  const { currency, requestedAt } = payout;
  const year = requestedAt.getUTCFullYear();
  const status = statusOf(record, requestedAt);
  const lack = CODES[status];
  const threshold = thresholdOf(thresholds, { year, currency });
  const isSettled = policy.missingForm === 'ignore' || withheldBps(record, policy, requestedAt) > 0;
  if (lack === undefined || threshold === undefined || isSettled) return undefined;
  const total = totalBeforeMicros + payout.amountMicros;
  if (total < threshold.amountMicros) return undefined;
  const said = (micros: bigint): string => `${formatDecimal(micros)} ${currency}`;
  const detail =
    `With this payout the total of ${year} is ${said(total)}; from ${said(threshold.amountMicros)} on it has to be ` +
    `reported (${threshold.form}), and ${lack.said}.`;
  return { source: 'tax', code: lack.code, detail };
}

/** What is withheld from a payout of a person, in basis points. A treaty only ever lowers the rate of the policy. */
export function withheldBps(record: TaxRecord | undefined, policy: TaxPolicy, at: Date): number {
  const status = statusOf(record, at);
  const rate = policy.withholdingBps[status];
  return status === 'w8ben' ? Math.min(rate, record?.treatyRateBps ?? rate) : rate;
}
