/** Grafana puts in what suits the zoom: four scrapes at the least. */
const WINDOW = '$__rate_interval';

/** Which series of a metric: label matchers, joined by commas. */
export interface Of {
  readonly metric: string;
  readonly where: string;
  /** Labels that are kept, joined by commas. */
  readonly by: string;
}

/** Per second. */
export function rate({ metric, where, by }: Of): string {
  return `sum by (${by}) (rate(${metric}{${where}}[${WINDOW}]))`;
}

/** Of a histogram: the value that the given share stays below. */
export function quantile(share: number, { metric, where, by }: Of): string {
  return `histogram_quantile(${share}, sum by (${by}, le) (rate(${metric}_bucket{${where}}[${WINDOW}])))`;
}

/** The share of what `which` names among all; 0 when there was none of it. */
export function share({ metric, where, by }: Of, which: string): string {
  const all = rate({ metric, where, by });
  return `(${rate({ metric, where: `${where}, ${which}`, by })} or 0 * ${all}) / ${all}`;
}

/** The mean of a histogram's values. */
export function mean({ metric, where, by }: Of): string {
  return `${rate({ metric: `${metric}_sum`, where, by })} / ${rate({ metric: `${metric}_count`, where, by })}`;
}

/** The highest of a gauge over replicas. */
export function highest({ metric, where, by }: Of): string {
  return `max by (${by}) (${metric}{${where}})`;
}

export function total({ metric, where, by }: Of): string {
  return `sum by (${by}) (${metric}{${where}})`;
}
