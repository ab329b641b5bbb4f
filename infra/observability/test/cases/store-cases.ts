import { fires, name, of, quiet, type AlertCase } from './alert-case.js';

const SYNC = 'cnpg_collector_sync_replicas';
const ARCHIVE = 'cnpg_collector_pg_wal_archive_status';
const BACKUP = 'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp';
const POD = { pod: 'dd-payouts-1' };
const COLLECTOR = { exporter: 'otlp/traces' };

function standbys(observed: number): Record<string, string> {
  return {
    [name(SYNC, { ...POD, value: 'observed' })]: `${observed}x5`,
    [name(SYNC, { ...POD, value: 'expected' })]: '1x5',
  };
}

export const STORE_CASES: readonly AlertCase[] = [
  fires('PostgresInstanceDown', 'when an instance does not run', {
    series: { [name('cnpg_collector_up', { ...POD, cluster: 'dd-payouts' })]: '0x5' },
    atMinute: 3,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', ...POD, cluster: 'dd-payouts' },
      description: 'dd-payouts-1 of dd-payouts in dd does not run Postgres.',
    },
  }),
  quiet('PostgresInstanceDown', 'when it runs', {
    series: { [name('cnpg_collector_up', { ...POD, cluster: 'dd-payouts' })]: '1x5' },
    atMinute: 3,
  }),
  fires('PostgresSyncStandbyMissing', 'when no standby confirms commits', {
    series: standbys(0),
    atMinute: 3,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', ...POD },
      description: 'dd-payouts-1 in dd has 0 synchronous standbys, fewer than it needs.',
    },
  }),
  quiet('PostgresSyncStandbyMissing', 'when one does', { series: standbys(1), atMinute: 3 }),
  fires('PostgresReplicationLag', 'at 45 seconds', {
    series: { [name('cnpg_pg_replication_lag', POD)]: '45x20' },
    atMinute: 8,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', ...POD },
      description: 'dd-payouts-1 in dd is 45s behind its primary.',
    },
  }),
  quiet('PostgresReplicationLag', 'at two', {
    series: { [name('cnpg_pg_replication_lag', POD)]: '2x20' },
    atMinute: 8,
  }),
  fires('PostgresArchiveStuck', 'when segments pile up', {
    series: { [name(ARCHIVE, { ...POD, value: 'ready' })]: '30x20' },
    atMinute: 12,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', ...POD },
      description: '30 segments of dd-payouts-1 in dd wait for the archive.',
    },
  }),
  quiet('PostgresArchiveStuck', 'when two are on their way', {
    series: { [name(ARCHIVE, { ...POD, value: 'ready' })]: '2x20' },
    atMinute: 12,
  }),
  fires('TracesLost', 'when Jaeger is away', {
    series: { [of('otelcol_exporter_send_failed_spans', 'otel-collector', COLLECTOR)]: '0+60x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd' },
      description: 'The collector in dd loses 1 spans a second.',
    },
  }),
  quiet('TracesLost', 'when all arrive', {
    series: { [of('otelcol_exporter_send_failed_spans', 'otel-collector', COLLECTOR)]: '0x30' },
    atMinute: 20,
  }),
  fires('ObservationFails', 'at the first failure', {
    series: {
      [of('dailydoco_telemetry_observation_failures_total', 'payouts', { metric: 'dailydoco_breaker_state' })]:
        '_x5 4x80',
    },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', job: 'payouts', metric: 'dailydoco_breaker_state' },
      description: 'Reading dailydoco_breaker_state in payouts (dd) failed 4 times within the hour.',
    },
  }),
  quiet('ObservationFails', 'about one of yesterday', {
    series: {
      [of('dailydoco_telemetry_observation_failures_total', 'payouts', { metric: 'dailydoco_breaker_state' })]: '4x200',
    },
    atMinute: 180,
  }),
];

/** Backups are a matter of days. */
export const BACKUP_CASES: readonly AlertCase[] = [
  fires('BackupOld', 'when a night was missed', {
    series: { [name(BACKUP, POD)]: '3600x2400' },
    atMinute: 2340,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', ...POD },
      description:
        'The last base backup seen by dd-payouts-1 in dd is 1d 14h 0m 0s old. Tens of thousands of days: there was never one.',
    },
  }),
  fires('BackupOld', 'when a cluster of two days never had one', {
    series: { [name(BACKUP, POD)]: '0x2900' },
    atMinute: 2880,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', ...POD },
      description:
        'The last base backup seen by dd-payouts-1 in dd is 2d 0h 0m 0s old. Tens of thousands of days: there was never one.',
    },
  }),
  quiet('BackupOld', 'about a cluster of yesterday evening', {
    series: { [name(BACKUP, POD)]: '_x2600 0x280' },
    atMinute: 2880,
  }),
  quiet('BackupOld', 'in the morning after a backup', {
    series: { [name(BACKUP, POD)]: '129600x2900' },
    atMinute: 2880,
  }),
];
