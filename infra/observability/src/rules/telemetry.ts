import { FLEET_NAMESPACES } from '../fleet.js';
import { grown, type RuleGroup } from './rule.js';

/** Who watches the watchers. */
export const TELEMETRY_RULES: RuleGroup = {
  name: 'telemetry',
  rules: [
    {
      alert: 'TracesLost',
      severity: 'warning',
      expr: `sum by (namespace) (
  rate(otelcol_exporter_send_failed_spans{job="otel-collector"}[5m])
  or
  rate(otelcol_receiver_refused_spans{job="otel-collector"}[5m])
) > 0
and on (namespace) ${FLEET_NAMESPACES}`,
      for: '10m',
      summary: 'The collector loses traces.',
      description: 'The collector in {{ $labels.namespace }} loses {{ $value | humanize }} spans a second.',
    },
    {
      alert: 'ObservationFails',
      severity: 'warning',
      expr: grown({
        metric: 'dailydoco_telemetry_observation_failures_total',
        window: '1h',
        by: 'namespace, job, metric',
      }),
      summary: 'A metric cannot be read.',
      description:
        'Reading {{ $labels.metric }} in {{ $labels.job }} ({{ $labels.namespace }}) failed {{ $value | humanize }} times within the hour.',
    },
  ],
};
