import { counter, gauge, histogram, METRICS, type MetricSpec, renderPrometheus } from '@dailydoco/telemetry';
import { FOREIGN_METRICS, TARGET_LABELS } from '../src/foreign-metrics.js';
import { RECORDINGS } from '../src/rules/rules.js';
import { analyse } from './promql.js';

/** Name of a sample, as Prometheus stores it → its labels. */
export type Samples = ReadonlyMap<string, ReadonlySet<string>>;

// The registry is typed by name; here all names are walked through.
type Measure = (name: string) => {
  add(amount: number, labels: object): void;
  set(value: number, labels: object): void;
  record(value: number, labels: object): void;
};
const KINDS = { counter, gauge, histogram } as unknown as Record<MetricSpec['kind'], Measure>;

/** Measures every metric of the fleet once, or only one of them, so that `/metrics` shows it. */
export function measureAll(
  valueOf: (label: string) => string,
  { amount = 1, only }: { amount?: number; only?: string } = {},
): void {
  for (const [name, { kind, labels }] of Object.entries<MetricSpec>(METRICS)) {
    if (only !== undefined && name !== only) continue;
    const values = Object.fromEntries(labels.map((label) => [label, valueOf(label)]));
    const metric = KINDS[kind](name);
    if (kind === 'histogram') metric.record(amount, values);
    else if (kind === 'counter') metric.add(amount, values);
    else metric.set(amount, values);
  }
}

/** What the services really show: rendered by the library that renders it for them, and read again. */
export async function ownSamples(): Promise<Samples> {
  measureAll(() => 'x');
  const samples = new Map<string, ReadonlySet<string>>();
  for (const line of (await renderPrometheus()).split('\n')) {
    const match = /^([a-z_]+)(?:\{(.*)\})? /.exec(line);
    if (match === null) continue;
    const [, name = '', labels = ''] = match;
    samples.set(name, new Set([...labels.matchAll(/([a-z_]+)="/g)].map(([, label = '']) => label)));
  }
  return samples;
}

/** Everything that an expression may name. */
export async function allSamples(): Promise<Samples> {
  const recorded = RECORDINGS.map(({ record, expr, labels = {} }): [string, Set<string>] => [
    record,
    // Of what is recorded, the labels that it was summed by are left.
    new Set([...Object.keys(labels), ...analyse(expr).groupings.flatMap((grouping) => grouping.labels)]),
  ]);
  const foreign = Object.entries(FOREIGN_METRICS).map(([name, { labels }]): [string, Set<string>] => [
    name,
    new Set(labels),
  ]);
  const all = new Map([...(await ownSamples()), ...recorded, ...foreign]);
  return new Map([...all].map(([name, labels]) => [name, new Set([...labels, ...TARGET_LABELS])]));
}
