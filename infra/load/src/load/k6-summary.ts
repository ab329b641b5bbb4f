/** Times of one kind of call, in milliseconds. */
export interface Times {
  readonly count: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** What one run of k6 came to. */
export interface LoadFigures {
  /** Iterations that ended, a second. */
  readonly iterationsPerSecond: number;
  readonly requestsPerSecond: number;
  /** Iterations that could not begin in time, because all virtual users waited for answers. */
  readonly dropped: number;
  /** Share of requests that failed or were answered 4xx or 5xx, 0 to 1. */
  readonly errorRate: number;
  /** Checks of an answer's status or content that did not hold. */
  readonly failedChecks: number;
  readonly all: Times;
  readonly byCall: Readonly<Record<string, Times>>;
}

interface Metric {
  readonly values: Readonly<Record<string, number>>;
}

const PLACE = 'http_req_duration';

function times({ values }: Metric): Times {
  const of = (key: string): number => values[key] ?? 0;
  return { count: of('count'), p50Ms: of('med'), p95Ms: of('p(95)'), p99Ms: of('p(99)') };
}

/** Reads the summary that k6 hands to `handleSummary`. Throws when it has no requests: a run that measured nothing is no run. */
export function readSummary(text: string): LoadFigures {
  const { metrics } = JSON.parse(text) as { metrics: Readonly<Record<string, Metric>> };
  const value = (name: string, key: string): number => metrics[name]?.values[key] ?? 0;
  const all = metrics[PLACE];
  if (all === undefined || value('http_reqs', 'count') === 0) throw new Error('k6 sent no request');
  const named = Object.entries(metrics).flatMap(([name, metric]): [string, Times][] => {
    const call = /^http_req_duration\{name:(.+)\}$/.exec(name)?.[1];
    return call === undefined || (metric.values['count'] ?? 0) === 0 ? [] : [[call, times(metric)]];
  });
  return {
    iterationsPerSecond: value('iterations', 'rate'),
    requestsPerSecond: value('http_reqs', 'rate'),
    dropped: value('dropped_iterations', 'count'),
    errorRate: value('http_req_failed', 'rate'),
    failedChecks: value('checks', 'fails'),
    all: times(all),
    byCall: Object.fromEntries(named),
  };
}
