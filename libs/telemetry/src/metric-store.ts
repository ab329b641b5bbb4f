import { METRICS, MAX_SERIES_PER_METRIC } from './metrics.js';
import type { MetricSpec } from './metric-spec.js';
import type { LabelsOf, MetricName, MetricOfKind } from './metrics.js';

// Measurements are kept here as plain numbers and handed to OpenTelemetry only when someone reads them. The SDK's own
// instruments sort and stringify the labels of every measurement (about a microsecond each); a request that takes ten
// measurements would feel that.

type LabelValues = Readonly<Record<string, string | number | boolean>>;
/** A metric without labels is called without them; any other must name all of its labels. */
export type LabelArguments<N extends MetricName> = [keyof LabelsOf<N>] extends [never]
  ? [labels?: Record<string, never>]
  : [labels: LabelsOf<N>];

export interface Counter<N extends MetricName> {
  /** Adds a finite amount of 0 or more; anything else is ignored, because telemetry never breaks the work it watches. */
  add(amount: number, ...labels: LabelArguments<N>): void;
}
export interface Histogram<N extends MetricName> {
  /** Records one value in the metric's unit (seconds for a duration, not milliseconds). */
  record(value: number, ...labels: LabelArguments<N>): void;
}
export interface Gauge<N extends MetricName> {
  /** Moves the value up or down: `add(1)` when work begins, `add(-1)` when it ends. */
  add(amount: number, ...labels: LabelArguments<N>): void;
  set(value: number, ...labels: LabelArguments<N>): void;
}
export interface Observation<N extends MetricName> {
  readonly value: number;
  readonly labels: LabelsOf<N>;
}

/** One combination of label values and what was measured under it. */
export interface Series {
  readonly labels: LabelValues;
  value: number;
  /** Histograms only: how many values fell into each bucket; the last one is everything above the last bound. */
  readonly bucketCounts: number[];
  count: number;
  sum: number;
}

export interface Metric {
  readonly name: MetricName;
  readonly spec: MetricSpec;
  readonly series: readonly Series[];
}

const OVERFLOW_KEY = '\u0000overflow';
const OVERFLOW_LABEL = 'other';

class SeriesMap {
  readonly #byKey = new Map<string, Series>();
  readonly #labels: readonly string[];
  readonly #bucketCount: number;

  constructor(spec: MetricSpec) {
    this.#labels = spec.labels;
    this.#bucketCount = spec.buckets === undefined ? 0 : spec.buckets.length + 1;
    // A series that exists at zero lets rate() see the first increment.
    if (spec.labels.length === 0) this.of(undefined);
  }

  of(labels: LabelValues | undefined): Series {
    const key = this.#key(labels);
    return this.#byKey.get(key) ?? this.#create(key, labels);
  }

  all(): readonly Series[] {
    return [...this.#byKey.values()];
  }

  #key(labels: LabelValues | undefined): string {
    let key = '';
    for (const label of this.#labels) key += `${String(labels?.[label])}\u0000`;
    return key;
  }

  #create(key: string, labels: LabelValues | undefined): Series {
    const full = this.#byKey.size >= MAX_SERIES_PER_METRIC;
    const found = full ? this.#byKey.get(OVERFLOW_KEY) : undefined;
    if (found !== undefined) return found;
    const series: Series = {
      labels: Object.fromEntries(this.#labels.map((label) => [label, full ? OVERFLOW_LABEL : String(labels?.[label])])),
      value: 0,
      bucketCounts: Array.from({ length: this.#bucketCount }, () => 0),
      count: 0,
      sum: 0,
    };
    this.#byKey.set(full ? OVERFLOW_KEY : key, series);
    return series;
  }
}

type Observer = () => number | readonly { value: number; labels: LabelValues }[];

const specs: Readonly<Record<MetricName, MetricSpec>> = METRICS;
const stored = new Map<MetricName, SeriesMap>();
const observers = new Map<MetricName, Set<Observer>>();

function seriesMapOf(name: MetricName): SeriesMap {
  let map = stored.get(name);
  if (map === undefined) {
    map = new SeriesMap(specs[name]);
    stored.set(name, map);
  }
  return map;
}

/** The counter of that name. Cheap to call, cheaper still to keep. */
export function counter<N extends MetricOfKind<'counter'>>(name: N): Counter<N> {
  const map = seriesMapOf(name);
  return {
    add(amount, ...labels) {
      if (Number.isFinite(amount) && amount >= 0) map.of(labels[0]).value += amount;
    },
  };
}

/** The histogram of that name. */
export function histogram<N extends MetricOfKind<'histogram'>>(name: N): Histogram<N> {
  const map = seriesMapOf(name);
  const bounds = specs[name].buckets ?? [];
  return {
    record(value, ...labels) {
      if (!Number.isFinite(value)) return;
      const series = map.of(labels[0]);
      let index = 0;
      while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
      series.bucketCounts[index] = (series.bucketCounts[index] ?? 0) + 1;
      series.count += 1;
      series.sum += value;
    },
  };
}

/** The gauge of that name, for a value that its owner moves. For a value that is read when asked for: `observe`. */
export function gauge<N extends MetricOfKind<'gauge'>>(name: N): Gauge<N> {
  const map = seriesMapOf(name);
  return {
    add(amount, ...labels) {
      if (Number.isFinite(amount)) map.of(labels[0]).value += amount;
    },
    set(value, ...labels) {
      if (Number.isFinite(value)) map.of(labels[0]).value = value;
    },
  };
}

/**
 * Has a gauge read whenever metrics are collected. The function must be quick and read memory only; one that throws is
 * counted and left out of that reading. Several observers of one metric add up where their labels are the same.
 *
 * @returns what ends the observation.
 */
export function observe<N extends MetricOfKind<'gauge'>>(
  name: N,
  read: () => number | readonly Observation<N>[],
): () => void {
  // The overloads of a generic label type do not reach into the untyped store; both sides are string-keyed records.
  const observer: Observer = read;
  const registered = observers.get(name) ?? new Set<Observer>();
  observers.set(name, registered.add(observer));
  return () => {
    registered.delete(observer);
  };
}

const METRIC_NAMES: readonly MetricName[] = Object.keys(METRICS).filter((name): name is MetricName => name in METRICS);

/** Everything measured so far, in the order of the schema; metrics nobody has used yet are left out. */
export function collectMetrics(): readonly Metric[] {
  // Observers run first: one that throws is counted, and that count belongs to this reading.
  const observed = new Map<MetricName, SeriesMap>();
  for (const [name, registered] of observers) {
    if (registered.size > 0) observed.set(name, readObservers(name, registered));
  }
  const metrics: Metric[] = [];
  for (const name of METRIC_NAMES) {
    const map = observed.get(name) ?? stored.get(name);
    if (map !== undefined) metrics.push({ name, spec: specs[name], series: map.all() });
  }
  return metrics;
}

/** What the observers of one gauge say now, on top of what was set by hand. */
function readObservers(name: MetricName, registered: ReadonlySet<Observer>): SeriesMap {
  const map = new SeriesMap(specs[name]);
  for (const { labels, value } of stored.get(name)?.all() ?? []) map.of(labels).value += value;
  for (const observer of registered) {
    try {
      const reading = observer();
      const observations = typeof reading === 'number' ? [{ value: reading, labels: undefined }] : reading;
      for (const { value, labels } of observations) map.of(labels).value += value;
    } catch {
      counter('dailydoco_telemetry_observation_failures_total').add(1, { metric: name });
    }
  }
  return map;
}
