import { anyJob, FLEET_NAMESPACES, FLEET_NAMESPACES_EXPR, SERVICES } from '../fleet.js';
import type { RuleGroup } from './rule.js';

const FLEET = anyJob([...SERVICES, 'kong']);
const CONTAINERS = `container=~"${[...SERVICES, 'kong'].join('|')}"`;
const OURS = `and on (namespace) ${FLEET_NAMESPACES}`;

/** Before all others: they ask whose namespace it is. */
export const NAMESPACE_RULES: RuleGroup = {
  name: 'namespaces',
  rules: [{ record: FLEET_NAMESPACES, expr: FLEET_NAMESPACES_EXPR }],
};

/** Whether the processes are there, and whether they keep up. */
export const FLEET_RULES: RuleGroup = {
  name: 'fleet',
  rules: [
    {
      alert: 'ServiceDown',
      severity: 'critical',
      // Pods that are gone altogether leave no `up` behind: then what was there half an hour ago tells.
      expr: `(
  max by (namespace, job) (up{${FLEET}}) == 0
  or
  (max by (namespace, job) (up{${FLEET}} offset 30m) unless max by (namespace, job) (up{${FLEET}}))
)
${OURS}`,
      for: '1m',
      summary: 'A service has no replica that answers.',
      description: 'Prometheus reaches no replica of {{ $labels.job }} in {{ $labels.namespace }}.',
    },
    {
      alert: 'ReplicaDown',
      severity: 'warning',
      expr: `up{${FLEET}} == 0\n${OURS}`,
      for: '3m',
      summary: 'A replica does not answer.',
      description:
        'Prometheus has not reached {{ $labels.instance }} of {{ $labels.job }} in {{ $labels.namespace }} for 3 minutes.',
    },
    {
      alert: 'ReplicaRestarts',
      severity: 'warning',
      expr: 'changes(dailydoco_process_start_time_seconds[30m]) >= 3',
      summary: 'A replica starts again and again.',
      description:
        '{{ $labels.instance }} of {{ $labels.job }} in {{ $labels.namespace }} started {{ $value }} times anew within 30 minutes.',
    },
    {
      alert: 'ReplicaNotReady',
      severity: 'warning',
      expr: `kube_pod_status_ready{condition="true"} == 0
and on (namespace, pod) kube_pod_status_phase{phase="Running"} == 1
and on (namespace, pod) kube_pod_container_info{${CONTAINERS}}
${OURS}`,
      for: '10m',
      summary: 'A pod runs and is not ready.',
      description:
        '{{ $labels.pod }} in {{ $labels.namespace }} has not been ready for 10 minutes: it gets no requests.',
    },
    {
      alert: 'EventLoopSaturated',
      severity: 'warning',
      expr: 'avg_over_time(dailydoco_process_event_loop_utilization_ratio[5m]) > 0.9',
      for: '10m',
      summary: 'A process has no time left.',
      description:
        'The event loop of {{ $labels.instance }} ({{ $labels.job }}, {{ $labels.namespace }}) was busy for {{ $value | humanizePercentage }} of the last 5 minutes.',
    },
    {
      alert: 'MemoryNearLimit',
      severity: 'warning',
      expr: `max by (namespace, pod, job) (dailydoco_process_memory_bytes{kind="resident"})
/ on (namespace, pod) group_left ()
max by (namespace, pod) (kube_pod_container_resource_limits{resource="memory", ${CONTAINERS}})
> 0.9`,
      for: '10m',
      summary: 'A process is about to be ended for the memory it takes.',
      description:
        '{{ $labels.pod }} ({{ $labels.job }}, {{ $labels.namespace }}) holds {{ $value | humanizePercentage }} of its memory limit.',
    },
    {
      alert: 'LoadShed',
      severity: 'warning',
      expr: 'sum by (namespace, job, edge, reason) (rate(dailydoco_shed_requests_total[5m])) > 0.1',
      for: '5m',
      summary: 'A service turns work away because it has too much.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} turns {{ $value | humanize }} {{ $labels.edge }} requests a second away ({{ $labels.reason }}).',
    },
    {
      alert: 'BreakerOpen',
      severity: 'warning',
      expr: 'max by (namespace, job, client) (min_over_time(dailydoco_breaker_state[2m])) >= 1',
      for: '1m',
      summary: 'A service does not call a peer because the peer fails.',
      description:
        'The breaker of {{ $labels.job }} before {{ $labels.client }} in {{ $labels.namespace }} has not been closed for 2 minutes.',
    },
    {
      alert: 'BulkheadRefuses',
      severity: 'warning',
      expr: 'sum by (namespace, job, client) (rate(dailydoco_bulkhead_refused_total[5m])) > 0.1',
      for: '5m',
      summary: 'Calls to a peer are refused because too many are under way.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} refuses {{ $value | humanize }} calls a second to {{ $labels.client }}.',
    },
    {
      alert: 'DatabasePoolWaits',
      severity: 'warning',
      expr: 'max by (namespace, job, pool) (min_over_time(dailydoco_database_pool_waiting_requests[3m])) > 0',
      for: '5m',
      summary: 'Requests wait for a database connection all the time.',
      description:
        'At least {{ $value }} requests of {{ $labels.job }} in {{ $labels.namespace }} have been waiting for a connection of the pool {{ $labels.pool }} at every look for 3 minutes.',
    },
    {
      alert: 'MigrationFailed',
      severity: 'critical',
      expr: `max by (namespace, job_name) (kube_job_status_failed{job_name=~".+-(migrate|topics).*"}) > 0\n${OURS}`,
      summary: 'A job that prepares a store failed.',
      description: '{{ $labels.job_name }} in {{ $labels.namespace }} failed {{ $value }} times. New pods wait for it.',
    },
    {
      alert: 'VolumeFills',
      severity: 'warning',
      expr: `min by (namespace, persistentvolumeclaim) (kubelet_volume_stats_available_bytes / kubelet_volume_stats_capacity_bytes) < 0.15\n${OURS}`,
      for: '15m',
      summary: 'A volume is nearly full.',
      description:
        '{{ $labels.persistentvolumeclaim }} in {{ $labels.namespace }} has {{ $value | humanizePercentage }} of its space left.',
    },
  ],
};
