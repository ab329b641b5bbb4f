import { fires, name, of, quiet, type AlertCase } from './alert-case.js';

const PAYOUTS = { namespace: 'dd', job: 'payouts' };
const POD = { pod: 'dd-payouts-1' };
const SHED = 'dailydoco_shed_requests_total';
const AVAILABLE = 'kubelet_volume_stats_available_bytes';
const CAPACITY = 'kubelet_volume_stats_capacity_bytes';
const CLAIM = { persistentvolumeclaim: 'data-dd-kafka-0' };

const serviceDown = {
  severity: 'critical',
  labels: PAYOUTS,
  description: 'Prometheus reaches no replica of payouts in dd.',
} as const;

function memory(bytes: number): Record<string, string> {
  return {
    [of('dailydoco_process_memory_bytes', 'payouts', { ...POD, kind: 'resident' })]: `${bytes}x20`,
    [name('kube_pod_container_resource_limits', { ...POD, container: 'payouts', resource: 'memory', unit: 'byte' })]:
      '400000000x20',
  };
}

function notReady(phase: string): Record<string, string> {
  return {
    [name('kube_pod_status_ready', { ...POD, condition: 'true' })]: '0x20',
    [name('kube_pod_status_phase', { ...POD, phase })]: '1x20',
    [name('kube_pod_container_info', { ...POD, container: 'payouts' })]: '1x20',
  };
}

