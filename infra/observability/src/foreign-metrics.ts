/** Metrics of others that rules and dashboards use: their labels, and where it is written that they have them. */
export interface ForeignMetric {
  readonly labels: readonly string[];
  readonly source: string;
}

const KONG = 'Kong 3.9, kong/plugins/prometheus/exporter.lua';
const KUBE_STATE = 'kube-state-metrics 2, docs/metrics';
const CNPG = 'CloudNativePG, docs/src/monitoring.md and config/manager/default-monitoring.yaml';
const COLLECTOR = 'OpenTelemetry Collector 0.155, read from its /metrics';

/** Kong's own `service` is `exported_service`, because the target has a `service` already. */
const ROUTED = ['exported_service', 'route'] as const;

export const FOREIGN_METRICS: Readonly<Record<string, ForeignMetric>> = {
  up: { labels: [], source: 'Prometheus, of every target' },
  ALERTS: { labels: ['alertname', 'alertstate', 'severity', 'part_of'], source: 'Prometheus, of every alert' },

  kong_bandwidth_bytes: { labels: [...ROUTED, 'direction', 'consumer'], source: KONG },
  kong_http_requests_total: { labels: [...ROUTED, 'code', 'source', 'consumer'], source: KONG },
  kong_kong_latency_ms_bucket: { labels: [...ROUTED, 'le'], source: KONG },
  kong_memory_lua_shared_dict_bytes: { labels: ['node_id', 'shared_dict', 'kong_subsystem'], source: KONG },
  kong_memory_lua_shared_dict_total_bytes: { labels: ['node_id', 'shared_dict', 'kong_subsystem'], source: KONG },
  kong_memory_workers_lua_vms_bytes: { labels: ['node_id', 'pid', 'kong_subsystem'], source: KONG },
  kong_nginx_connections_total: { labels: ['node_id', 'subsystem', 'state'], source: KONG },
  kong_nginx_requests_total: { labels: ['node_id', 'subsystem'], source: KONG },
  kong_request_latency_ms_bucket: { labels: [...ROUTED, 'le'], source: KONG },
  kong_upstream_latency_ms_bucket: { labels: [...ROUTED, 'le'], source: KONG },
  kong_upstream_target_health: { labels: ['upstream', 'target', 'address', 'state', 'subsystem'], source: KONG },

  kube_cronjob_status_last_successful_time: { labels: ['cronjob'], source: KUBE_STATE },
  kube_job_status_failed: { labels: ['job_name', 'reason'], source: KUBE_STATE },
  kube_pod_container_info: { labels: ['container', 'image', 'uid'], source: KUBE_STATE },
  kube_pod_container_resource_limits: { labels: ['container', 'resource', 'unit', 'node', 'uid'], source: KUBE_STATE },
  kube_pod_status_phase: { labels: ['phase', 'uid'], source: KUBE_STATE },
  kube_pod_status_ready: { labels: ['condition', 'uid'], source: KUBE_STATE },
  kubelet_volume_stats_available_bytes: { labels: ['persistentvolumeclaim'], source: 'Kubernetes, kubelet /metrics' },
  kubelet_volume_stats_capacity_bytes: { labels: ['persistentvolumeclaim'], source: 'Kubernetes, kubelet /metrics' },

  barman_cloud_cloudnative_pg_io_last_available_backup_timestamp: {
    labels: [],
    source: 'Barman Cloud plugin of CloudNativePG, web/docs/observability.md',
  },
  cnpg_collector_pg_wal_archive_status: { labels: ['value'], source: CNPG },
  cnpg_collector_sync_replicas: { labels: ['value'], source: CNPG },
  cnpg_collector_up: { labels: ['cluster'], source: CNPG },
  cnpg_pg_replication_lag: { labels: [], source: CNPG },

  otelcol_exporter_send_failed_spans: { labels: ['exporter'], source: COLLECTOR },
  otelcol_receiver_refused_spans: { labels: ['receiver', 'transport'], source: COLLECTOR },
};

/** Labels that everything which is read has: the target's. */
export const TARGET_LABELS = ['namespace', 'job', 'instance', 'pod'] as const;
