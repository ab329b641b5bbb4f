import { FLEET_NAMESPACES } from '../fleet.js';
import type { RuleGroup } from './rule.js';

const REQUESTS = 'kong_http_requests_total';
const HEALTH = 'kong_upstream_target_health';
const OURS = `and on (namespace) ${FLEET_NAMESPACES}`;
/** The dictionary that Kong counts in; full, its metrics are no longer true. */
const COUNTING = 'job="kong", shared_dict="prometheus_metrics"';

/** Kong itself. Its label `service` is the target's here, so that what it routes to is `exported_service`. */
export const GATEWAY_RULES: RuleGroup = {
  name: 'gateway',
  rules: [
    {
      alert: 'GatewayErrors',
      severity: 'warning',
      expr: `sum by (namespace, exported_service) (rate(${REQUESTS}{job="kong", source="kong", code=~"5.."}[5m]))
/ sum by (namespace, exported_service) (rate(${REQUESTS}{job="kong"}[5m]))
> 0.01
${OURS}`,
      for: '5m',
      summary: 'The gateway answers with errors of its own.',
      description:
        '{{ $value | humanizePercentage }} of the requests for {{ $labels.exported_service }} in {{ $labels.namespace }} end at the gateway with a server error.',
    },
    {
      alert: 'GatewaySlow',
      severity: 'warning',
      expr: `histogram_quantile(0.95, sum by (namespace, le) (rate(kong_kong_latency_ms_bucket{job="kong"}[5m]))) > 50\n${OURS}`,
      for: '10m',
      summary: 'The gateway itself is slow.',
      description:
        'In {{ $labels.namespace }} the gateway adds more than {{ $value | humanize }} ms to 5 % of the requests.',
    },
    {
      alert: 'GatewayUpstreamDown',
      severity: 'critical',
      expr: `max by (namespace, upstream) (${HEALTH}{job="kong", state="healthy"}) == 0\n${OURS}`,
      for: '1m',
      summary: 'The gateway has nowhere to send requests.',
      description: 'Kong in {{ $labels.namespace }} sees no healthy instance of {{ $labels.upstream }}.',
    },
    {
      alert: 'GatewayTargetUnhealthy',
      severity: 'warning',
      expr: `max by (namespace, upstream, address, state) (${HEALTH}{job="kong", state=~"unhealthy|dns_error"}) == 1\n${OURS}`,
      for: '5m',
      summary: 'The gateway has taken an instance out.',
      description:
        'Kong in {{ $labels.namespace }} sends nothing to {{ $labels.address }} of {{ $labels.upstream }} ({{ $labels.state }}).',
    },
    {
      alert: 'GatewayRateLimits',
      severity: 'warning',
      expr: `sum by (namespace, exported_service, route) (rate(${REQUESTS}{job="kong", code="429"}[5m])) > 5\n${OURS}`,
      for: '10m',
      summary: 'Many requests run into a rate limit.',
      description:
        '{{ $value | humanize }} requests a second to {{ $labels.route }} in {{ $labels.namespace }} are turned away with 429.',
    },
    {
      alert: 'GatewayDictFull',
      severity: 'warning',
      expr: `max by (namespace, instance) (kong_memory_lua_shared_dict_bytes{${COUNTING}} / kong_memory_lua_shared_dict_total_bytes{${COUNTING}}) > 0.9\n${OURS}`,
      for: '15m',
      summary: 'The gateway is about to lose count.',
      description:
        'The memory that {{ $labels.instance }} in {{ $labels.namespace }} counts in is {{ $value | humanizePercentage }} full.',
    },
    {
      alert: 'GatewayKeysOld',
      severity: 'warning',
      expr: `time() - max by (namespace, cronjob) (kube_cronjob_status_last_successful_time{cronjob=~".+-kong-keys.*"}) > 1200\n${OURS}`,
      for: '5m',
      summary: 'The gateway does not learn new signing keys.',
      description:
        '{{ $labels.cronjob }} in {{ $labels.namespace }} last succeeded {{ $value | humanizeDuration }} ago; it runs every 3 minutes.',
    },
  ],
};
