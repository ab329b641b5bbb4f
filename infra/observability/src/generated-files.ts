import { stringify } from 'yaml';
import { DASHBOARDS } from './dashboards/dashboards.js';
import { COLLECTOR } from './pipeline/collector.js';
import { GRAFANA_DASHBOARDS, GRAFANA_DATASOURCES, PROMETHEUS } from './pipeline/prometheus.js';
import { toPrometheus } from './rules/rule.js';
import { RULE_GROUPS } from './rules/rules.js';

export interface GeneratedFile {
  /** Below the folders that it is written to. */
  readonly path: string;
  readonly text: string;
  /** Whether the chart reads it, too. */
  readonly inChart: boolean;
}

function yaml(path: string, head: string, document: object, inChart = false): GeneratedFile {
  const comment = [...head.split('\n'), 'Made by `npm run generate` from infra/observability/src; edit that.'];
  const lines = comment.map((line) => `# ${line}`.trimEnd());
  const text = `${lines.join('\n')}\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
  return { path, text, inChart };
}

const COLLECTOR_HEAD = `OpenTelemetry Collector (contrib distribution): OTLP in, traces on to Jaeger, metrics for Prometheus.
From the environment: TRACES_ENDPOINT (host:port of OTLP over gRPC), TRACES_KEPT_PERCENT, DEPLOYMENT_ENVIRONMENT.
Whether a trace is kept is decided when its spans have come: all that failed, all slower than a second, and a share of the rest.
So all spans of a trace must come to one collector: one replica.`;

/** Every generated file. The same sources always give the same bytes. */
export const GENERATED: readonly GeneratedFile[] = [
  yaml(
    'rules.yaml',
    'What Prometheus computes and watches: objectives, burn rates, alerts.',
    { groups: RULE_GROUPS.map(toPrometheus) },
    true,
  ),
  yaml('otel-collector.yaml', COLLECTOR_HEAD, COLLECTOR, true),
  yaml('prometheus.yaml', 'Prometheus in compose; rules.yaml lies beside it.', PROMETHEUS),
  yaml('grafana/datasources.yaml', 'Grafana in compose: where its data are.', GRAFANA_DATASOURCES),
  yaml('grafana/dashboards.yaml', 'Grafana in compose: where its dashboards are.', GRAFANA_DASHBOARDS),
  ...DASHBOARDS.map(({ name, dashboard }) => ({
    path: `dashboards/${name}.json`,
    text: `${JSON.stringify(dashboard, undefined, 2)}\n`,
    inChart: true,
  })),
];

const OWN_FOLDER = new URL('../generated/', import.meta.url);
const CHART_FOLDER = new URL('../../../charts/dailydoco/files/observability/', import.meta.url);

/** Where a file is written. */
export function placesOf({ path, inChart }: GeneratedFile): URL[] {
  return [new URL(path, OWN_FOLDER), ...(inChart ? [new URL(path, CHART_FOLDER)] : [])];
}
