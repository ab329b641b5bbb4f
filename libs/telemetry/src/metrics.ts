import type { MetricSpec } from './metric-spec.js';
import { PAYOUT_METRICS } from './payout-metrics.js';
import { VIRAL_ENGINE_METRICS } from './viral-engine-metrics.js';

// Every metric of the fleet, in one place: who adds one writes it here, in the section of its lib or service; those of
// payouts are so many that they have a file of their own.
//
// Names are `dailydoco_<what>_<unit>` in snake case. A counter ends in `_total`; a histogram or a gauge ends in its unit.
// Labels have few values by nature (a route template, never a path; an outcome, never an id): what a user can invent
// must not become a label. Past MAX_SERIES_PER_METRIC combinations the rest are counted under one overflow series.

export const MAX_SERIES_PER_METRIC = 1_000;

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
const GROUP_ITEMS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000] as const;

export const METRICS = {
  // ai-gateway
  dailydoco_completion_tokens_total: {
    kind: 'counter',
    unit: '{token}',
    description: 'Tokens of recorded completions. kind: prompt, completion.',
    labels: ['provider', 'kind'],
  },
  dailydoco_completions_total: {
    kind: 'counter',
    unit: '{completion}',
    description: 'Completions recorded. status: complete, broken, aborted, failed.',
    labels: ['provider', 'status'],
  },
  dailydoco_completions_unrecorded_total: {
    kind: 'counter',
    unit: '{completion}',
    description: 'Completions whose record could not be written; a complete one among them was not answered as such.',
    labels: ['provider', 'status'],
  },
  dailydoco_upstream_retries_total: {
    kind: 'counter',
    unit: '{retry}',
    description: 'Calls to a model provider tried again. reason: connect, busy.',
    labels: ['provider', 'reason'],
  },

  // auth
  dailydoco_auth_api_key_lookups_total: {
    kind: 'counter',
    unit: '{lookup}',
    description: 'API keys looked up. outcome: hit, stale (resolver failing), resolved, failed.',
    labels: ['outcome'],
  },
  dailydoco_auth_jwks_fetches_total: {
    kind: 'counter',
    unit: '{fetch}',
    description: 'Fetches of the signing keys. outcome: ok, failed.',
    labels: ['outcome'],
  },
  dailydoco_auth_revocation_entries: {
    kind: 'gauge',
    unit: '{entry}',
    description: 'Revocations held in memory.',
    labels: [],
  },
  dailydoco_auth_revocation_staleness_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Time since the revocations in memory were last read from the database.',
    labels: [],
  },
  dailydoco_auth_token_checks_total: {
    kind: 'counter',
    unit: '{check}',
    description: 'Tokens checked. kind: person, service, apiKey, other. outcome: accepted, refused.',
    labels: ['kind', 'outcome'],
  },

  // database
  dailydoco_restore_hold: {
    kind: 'gauge',
    unit: '1',
    description:
      'Whether the service is read-only because its database was restored and nobody has accepted it yet: 1, else 0.',
    labels: [],
  },
  dailydoco_database_pool_connections: {
    kind: 'gauge',
    unit: '{connection}',
    description: 'Connections of the pool. state: idle, busy.',
    labels: ['pool', 'state'],
  },
  dailydoco_database_pool_waiting_requests: {
    kind: 'gauge',
    unit: '{request}',
    description: 'Requests waiting for a connection of the pool.',
    labels: ['pool'],
  },
  dailydoco_database_transaction_retries_total: {
    kind: 'counter',
    unit: '{retry}',
    description: 'Database transactions run again. reason: serialization, deadlock, stale_plan.',
    labels: ['reason'],
  },
  dailydoco_group_writer_commit_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Time to commit one group. outcome: committed, failed.',
    labels: ['writer', 'outcome'],
    buckets: SECONDS,
  },
  dailydoco_group_writer_group_items: {
    kind: 'histogram',
    unit: '{item}',
    description: 'Items committed together.',
    labels: ['writer'],
    buckets: GROUP_ITEMS,
  },
  dailydoco_group_writer_queue_items: {
    kind: 'gauge',
    unit: '{item}',
    description: 'Items waiting for their group.',
    labels: ['writer'],
  },
  dailydoco_group_writer_refused_items_total: {
    kind: 'counter',
    unit: '{item}',
    description: 'Items refused because the queue was full.',
    labels: ['writer'],
  },

  // events
  dailydoco_consumer_applied_events_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events applied and committed.',
    labels: ['consumer', 'type'],
  },
  dailydoco_consumer_batch_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Time to apply one batch. outcome: committed, retried, parked.',
    labels: ['consumer', 'outcome'],
    buckets: SECONDS,
  },
  dailydoco_consumer_duplicate_events_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events dropped because they had been applied before.',
    labels: ['consumer'],
  },
  dailydoco_consumer_event_age_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Age of an event when its effect was committed: from its cause to here, through outbox and Kafka.',
    labels: ['consumer'],
    buckets: [...SECONDS, 60, 300, 3_600],
  },
  dailydoco_consumer_lag_messages: {
    kind: 'gauge',
    unit: '{message}',
    description: 'Messages in the topic that the consumer has not committed yet.',
    labels: ['consumer', 'topic'],
  },
  dailydoco_consumer_parked_events: {
    kind: 'gauge',
    unit: '{event}',
    description: 'Events set aside, waiting for a replay.',
    labels: ['consumer'],
  },
  dailydoco_consumer_retries_total: {
    kind: 'counter',
    unit: '{retry}',
    description: 'Batches tried again after a transient failure.',
    labels: ['consumer'],
  },
  dailydoco_consumer_skipped_events_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events passed over because the consumer does not handle their type.',
    labels: ['consumer'],
  },
  dailydoco_outbox_backlog_events: {
    kind: 'gauge',
    unit: '{event}',
    description: 'Events written and not yet published.',
    labels: [],
  },
  dailydoco_outbox_oldest_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest event not yet published; 0 when there is none.',
    labels: [],
  },
  dailydoco_outbox_published_events_total: {
    kind: 'counter',
    unit: '{event}',
    description: 'Events published.',
    labels: ['topic'],
  },
  dailydoco_outbox_publish_failures_total: {
    kind: 'counter',
    unit: '{failure}',
    description: 'Sends to the broker that failed and are tried again.',
    labels: [],
  },

  // grpc
  dailydoco_grpc_certificate_remaining_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Time until the certificate of this process for gRPC ends; below 0 it has ended.',
    labels: [],
  },
  dailydoco_grpc_client_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a call as its caller sees it. status: the gRPC status by name.',
    labels: ['method', 'status'],
    buckets: SECONDS,
  },
  dailydoco_grpc_client_in_flight_calls: {
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls sent and not yet answered.',
    labels: ['method'],
  },
  dailydoco_grpc_server_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a call in its server. status: the gRPC status by name.',
    labels: ['method', 'status'],
    buckets: SECONDS,
  },
  dailydoco_grpc_server_in_flight_calls: {
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls being served.',
    labels: ['method'],
  },

  // http
  dailydoco_http_server_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'Time of a request in its server. route: the template; status: the code.',
    labels: ['method', 'route', 'status'],
    buckets: SECONDS,
  },
  dailydoco_http_server_in_flight_requests: {
    kind: 'gauge',
    unit: '{request}',
    description: 'Requests being served.',
    labels: [],
  },

  // identity
  dailydoco_login_attempts_total: {
    kind: 'counter',
    unit: '{attempt}',
    description: 'Logins tried. outcome: accepted, refused, limited.',
    labels: ['outcome'],
  },

  // resilience
  dailydoco_breaker_opened_total: {
    kind: 'counter',
    unit: '{opening}',
    description: 'Times that the breaker before a peer opened; probes that failed meanwhile are not counted.',
    labels: ['client'],
  },
  dailydoco_breaker_refused_calls_total: {
    kind: 'counter',
    unit: '{call}',
    description: 'Calls not made because the breaker was open.',
    labels: ['client'],
  },
  dailydoco_breaker_state: {
    kind: 'gauge',
    unit: '1',
    description: 'The breaker before a peer: 0 closed, 1 probing, 2 open.',
    labels: ['client'],
  },
  dailydoco_bulkhead_calls: {
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls to a peer. state: running, waiting (for their turn).',
    labels: ['client', 'state'],
  },
  dailydoco_bulkhead_refused_total: {
    kind: 'counter',
    unit: '{call}',
    description: 'Calls not made because as many as may be were under way and waiting, or waited too long.',
    labels: ['client'],
  },
  dailydoco_shed_requests_total: {
    kind: 'counter',
    unit: '{request}',
    description: 'Work turned away before it was begun. edge: http, grpc. reason: in_flight, event_loop.',
    labels: ['edge', 'reason'],
  },
  dailydoco_shed_share_ratio: {
    kind: 'gauge',
    unit: '1',
    description: 'Share of new work that is turned away because the event loop runs late, 0 to 1. edge: http, grpc.',
    labels: ['edge'],
  },

  // telemetry
  dailydoco_process_event_loop_utilization_ratio: {
    kind: 'gauge',
    unit: '1',
    description: 'Share of the time since the last reading in which the event loop was busy, 0 to 1.',
    labels: [],
  },
  dailydoco_process_memory_bytes: {
    kind: 'gauge',
    unit: 'By',
    description: 'Memory of the process. kind: resident, heap.',
    labels: ['kind'],
  },
  dailydoco_process_start_time_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'When the process started, in seconds since 1970.',
    labels: [],
  },
  dailydoco_telemetry_observation_failures_total: {
    kind: 'counter',
    unit: '{failure}',
    description: 'Observed gauges whose reading threw.',
    labels: ['metric'],
  },

  ...PAYOUT_METRICS,
  ...VIRAL_ENGINE_METRICS,

  // webhooks
  dailydoco_webhook_attempt_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'How long receivers of webhooks took for their answers, or until they were given up.',
    labels: [],
    buckets: SECONDS,
  },
  dailydoco_webhook_attempts_total: {
    kind: 'counter',
    unit: '{attempt}',
    description:
      'Webhook messages posted. outcome: delivered, refused (by status), redirected, gone, timed_out, unreachable, blocked (an address that may not be reached).',
    labels: ['outcome'],
  },
  dailydoco_webhook_disabled_subscriptions: {
    kind: 'gauge',
    unit: '{subscription}',
    description: 'Webhook subscriptions that are disabled because their receivers failed for days or are gone.',
    labels: [],
  },
  dailydoco_webhook_messages_given_up_total: {
    kind: 'counter',
    unit: '{message}',
    description: 'Webhook messages given up after their last attempt.',
    labels: [],
  },
  dailydoco_webhook_oldest_due_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'How long the oldest webhook message has been due without an attempt. lane: steady; limping (receivers that fail or are slow, served one at a time).',
    labels: ['lane'],
  },
  dailydoco_webhook_subscriptions_disabled_total: {
    kind: 'counter',
    unit: '{subscription}',
    description: 'Webhook subscriptions disabled by themselves. because: failing, gone.',
    labels: ['because'],
  },
} as const satisfies Record<`dailydoco_${string}`, MetricSpec>;

export type MetricName = keyof typeof METRICS;
export type MetricOfKind<K extends MetricSpec['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];
/** The labels of one metric, each of them required. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in (typeof METRICS)[N]['labels'][number]]: string | number | boolean;
};
