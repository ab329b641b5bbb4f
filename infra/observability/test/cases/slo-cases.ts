import type { Severity } from '../../src/rules/rule.js';
import { fires, of, quiet, type AlertCase, type Firing } from './alert-case.js';

const ROUTED = { exported_service: 'viral-engine', route: 'viral-engine-v1-purchases' };
const HTTP = 'dailydoco_http_server_duration_seconds';
const AGE = 'dailydoco_consumer_event_age_seconds';
const REQUEST = { method: 'GET', route: '/v1/commissions', status: '200' };
const SAMPLES = 100;
/** A window that is not yet full shows what there is: what has always been so is so in every window. */
const SINCE_EVER = 90;
const ALL = 10_000;

/** So many of 10,000 requests a minute answered with 500 by the gateway. */
function failing(bad: number): Record<string, string> {
  return {
    [of('kong_http_requests_total', 'kong', {
      ...ROUTED,
      code: '201',
      source: 'service',
    })]: `0+${ALL - bad}x${SAMPLES}`,
    [of('kong_http_requests_total', 'kong', { ...ROUTED, code: '500', source: 'service' })]: `0+${bad}x${SAMPLES}`,
  };
}

/** So many of 10,000 observations a minute above the bound. */
function above(metric: string, job: string, given: { labels: Record<string, string>; le: string; bad: number }) {
  const { labels, le, bad } = given;
  return {
    [of(`${metric}_bucket`, job, { ...labels, le })]: `0+${ALL - bad}x${SAMPLES}`,
    [of(`${metric}_count`, job, labels)]: `0+${ALL}x${SAMPLES}`,
  };
}

const slow = (bad: number) => above(HTTP, 'viral-engine', { labels: REQUEST, le: '0.05', bad });
const late = (bad: number) => above(AGE, 'payouts', { labels: { consumer: 'payouts-ledger' }, le: '5', bad });

function burning(severities: readonly Severity[], description: string): Firing[] {
  return severities.map((severity) => ({ severity, labels: { namespace: 'dd', ...sloOf(description) }, description }));
}

/** The label that the ratio carries, told by the noun of the sentence. */
function sloOf(description: string): { slo: string } {
  if (description.includes('public API')) return { slo: 'api-availability' };
  if (description.includes('/v1/purchases')) return { slo: 'purchases-accepted' };
  if (description.includes('events')) return { slo: 'event-freshness' };
  return { slo: 'api-latency' };
}

const availability = (share: string) =>
  `${share} of requests to the public API in dd were answered with a server error. The objective is that 99.9 % are good over 30 days.`;
const latency = (share: string) =>
  `${share} of requests to the services in dd took longer than 50 ms. The objective is that 95 % are good over 30 days.`;
const purchases = (share: string) =>
  `${share} of requests to /v1/purchases in dd were answered with a server error. The objective is that 99.95 % are good over 30 days.`;
const freshness = (share: string) =>
  `${share} of events in dd took effect more than 5 s after their cause. The objective is that 99 % are good over 30 days.`;

const DAY = 24 * 60;

/** 30 minutes of 5 % errors after a good day, then all is well again. */
const OUTAGE = {
  [of('kong_http_requests_total', 'kong', {
    ...ROUTED,
    code: '201',
    source: 'service',
  })]: `0+10000x${DAY} ${DAY * ALL + 9_500}+9500x29 ${DAY * ALL + 30 * 9_500 + ALL}+10000x200`,
  [of('kong_http_requests_total', 'kong', {
    ...ROUTED,
    code: '500',
    source: 'service',
  })]: `0x${DAY} 500+500x29 15000x200`,
};

export const SLO_CASES: readonly AlertCase[] = [
  fires('ApiAvailabilityBudgetBurn', 'critically at 2 %, twenty times the budget', {
    series: failing(200),
    atMinute: SINCE_EVER,
    firing: burning(['critical', 'warning'], availability('2%')),
  }),
  fires('ApiAvailabilityBudgetBurn', 'critically at 0.8 % when it lasts for six hours', {
    series: failing(80),
    atMinute: SINCE_EVER,
    firing: burning(['critical', 'warning'], availability('0.8%')),
  }),
  fires('ApiAvailabilityBudgetBurn', 'as a warning at 0.4 %, four times the budget', {
    series: failing(40),
    atMinute: SINCE_EVER,
    firing: burning(['warning'], availability('0.4%')),
  }),
  fires('ApiAvailabilityBudgetBurn', 'as a warning at 0.15 % when it lasts for three days', {
    series: failing(15),
    atMinute: SINCE_EVER,
    firing: burning(['warning'], availability('0.15%')),
  }),
  quiet('ApiAvailabilityBudgetBurn', 'at 0.05 %, half the budget', { series: failing(5), atMinute: SINCE_EVER }),
  quiet('ApiAvailabilityBudgetBurn', 'when nothing has ever failed', {
    series: { [of('kong_http_requests_total', 'kong', { ...ROUTED, code: '201', source: 'service' })]: '0+100x500' },
    atMinute: SINCE_EVER,
  }),
  fires('ApiAvailabilityBudgetBurn', 'critically within an outage of half an hour', {
    series: OUTAGE,
    atMinute: DAY + 25,
    firing: burning(['critical'], availability('5%')),
  }),
  quiet('ApiAvailabilityBudgetBurn', 'forty minutes after it, when the day as a whole is well', {
    series: OUTAGE,
    atMinute: DAY + 70,
  }),
  fires('ApiLatencyBudgetBurn', 'critically when four of five requests are slow', {
    series: slow(8_000),
    atMinute: SINCE_EVER,
    firing: burning(['critical', 'warning'], latency('80%')),
  }),
  fires('ApiLatencyBudgetBurn', 'as a warning when one in five is', {
    series: slow(2_000),
    atMinute: SINCE_EVER,
    firing: burning(['warning'], latency('20%')),
  }),
  quiet('ApiLatencyBudgetBurn', 'when one in twenty-five is', { series: slow(400), atMinute: SINCE_EVER }),
  fires('PurchasesBudgetBurn', 'critically at 1 %', {
    series: failing(100),
    atMinute: SINCE_EVER,
    firing: burning(['critical', 'warning'], purchases('1%')),
  }),
  quiet('PurchasesBudgetBurn', 'at 0.04 %', { series: failing(4), atMinute: SINCE_EVER }),
  fires('EventFreshnessBudgetBurn', 'critically when one event in five is late', {
    series: late(2_000),
    atMinute: SINCE_EVER,
    firing: burning(['critical', 'warning'], freshness('20%')),
  }),
  quiet('EventFreshnessBudgetBurn', 'when one in two hundred is', { series: late(50), atMinute: SINCE_EVER }),
];