export const FLEET_CASES: readonly AlertCase[] = [
  fires('ServiceDown', 'when no replica answers', {
    series: { [of('up', 'payouts')]: '0x10', [of('up', 'payouts', { instance: 'b' })]: '0x10' },
    atMinute: 5,
    firing: serviceDown,
  }),
  fires('ServiceDown', 'when its pods are gone altogether', {
    series: { [of('up', 'payouts')]: '1x10' },
    atMinute: 35,
    firing: serviceDown,
  }),
  quiet('ServiceDown', 'while one of two replicas answers', {
    series: { [of('up', 'payouts')]: '0x10', [of('up', 'payouts', { instance: 'b' })]: '1x10' },
    atMinute: 5,
  }),
  quiet('ServiceDown', 'about a namesake where no fleet runs', {
    series: { 'up{namespace="other",job="payouts",instance="a"}': '0x10' },
    atMinute: 5,
  }),
  fires('ReplicaDown', 'when one replica has been away for 3 minutes', {
    series: { [of('up', 'payouts')]: '0x10', [of('up', 'payouts', { instance: 'b' })]: '1x10' },
    atMinute: 5,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, instance: 'a' },
      description: 'Prometheus has not reached a of payouts in dd for 3 minutes.',
    },
  }),
  quiet('ReplicaDown', 'when one scrape was missed', { series: { [of('up', 'payouts')]: '1x2 0 1x10' }, atMinute: 5 }),
  fires('ReplicaRestarts', 'after three new starts of one process', {
    series: { [of('dailydoco_process_start_time_seconds', 'payouts')]: '100x5 200x5 300x5 400x14' },
    atMinute: 28,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, instance: 'a' },
      description: 'a of payouts in dd started 3 times anew within 30 minutes.',
    },
  }),
  quiet('ReplicaRestarts', 'after one', {
    series: { [of('dailydoco_process_start_time_seconds', 'payouts')]: '100x10 200x20' },
    atMinute: 28,
  }),
  fires('ReplicaNotReady', 'when a pod has been running without being ready', {
    series: notReady('Running'),
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', ...POD, condition: 'true' },
      description: 'dd-payouts-1 in dd has not been ready for 10 minutes: it gets no requests.',
    },
  }),
  quiet('ReplicaNotReady', 'about a pod that is done', { series: notReady('Succeeded'), atMinute: 15 }),
  fires('EventLoopSaturated', 'when a process is busy all the time', {
    series: { [of('dailydoco_process_event_loop_utilization_ratio', 'identity')]: '0.95x20' },
    atMinute: 18,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', job: 'identity', instance: 'a' },
      description: 'The event loop of a (identity, dd) was busy for 95% of the last 5 minutes.',
    },
  }),
  quiet('EventLoopSaturated', 'at 85 %', {
    series: { [of('dailydoco_process_event_loop_utilization_ratio', 'identity')]: '0.85x20' },
    atMinute: 18,
  }),
  fires('MemoryNearLimit', 'at 95 % of the limit', {
    series: memory(380_000_000),
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, ...POD },
      description: 'dd-payouts-1 (payouts, dd) holds 95% of its memory limit.',
    },
  }),
  quiet('MemoryNearLimit', 'at 75 %', { series: memory(300_000_000), atMinute: 15 }),
  fires('LoadShed', 'when requests are turned away for minutes', {
    series: { [of(SHED, 'payouts', { edge: 'http', reason: 'in_flight' })]: '0+60x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, edge: 'http', reason: 'in_flight' },
      description: 'payouts in dd turns 1 http requests a second away (in_flight).',
    },
  }),
  quiet('LoadShed', 'about one request a minute', {
    series: { [of(SHED, 'payouts', { edge: 'http', reason: 'in_flight' })]: '0+1x20' },
    atMinute: 12,
  }),
  fires('BreakerOpen', 'when every probe fails', {
    series: { [of('dailydoco_breaker_state', 'payouts', { client: 'postgres' })]: '2 1 2 1 2 1 2 1 2' },
    atMinute: 6,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, client: 'postgres' },
      description: 'The breaker of payouts before postgres in dd has not been closed for 2 minutes.',
    },
  }),
  quiet('BreakerOpen', 'when it opens now and then', {
    series: { [of('dailydoco_breaker_state', 'payouts', { client: 'postgres' })]: '0 2 1 0 2 1 0 0 2 0' },
    atMinute: 6,
  }),
  fires('BulkheadRefuses', 'when calls to a peer are refused for minutes', {
    series: { [of('dailydoco_bulkhead_refused_total', 'payouts', { client: 'viral-engine' })]: '0+60x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, client: 'viral-engine' },
      description: 'payouts in dd refuses 1 calls a second to viral-engine.',
    },
  }),
  quiet('BulkheadRefuses', 'about what was refused long ago', {
    series: { [of('dailydoco_bulkhead_refused_total', 'payouts', { client: 'viral-engine' })]: '900x20' },
    atMinute: 12,
  }),
  fires('DatabasePoolWaits', 'when requests wait at every look', {
    series: { [of('dailydoco_database_pool_waiting_requests', 'payouts', { pool: 'payouts' })]: '4x20' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, pool: 'payouts' },
      description:
        'At least 4 requests of payouts in dd have been waiting for a connection of the pool payouts at every look for 3 minutes.',
    },
  }),
  quiet('DatabasePoolWaits', 'when the queue empties in between', {
    series: {
      [of('dailydoco_database_pool_waiting_requests', 'payouts', { pool: 'payouts' })]: '4 0 4 0 4 0 4 0 4 0 4',
    },
    atMinute: 10,
  }),
  fires('MigrationFailed', 'at the first failure', {
    series: { [name('kube_job_status_failed', { job_name: 'dd-payouts-migrate-0-2-0' })]: '1x5' },
    atMinute: 2,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', job_name: 'dd-payouts-migrate-0-2-0' },
      description: 'dd-payouts-migrate-0-2-0 in dd failed 1 times. New pods wait for it.',
    },
  }),
  quiet('MigrationFailed', 'about a job of somebody else', {
    series: { [name('kube_job_status_failed', { job_name: 'nightly-report' })]: '1x5' },
    atMinute: 2,
  }),
  fires('VolumeFills', 'with a tenth left', {
    series: { [name(AVAILABLE, CLAIM)]: '10x30', [name(CAPACITY, CLAIM)]: '100x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', ...CLAIM },
      description: 'data-dd-kafka-0 in dd has 10% of its space left.',
    },
  }),
  quiet('VolumeFills', 'with two fifths left', {
    series: { [name(AVAILABLE, CLAIM)]: '40x30', [name(CAPACITY, CLAIM)]: '100x30' },
    atMinute: 20,
  }),
];
