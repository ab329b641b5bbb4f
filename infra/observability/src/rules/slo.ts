import { anyJob, OWN_PACE } from '../fleet.js';
import type { Alert, Recording, RuleGroup } from './rule.js';

/** An objective: the share of events that must be good, counted over 30 days. */
export interface Slo {
  /** The label `slo` of what is recorded. */
  readonly name: string;
  readonly alert: string;
  readonly objective: number;
  /** What is good or bad, in the plural: `requests`. */
  readonly noun: string;
  /** What makes one bad, as the end of a sentence. */
  readonly bad: string;
  /** The rate of bad ones and of all, per namespace, over a window. */
  readonly errors: (window: string) => string;
  readonly total: (window: string) => string;
}

const ROUTED = `job="kong", exported_service=~"${OWN_PACE.join('|')}"`;
// Kong tells no method. Reads of the same path are few, and those that fail are failures as well.
const PURCHASES = 'job="kong", route="viral-engine-v1-purchases"';
/** The bucket of the API's target for the 95th percentile. */
const FAST_SECONDS = '0.05';
/** The bucket that counts as at once for whoever watches the balance. */
const FRESH_SECONDS = '5';

function rate(metric: string, labels: string, window: string): string {
  return `sum by (namespace) (rate(${metric}{${labels}}[${window}]))`;
}

function beyond(metric: string, labels: string, le: string) {
  return (window: string): string =>
    `${rate(`${metric}_count`, labels, window)} - ${rate(`${metric}_bucket`, `${labels}, le="${le}"`, window)}`;
}

const OWN_REQUESTS = anyJob(OWN_PACE);
const ANY_CONSUMER = 'consumer!=""';

/** The objectives of an installation. Each is measured where the one it is promised to would notice. */
export const SLOS: readonly Slo[] = [
  {
    name: 'api-availability',
    alert: 'ApiAvailabilityBudgetBurn',
    objective: 0.999,
    noun: 'requests to the public API',
    bad: 'were answered with a server error',
    errors: (window) => rate('kong_http_requests_total', `${ROUTED}, code=~"5.."`, window),
    total: (window) => rate('kong_http_requests_total', ROUTED, window),
  },
  {
    name: 'api-latency',
    alert: 'ApiLatencyBudgetBurn',
    objective: 0.95,
    noun: 'requests to the services',
    bad: 'took longer than 50 ms',
    errors: beyond('dailydoco_http_server_duration_seconds', OWN_REQUESTS, FAST_SECONDS),
    total: (window) => rate('dailydoco_http_server_duration_seconds_count', OWN_REQUESTS, window),
  },
  {
    name: 'purchases-accepted',
    alert: 'PurchasesBudgetBurn',
    objective: 0.9995,
    noun: 'requests to /v1/purchases',
    bad: 'were answered with a server error',
    errors: (window) => rate('kong_http_requests_total', `${PURCHASES}, code=~"5.."`, window),
    total: (window) => rate('kong_http_requests_total', PURCHASES, window),
  },
  {
    name: 'event-freshness',
    alert: 'EventFreshnessBudgetBurn',
    objective: 0.99,
    noun: 'events',
    bad: 'took effect more than 5 s after their cause',
    errors: beyond('dailydoco_consumer_event_age_seconds', ANY_CONSUMER, FRESH_SECONDS),
    total: (window) => rate('dailydoco_consumer_event_age_seconds_count', ANY_CONSUMER, window),
  },
];

/** Two windows that must both burn: the long one shows that it matters, the short one that it goes on. */
interface BurnWindows {
  readonly short: string;
  readonly long: string;
  /** How many times faster than the budget of 30 days allows. */
  readonly factor: number;
}

/** 2 % of the budget in an hour, 5 % in six; 10 % in a day or in three. */
export const CRITICAL: readonly BurnWindows[] = [
  { short: '5m', long: '1h', factor: 14.4 },
  { short: '30m', long: '6h', factor: 6 },
];
export const WARNING: readonly BurnWindows[] = [
  { short: '2h', long: '1d', factor: 3 },
  { short: '6h', long: '3d', factor: 1 },
];

const SHORT_WINDOWS = ['5m', '30m', '1h'] as const;
const LONG_WINDOWS = ['2h', '6h', '1d', '3d'] as const;

/** The recorded share of bad ones over a window. */
export function ratioName(window: string): string {
  return `dailydoco:slo_errors:ratio_rate${window}`;
}

function ratioOf(slo: Slo, window: string): Recording {
  const total = slo.total(window);
  // A counter of errors that never happened is not there: then it is none of all.
  return {
    record: ratioName(window),
    expr: `(\n  ${slo.errors(window)}\n  or\n  0 * ${total}\n)\n/ ${total}`,
    labels: { slo: slo.name },
  };
}

/** The share of bad ones at which the budget burns at `factor` times the pace that it allows. */
export function burnThreshold({ objective }: Slo, factor: number): number {
  return Number((factor * (1 - objective)).toPrecision(6));
}

function burns(slo: Slo, pairs: readonly BurnWindows[]): string {
  const above = (window: string, factor: number): string =>
    `${ratioName(window)}{slo="${slo.name}"} > ${burnThreshold(slo, factor)}`;
  return pairs.map(({ short, long, factor }) => `(${above(short, factor)} and ${above(long, factor)})`).join('\nor\n');
}

function alertsOf(slo: Slo): Alert[] {
  const percent = Number((slo.objective * 100).toPrecision(6));
  const of = (severity: 'critical' | 'warning', pairs: readonly BurnWindows[], pace: string): Alert => ({
    alert: slo.alert,
    severity,
    expr: burns(slo, pairs),
    summary: `The error budget of ${slo.name} burns ${pace}.`,
    description: `{{ $value | humanizePercentage }} of ${slo.noun} in {{ $labels.namespace }} ${slo.bad}. The objective is that ${percent} % are good over 30 days.`,
  });
  return [of('critical', CRITICAL, 'fast'), of('warning', WARNING, 'slowly')];
}

export const SLO_GROUPS: readonly RuleGroup[] = [
  { name: 'slo-short', rules: SLOS.flatMap((slo) => SHORT_WINDOWS.map((window) => ratioOf(slo, window))) },
  // Long windows move slowly and cost the most to compute.
  {
    name: 'slo-long',
    interval: '2m',
    rules: SLOS.flatMap((slo) => LONG_WINDOWS.map((window) => ratioOf(slo, window))),
  },
  { name: 'slo-alerts', rules: SLOS.flatMap(alertsOf) },
];
