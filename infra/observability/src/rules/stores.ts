import { FLEET_NAMESPACES } from '../fleet.js';
import type { RuleGroup } from './rule.js';

const OURS = `and on (namespace) ${FLEET_NAMESPACES}`;
const SYNC = 'cnpg_collector_sync_replicas';
const BACKUP = 'barman_cloud_cloudnative_pg_io_last_available_backup_timestamp';

/** Postgres as CloudNativePG runs it. Other Postgres servers have exporters of their own, and whoever runs them their alerts. */
export const STORE_RULES: RuleGroup = {
  name: 'stores',
  rules: [
    {
      alert: 'PostgresInstanceDown',
      severity: 'critical',
      expr: `cnpg_collector_up == 0\n${OURS}`,
      for: '2m',
      summary: 'An instance of Postgres does not run.',
      description: '{{ $labels.pod }} of {{ $labels.cluster }} in {{ $labels.namespace }} does not run Postgres.',
    },
    {
      alert: 'PostgresSyncStandbyMissing',
      severity: 'critical',
      expr: `max by (namespace, pod) (${SYNC}{value="observed"}) < max by (namespace, pod) (${SYNC}{value="expected"})\n${OURS}`,
      for: '2m',
      summary: 'Commits wait for a standby that is not there.',
      description:
        '{{ $labels.pod }} in {{ $labels.namespace }} has {{ $value }} synchronous standbys, fewer than it needs.',
    },
    {
      alert: 'PostgresReplicationLag',
      severity: 'warning',
      expr: `cnpg_pg_replication_lag > 30\n${OURS}`,
      for: '5m',
      summary: 'A standby is behind.',
      description:
        '{{ $labels.pod }} in {{ $labels.namespace }} is {{ $value | humanizeDuration }} behind its primary.',
    },
    {
      alert: 'PostgresArchiveStuck',
      severity: 'critical',
      expr: `max by (namespace, pod) (cnpg_collector_pg_wal_archive_status{value="ready"}) > 20\n${OURS}`,
      for: '10m',
      summary: 'The write-ahead log does not reach the archive.',
      description: '{{ $value }} segments of {{ $labels.pod }} in {{ $labels.namespace }} wait for the archive.',
    },
    {
      alert: 'BackupOld',
      severity: 'critical',
      // 0 says that there was never one: that counts once the cluster is old enough to have one.
      expr: `time() - max by (namespace, pod) (${BACKUP} > 0 or ${BACKUP} offset 36h) > 36 * 3600\n${OURS}`,
      for: '30m',
      summary: 'There is no recent base backup.',
      description:
        'The last base backup seen by {{ $labels.pod }} in {{ $labels.namespace }} is {{ $value | humanizeDuration }} old. Tens of thousands of days: there was never one.',
    },
  ],
};
