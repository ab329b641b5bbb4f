import { anyJob, PARTS, SERVICES } from '../fleet.js';
import { grown, type Alert, type RuleGroup } from './rule.js';

const PUBLISHERS = anyJob(SERVICES.filter((name) => PARTS[name].outbox));
const BY = 'namespace, job, consumer';
/** Batches that are through, be it that their events wait for a replay now. */
const DONE = 'dailydoco_consumer_batch_duration_seconds_count{outcome=~"committed|parked"}';

const PARKED: Omit<Alert, 'severity' | 'expr'> = {
  alert: 'EventsParked',
  for: '1m',
  summary: 'Events could not be applied and wait for somebody.',
  description:
    '{{ $value }} events of the consumer {{ $labels.consumer }} ({{ $labels.job }}, {{ $labels.namespace }}) are parked.',
};

/** From the outbox over Kafka into the consumers' databases. All replicas count the same parked events and the same lag. */
export const EVENT_RULES: RuleGroup = {
  name: 'events',
  rules: [
    {
      alert: 'OutboxRelayMissing',
      severity: 'critical',
      // Only the replica that holds the lease tells of the backlog.
      expr: `count by (namespace, job) (up{${PUBLISHERS}} == 1)
unless on (namespace, job)
count by (namespace, job) (dailydoco_outbox_backlog_events)`,
      for: '3m',
      summary: 'No replica publishes events.',
      description:
        'None of the {{ $value }} replicas of {{ $labels.job }} in {{ $labels.namespace }} publishes its events.',
    },
    {
      alert: 'OutboxStuck',
      severity: 'critical',
      expr: 'max by (namespace, job) (dailydoco_outbox_oldest_age_seconds) > 120',
      for: '2m',
      summary: 'Events are written and do not get out.',
      description:
        'The oldest unpublished event of {{ $labels.job }} in {{ $labels.namespace }} is {{ $value | humanizeDuration }} old.',
    },
    {
      alert: 'OutboxBacklogGrows',
      severity: 'warning',
      expr: 'max by (namespace, job) (dailydoco_outbox_backlog_events) > 5000',
      for: '5m',
      summary: 'Events are written faster than they get out.',
      description: '{{ $value }} events of {{ $labels.job }} in {{ $labels.namespace }} are not published yet.',
    },
    {
      alert: 'OutboxPublishFails',
      severity: 'warning',
      expr: grown({ metric: 'dailydoco_outbox_publish_failures_total', window: '10m', by: 'namespace, job' }),
      for: '5m',
      summary: 'Kafka does not take events.',
      description:
        '{{ $value | humanize }} sends of {{ $labels.job }} in {{ $labels.namespace }} failed within 10 minutes.',
    },
    {
      alert: 'ConsumerSilent',
      severity: 'critical',
      expr: `max by (${BY}) (dailydoco_consumer_lag_messages) > 0
unless on (${BY}) sum by (${BY}) (rate(${DONE}[5m])) > 0
unless on (${BY}) sum by (${BY}) (rate(dailydoco_consumer_skipped_events_total[5m])) > 0`,
      for: '5m',
      summary: 'A consumer has work and does nothing.',
      description:
        '{{ $value }} messages wait for the consumer {{ $labels.consumer }} ({{ $labels.job }}, {{ $labels.namespace }}), which has applied none for 5 minutes.',
    },
    {
      alert: 'ConsumerLagGrows',
      severity: 'warning',
      expr: `max by (${BY}, topic) (dailydoco_consumer_lag_messages) > 5000`,
      for: '10m',
      summary: 'A consumer falls behind.',
      description:
        'The consumer {{ $labels.consumer }} ({{ $labels.job }}, {{ $labels.namespace }}) is {{ $value }} messages behind in {{ $labels.topic }}.',
    },
    {
      alert: 'ConsumerRetries',
      severity: 'warning',
      expr: `sum by (${BY}) (increase(dailydoco_consumer_retries_total[10m])) > 5`,
      for: '5m',
      summary: 'A consumer tries the same events again and again.',
      description:
        'The consumer {{ $labels.consumer }} ({{ $labels.job }}, {{ $labels.namespace }}) tried {{ $value | humanize }} batches again within 10 minutes.',
    },
    {
      ...PARKED,
      severity: 'critical',
      expr: `max by (${BY}) (dailydoco_consumer_parked_events{consumer="payouts-ledger"}) > 0`,
    },
    {
      ...PARKED,
      severity: 'warning',
      expr: `max by (${BY}) (dailydoco_consumer_parked_events{consumer!="payouts-ledger"}) > 0`,
    },
  ],
};
