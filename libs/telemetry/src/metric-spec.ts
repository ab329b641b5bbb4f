/** What a metric is. `labels` are the only labels it may carry, and each measurement carries all of them. */
export interface MetricSpec {
  /** counter: only grows. histogram: a distribution. gauge: goes up and down, by `gauge(name)` or by `observe(name, …)`. */
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM, as OpenTelemetry wants it: `s`, `By`, `{event}` … */
  readonly unit: string;
  readonly description: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram's buckets, ascending, in the metric's unit. */
  readonly buckets?: readonly number[];
}
