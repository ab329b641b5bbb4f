import { fires, of, quiet, type AlertCase } from './alert-case.js';

const BACKLOG = 'dailydoco_outbox_backlog_events';
const AGE = 'dailydoco_outbox_oldest_age_seconds';
const FAILURES = 'dailydoco_outbox_publish_failures_total';
const LAG = 'dailydoco_consumer_lag_messages';
const BATCHES = 'dailydoco_consumer_batch_duration_seconds_count';
const SKIPPED = 'dailydoco_consumer_skipped_events_total';
const RETRIES = 'dailydoco_consumer_retries_total';
const PARKED = 'dailydoco_consumer_parked_events';
const PAYOUTS = { namespace: 'dd', job: 'payouts' };
const LEDGER = { consumer: 'payouts-ledger' };
const TOPIC = { topic: 'viral.events.v1' };
const behind = { [of(LAG, 'payouts', { ...LEDGER, ...TOPIC })]: '500x20' };
const bothUp = { [of('up', 'payouts')]: '1x10', [of('up', 'payouts', { instance: 'b' })]: '1x10' };

export const EVENT_CASES: readonly AlertCase[] = [
  fires('OutboxRelayMissing', 'when replicas run and none has the lease', {
    series: bothUp,
    atMinute: 5,
    firing: {
      severity: 'critical',
      labels: PAYOUTS,
      description: 'None of the 2 replicas of payouts in dd publishes its events.',
    },
  }),
  quiet('OutboxRelayMissing', 'when one of them has', {
    series: { ...bothUp, [of(BACKLOG, 'payouts')]: '0x10' },
    atMinute: 5,
  }),
  quiet('OutboxRelayMissing', 'about a service that publishes nothing', {
    series: { [of('up', 'analytics')]: '1x10' },
    atMinute: 5,
  }),
  fires('OutboxStuck', 'when an event has waited for minutes', {
    series: { [of(AGE, 'payouts')]: '300x10' },
    atMinute: 5,
    firing: {
      severity: 'critical',
      labels: PAYOUTS,
      description: 'The oldest unpublished event of payouts in dd is 5m 0s old.',
    },
  }),
  quiet('OutboxStuck', 'after one minute', { series: { [of(AGE, 'payouts')]: '60x10' }, atMinute: 5 }),
  fires('OutboxBacklogGrows', 'when thousands wait', {
    series: { [of(BACKLOG, 'payouts')]: '8000x20' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: '8000 events of payouts in dd are not published yet.',
    },
  }),
  quiet('OutboxBacklogGrows', 'about a peak that drains', {
    series: { [of(BACKLOG, 'payouts')]: '8000x3 100x20' },
    atMinute: 10,
  }),
  fires('OutboxPublishFails', 'when sends fail for minutes', {
    series: { [of(FAILURES, 'payouts')]: '0+2x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: '20 sends of payouts in dd failed within 10 minutes.',
    },
  }),
  quiet('OutboxPublishFails', 'about failures of long ago', {
    series: { [of(FAILURES, 'payouts')]: '3x60' },
    atMinute: 40,
  }),
  fires('ConsumerSilent', 'when messages wait and every try fails', {
    series: { ...behind, [of(BATCHES, 'payouts', { ...LEDGER, outcome: 'retried' })]: '0+4x20' },
    atMinute: 12,
    firing: {
      severity: 'critical',
      labels: { ...PAYOUTS, ...LEDGER },
      description:
        '500 messages wait for the consumer payouts-ledger (payouts, dd), which has applied none for 5 minutes.',
    },
  }),
  quiet('ConsumerSilent', 'when it is behind and works', {
    series: { ...behind, [of(BATCHES, 'payouts', { ...LEDGER, outcome: 'committed' })]: '0+1x20' },
    atMinute: 12,
  }),
  quiet('ConsumerSilent', 'when it passes over what is not for it', {
    series: { ...behind, [of(SKIPPED, 'payouts', LEDGER)]: '0+50x20' },
    atMinute: 12,
  }),
  fires('ConsumerLagGrows', 'when thousands wait', {
    series: { [of(LAG, 'payouts', { ...LEDGER, ...TOPIC })]: '9000x30' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, ...LEDGER, ...TOPIC },
      description: 'The consumer payouts-ledger (payouts, dd) is 9000 messages behind in viral.events.v1.',
    },
  }),
  quiet('ConsumerLagGrows', 'about a peak that drains', {
    series: { [of(LAG, 'payouts', { ...LEDGER, ...TOPIC })]: '9000x5 10x30' },
    atMinute: 15,
  }),
  fires('ConsumerRetries', 'when batches are tried again and again', {
    series: { [of(RETRIES, 'payouts', LEDGER)]: '0+1x40' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, ...LEDGER },
      description: 'The consumer payouts-ledger (payouts, dd) tried 10 batches again within 10 minutes.',
    },
  }),
  quiet('ConsumerRetries', 'after a short trouble', {
    series: { [of(RETRIES, 'payouts', LEDGER)]: '0 3x40' },
    atMinute: 20,
  }),
  fires('EventsParked', 'critically when money waits', {
    series: { [of(PARKED, 'payouts', LEDGER)]: '2x10' },
    atMinute: 3,
    firing: {
      severity: 'critical',
      labels: { ...PAYOUTS, ...LEDGER },
      description: '2 events of the consumer payouts-ledger (payouts, dd) are parked.',
    },
  }),
  fires('EventsParked', 'as a warning for any other consumer', {
    series: { [of(PARKED, 'analytics', { consumer: 'analytics-facts' })]: '1x10' },
    atMinute: 3,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', job: 'analytics', consumer: 'analytics-facts' },
      description: '1 events of the consumer analytics-facts (analytics, dd) are parked.',
    },
  }),
  quiet('EventsParked', 'when there are none', { series: { [of(PARKED, 'payouts', LEDGER)]: '0x10' }, atMinute: 3 }),
];
