import { build, type NamedDashboard, type PanelSpec } from './panel.js';
import { quantile, rate, share } from './promql.js';

const WHERE = 'job="kong", namespace=~"$namespace"';
const REQUESTS = 'kong_http_requests_total';
const BY_SERVICE = { by: 'exported_service', legend: '{{exported_service}}' };

function latency(title: string, metric: string, description: string, badFrom: number): PanelSpec {
  return {
    title,
    description,
    unit: 'ms',
    queries: [{ expr: quantile(0.95, { metric, where: WHERE, by: BY_SERVICE.by }), legend: BY_SERVICE.legend }],
    badFrom,
  };
}

/** Kong: what comes in, what goes wrong on the way, whom it sends to. */
export const GATEWAY_DASHBOARD: NamedDashboard = build({
  name: 'gateway',
  title: 'Gateway',
  description: 'Kong: requests, latencies, limits and the health of what it routes to.',
  choices: [{ name: 'namespace', label: 'Namespace', metric: 'kong_nginx_requests_total' }],
  rows: [
    {
      title: 'Rate and errors',
      panels: [
        {
          kind: 'areas',
          title: 'Requests',
          description: 'Requests a second by the service that they go to.',
          unit: 'reqps',
          queries: [{ expr: rate({ metric: REQUESTS, where: WHERE, by: BY_SERVICE.by }), legend: BY_SERVICE.legend }],
        },
        {
          title: 'Server errors',
          description: 'Share of 5xx. kong: the gateway itself gave the answer; service: the service did.',
          unit: 'percentunit',
          queries: ['kong', 'service'].map((source) => ({
            expr: share({ metric: REQUESTS, where: WHERE, by: BY_SERVICE.by }, `code=~"5..", source="${source}"`),
            legend: `${BY_SERVICE.legend}, ${source}`,
          })),
          warnFrom: 0.001,
          badFrom: 0.01,
        },
        {
          title: 'Turned away by rate limits',
          description: 'Answers 429 a second, by route.',
          unit: 'reqps',
          queries: [
            { expr: rate({ metric: REQUESTS, where: `${WHERE}, code="429"`, by: 'route' }), legend: '{{route}}' },
          ],
          badFrom: 5,
        },
      ],
    },
    {
      title: 'Duration, 95th percentile',
      panels: [
        latency(
          'Whole request',
          'kong_request_latency_ms',
          'From the first byte in to the last byte out; slow clients count.',
          500,
        ),
        latency('Service', 'kong_upstream_latency_ms', 'What the service took to answer.', 500),
        latency(
          'Gateway alone',
          'kong_kong_latency_ms',
          'What the gateway and its plugins took. When Redis is slow, every limited request waits for it: up to 250 ms.',
          50,
        ),
      ],
    },
    {
      title: 'Behind it',
      panels: [
        {
          title: 'Instances in use',
          description: 'Instances that Kong finds healthy, by upstream. It asks /health/ready every 2 s.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (upstream) (kong_upstream_target_health{${WHERE}, state="healthy"})`,
              legend: '{{upstream}}',
            },
          ],
        },
        {
          title: 'Instances taken out',
          description: 'Instances that Kong sends nothing to: unhealthy, or a name that does not resolve.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (upstream, state) (kong_upstream_target_health{${WHERE}, state=~"unhealthy|dns_error"})`,
              legend: '{{upstream}}, {{state}}',
            },
          ],
          badFrom: 1,
        },
        {
          title: 'Traffic',
          description: 'Bytes a second, in and out.',
          unit: 'Bps',
          queries: [
            { expr: rate({ metric: 'kong_bandwidth_bytes', where: WHERE, by: 'direction' }), legend: '{{direction}}' },
          ],
        },
      ],
    },
    {
      title: 'Kong itself',
      panels: [
        {
          title: 'Connections',
          description: 'Connections of clients, by what they do.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (state) (kong_nginx_connections_total{${WHERE}, state=~"active|reading|writing|waiting"})`,
              legend: '{{state}}',
            },
          ],
        },
        {
          title: 'Shared memory',
          description: 'How full each dictionary is. prometheus_metrics must not fill up: Kong would stop counting.',
          unit: 'percentunit',
          queries: [
            {
              expr: `max by (shared_dict) (kong_memory_lua_shared_dict_bytes{${WHERE}} / kong_memory_lua_shared_dict_total_bytes{${WHERE}})`,
              legend: '{{shared_dict}}',
            },
          ],
          badFrom: 0.9,
        },
        {
          title: 'Memory of the workers',
          description: 'Lua memory of all workers of a replica.',
          unit: 'bytes',
          queries: [
            { expr: `sum by (instance) (kong_memory_workers_lua_vms_bytes{${WHERE}})`, legend: '{{instance}}' },
          ],
        },
      ],
    },
  ],
});
