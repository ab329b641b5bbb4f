/** critical: somebody is called now. warning: somebody looks in working hours. */
export type Severity = 'critical' | 'warning';

export interface Alert {
  readonly alert: string;
  readonly severity: Severity;
  /** PromQL; whatever it returns is an alert. */
  readonly expr: string;
  /** How long it must hold before somebody is told. */
  readonly for?: string;
  /** One line without numbers: what is wrong. */
  readonly summary: string;
  /** What was measured, with numbers and names, as Prometheus' templates write them. */
  readonly description: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Recording {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface RuleGroup {
  readonly name: string;
  /** How often it is computed; as often as Prometheus computes by default unless told. */
  readonly interval?: string;
  readonly rules: readonly (Alert | Recording)[];
}

/** Where the pages of docs/runbooks/ are read. */
export const RUNBOOKS_URL = 'https://github.com/dailydoco/dailydoco/blob/main/docs/runbooks';

export function isAlert(rule: Alert | Recording): rule is Alert {
  return 'alert' in rule;
}

/** `OutboxStuck` → `outbox-stuck.md` */
export function runbookOf(alert: string): string {
  return `${alert.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.md`;
}

/** The alert's labels, beside those of the series that it was found by. */
export function labelsOf({ severity, labels = {} }: Alert): Record<string, string> {
  return { severity, part_of: 'dailydoco', ...labels };
}

/** A group as Prometheus reads it. */
export function toPrometheus({ name, interval, rules }: RuleGroup): object {
  return {
    name: `dailydoco-${name}`,
    ...(interval === undefined ? {} : { interval }),
    rules: rules.map((rule) => (isAlert(rule) ? alertToPrometheus(rule) : rule)),
  };
}

function alertToPrometheus(rule: Alert): object {
  const { alert, expr, summary, description } = rule;
  return {
    alert,
    expr,
    ...(rule.for === undefined ? {} : { for: rule.for }),
    labels: labelsOf(rule),
    annotations: { summary, description, runbook_url: `${RUNBOOKS_URL}/${runbookOf(alert)}` },
  };
}

/**
 * How much a counter of rare things grew. A labelled counter is not there before its first increment, so `increase` alone
 * would not see that one: a series that was not there before counts with all it has.
 */
export function grown({ metric, window, by }: { metric: string; window: string; by: string }): string {
  return `sum by (${by}) (
  increase(${metric}[${window}]) > 0
  or
  (${metric} > 0 unless last_over_time(${metric}[${window}] offset ${window}))
)`;
}
