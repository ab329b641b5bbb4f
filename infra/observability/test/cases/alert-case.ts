import type { Severity } from '../../src/rules/rule.js';

export interface Firing {
  readonly severity: Severity;
  /** Labels beside severity and part_of. */
  readonly labels: Readonly<Record<string, string>>;
  /** As somebody who is called reads it. */
  readonly description: string;
}

export interface AlertCase {
  readonly alert: string;
  /** Ends the sentence that begins with the alert's name. */
  readonly says: string;
  /** Samples a minute apart, as promtool writes them. */
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at, in minutes after the first sample. */
  readonly atMinute: number;
  readonly fires: readonly Firing[];
}

/** One alert that must come up. */
export function fires(
  alert: string,
  says: string,
  given: { series: Record<string, string>; atMinute: number; firing: Firing | readonly Firing[] },
): AlertCase {
  const { series, atMinute, firing } = given;
  return { alert, says: `fires ${says}`, series, atMinute, fires: [firing].flat() };
}

/** One that must not. */
export function quiet(
  alert: string,
  says: string,
  given: { series: Record<string, string>; atMinute: number },
): AlertCase {
  return { alert, says: `stays quiet ${says}`, ...given, fires: [] };
}

/** `metric{namespace="dd",job="…",instance="a", …}` */
export function of(metric: string, job: string, labels: Readonly<Record<string, string>> = {}): string {
  return name(metric, { job, instance: 'a', ...labels });
}

/** `metric{namespace="dd", …}`: what somebody else tells of the fleet's namespace. */
export function name(metric: string, labels: Readonly<Record<string, string>>): string {
  const all = Object.entries({ namespace: 'dd', ...labels });
  return `${metric}{${all.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',')}}`;
}
