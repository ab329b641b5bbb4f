import { beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { METRICS, type MetricSpec } from '@dailydoco/telemetry';
import { DASHBOARDS } from '../src/dashboards/dashboards.js';
import { FOREIGN_METRICS } from '../src/foreign-metrics.js';
import { isAlert } from '../src/rules/rule.js';
import { RULE_GROUPS } from '../src/rules/rules.js';
import { allSamples, ownSamples, type Samples } from './known-samples.js';
import { analyse, withoutVariables } from './promql.js';

const RULES = RULE_GROUPS.flatMap(({ rules }) => rules);
const QUERIES = DASHBOARDS.flatMap(({ name, spec: { rows, choices } }) => [
  ...rows.flatMap(({ panels }) =>
    panels.flatMap(({ title, queries }) => queries.map(({ expr }) => [`${name}: ${title}`, expr] as const)),
  ),
  ...choices.map(({ name: label, metric }) => [`${name}: choice of ${label}`, metric] as const),
]);
const EXPRESSIONS = [
  ...RULES.map((rule) => [isAlert(rule) ? `${rule.alert} (${rule.severity})` : rule.record, rule.expr] as const),
  ...QUERIES.map(([title, expr]) => [title, withoutVariables(expr)] as const),
];

let samples: Samples = new Map();
beforeAll(async () => {
  samples = await allSamples();
});

/** Labels that a sample of that name does not have. */
function strange(metric: string, labels: readonly string[]): string[] {
  return labels.filter((label) => samples.get(metric)?.has(label) !== true).map((label) => `${metric}: ${label}`);
}

describe('Rules and dashboards', () => {
  it.each(EXPRESSIONS)('name metrics and labels that exist in %s', (_where, expr) => {
    const { selectors, groupings } = analyse(expr);
    const unknown = selectors.map(({ metric }) => metric).filter((metric) => !samples.has(metric));
    const matched = selectors.flatMap(({ metric, matchers }) =>
      strange(
        metric,
        matchers.map(({ label }) => label),
      ),
    );
    const grouped = groupings.flatMap(({ labels, selectors: within }) =>
      labels.filter((label) => !within.some(({ metric }) => samples.get(metric)?.has(label) === true)),
    );
    expect({ unknown, matched, grouped }).toEqual({ unknown: [], matched: [], grouped: [] });
  });

  it('ask for values that a metric says it has', () => {
    const wrong = EXPRESSIONS.flatMap(([, expr]) => analyse(expr).selectors).flatMap(({ metric, matchers }) =>
      matchers.flatMap(({ label, value }) => strangeValues(metric, label, value)),
    );
    expect(wrong).toEqual([]);
  });

  it('ask for buckets that a histogram has', () => {
    const bounds = EXPRESSIONS.flatMap(([, expr]) => analyse(expr).selectors).flatMap(({ metric, matchers }) =>
      matchers
        .filter(({ label }) => label === 'le')
        .map(({ value }) => [metric.replace(/_bucket$/, ''), value] as const),
    );
    expect(bounds.length).toBeGreaterThan(0);
    const specs: Record<string, MetricSpec> = METRICS;
    for (const [metric, value] of bounds) expect(specs[metric]?.buckets?.map(String)).toContain(value);
  });

  it('ask for routes that Kong has', () => {
    const kong = readFileSync(new URL('../../gateway/kong.yml', import.meta.url), 'utf8');
    const routes = EXPRESSIONS.flatMap(([, expr]) => analyse(expr).selectors)
      .filter(({ metric }) => metric.startsWith('kong_'))
      .flatMap(({ matchers }) => matchers.filter(({ label }) => label === 'route').map(({ value }) => value));
    expect(routes.length).toBeGreaterThan(0);
    for (const route of routes) expect(kong).toContain(`- name: ${route}\n`);
  });

  it('show every metric of the fleet somewhere', async () => {
    const shown = new Set(EXPRESSIONS.flatMap(([, expr]) => analyse(expr).selectors.map(({ metric }) => metric)));
    const named = (metric: string) => ['', '_bucket', '_count', '_sum'].some((suffix) => shown.has(metric + suffix));
    expect(Object.keys(METRICS).filter((metric) => !named(metric) && !UNSHOWN.has(metric))).toEqual([]);
  });

  it('use every metric of others that is listed', () => {
    const shown = new Set(EXPRESSIONS.flatMap(([, expr]) => analyse(expr).selectors.map(({ metric }) => metric)));
    expect(Object.keys(FOREIGN_METRICS).filter((metric) => !shown.has(metric))).toEqual([]);
  });
});

/** Told for whoever looks closer. */
const UNSHOWN: ReadonlySet<string> = new Set([
  'dailydoco_auth_revocation_entries',
  'dailydoco_breaker_opened_total',
  'dailydoco_database_transaction_retries_total',
  'dailydoco_grpc_client_in_flight_calls',
  'dailydoco_grpc_server_in_flight_calls',
  'dailydoco_shed_share_ratio',
]);

/** A description may list the values of a label: `outcome: ok, failed.` Then nothing else is asked for. */
function strangeValues(sample: string, label: string, value: string): string[] {
  const specs: Record<string, MetricSpec> = METRICS;
  const spec = specs[sample] ?? specs[sample.replace(/_(bucket|count|sum)$/, '')];
  const listed = new RegExp(`\\b${label}: ([^.]*,[^.]*)`).exec(spec?.description ?? '')?.[1];
  if (listed === undefined) return [];
  return value
    .split('|')
    .filter((word) => !listed.includes(word))
    .map((word) => `${sample}: ${label} ${word}`);
}

describe('The check itself', () => {
  it('reads the samples that the services show', async () => {
    const own = await ownSamples();
    expect([...(own.get('dailydoco_http_server_duration_seconds_bucket') ?? [])]).toEqual([
      'method',
      'route',
      'status',
      'le',
    ]);
    expect(own.has('dailydoco_http_server_duration_seconds')).toBe(false);
  });

  it('finds a wrong value', () => {
    expect(strangeValues('dailydoco_login_attempts_total', 'outcome', 'refused|denied')).toEqual([
      'dailydoco_login_attempts_total: outcome denied',
    ]);
  });

  it('refuses what is no PromQL', () => {
    expect(() => analyse('sum by (job (up)')).toThrow('no PromQL');
  });

  it('sees selectors and what they are grouped by', () => {
    expect(analyse('sum by (a, b) (rate(x_total{c="d"}[5m])) / on (e) up').groupings).toEqual([
      { labels: ['a', 'b'], selectors: [{ metric: 'x_total', matchers: [{ label: 'c', value: 'd' }] }] },
    ]);
  });
});
