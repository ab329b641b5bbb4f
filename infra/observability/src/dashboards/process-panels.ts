import type { PanelSpec, RowSpec } from './panel.js';
import { highest, mean, quantile, rate, share, total } from './promql.js';

// The rows that several dashboards share. `where` says of whom, `by` what each line stands for.

export interface Scope {
  readonly where: string;
  /** Labels that make a line, joined by commas. */
  readonly by: string;
  /** How a line is called. */
  readonly legend: string;
}

const HTTP = 'dailydoco_http_server_duration_seconds';
const GRPC = { server: 'dailydoco_grpc_server_duration_seconds', client: 'dailydoco_grpc_client_duration_seconds' };

export function httpRow({ where, by, legend }: Scope): RowSpec {
  const of = { metric: `${HTTP}_count`, where, by };
  return {
    title: 'HTTP: rate, errors, duration',
    panels: [
      {
        title: 'Requests',
        description: 'Requests a second. Health checks and scrapes are not among them.',
        unit: 'reqps',
        queries: [{ expr: rate(of), legend }],
      },
      {
        title: 'Server errors',
        description: 'Share of requests answered with 5xx. 503 with Retry-After, when there is too much work, is one.',
        unit: 'percentunit',
        queries: [{ expr: share(of, 'status=~"5.."'), legend }],
        warnFrom: 0.001,
        badFrom: 0.02,
      },
      {
        title: 'Duration, 95th percentile',
        description: 'One request in twenty takes longer. The target is 50 ms.',
        unit: 's',
        queries: [{ expr: quantile(0.95, { metric: HTTP, where, by }), legend }],
        warnFrom: 0.05,
        badFrom: 0.5,
      },
    ],
  };
}

export function grpcRow(side: 'server' | 'client', { where, by, legend }: Scope): RowSpec {
  const metric = GRPC[side];
  const served = side === 'server';
  return {
    title: served ? 'gRPC served' : 'gRPC calls to others',
    panels: [
      {
        title: 'Calls',
        description: served ? 'Calls served, a second.' : 'Calls to other services, a second.',
        unit: 'reqps',
        queries: [{ expr: rate({ metric: `${metric}_count`, where, by }), legend }],
      },
      {
        title: 'Not OK',
        description: 'Share of calls with any status but OK; refusals such as NOT_FOUND are among them.',
        unit: 'percentunit',
        queries: [{ expr: share({ metric: `${metric}_count`, where, by }, 'status!="OK"'), legend }],
        badFrom: 0.05,
      },
      {
        title: 'Duration, 95th percentile',
        description: 'One call in twenty takes longer. The target is 5 ms between services.',
        unit: 's',
        queries: [{ expr: quantile(0.95, { metric, where, by }), legend }],
        warnFrom: 0.005,
        badFrom: 0.25,
      },
    ],
  };
}

export function saturationRow({ where, by, legend }: Scope): RowSpec {
  return {
    title: 'Saturation',
    panels: [
      {
        title: 'Event loop',
        description:
          'Share of the time in which the busiest replica had work. Near 1, everything waits for everything.',
        unit: 'percentunit',
        queries: [{ expr: highest({ metric: 'dailydoco_process_event_loop_utilization_ratio', where, by }), legend }],
        warnFrom: 0.7,
        badFrom: 0.9,
      },
      {
        title: 'Memory',
        description: 'Resident memory of the largest replica. The pod is ended at its limit.',
        unit: 'bytes',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_process_memory_bytes', where: `${where}, kind="resident"`, by }),
            legend,
          },
        ],
      },
      {
        title: 'Requests in flight',
        description: 'HTTP requests being served, over all replicas. Past 1,000 a replica turns new ones away.',
        unit: 'short',
        queries: [{ expr: total({ metric: 'dailydoco_http_server_in_flight_requests', where, by }), legend }],
      },
      {
        title: 'Work turned away',
        description:
          'Requests refused before they were begun, a second: too many in flight, or the event loop runs late.',
        unit: 'reqps',
        queries: [{ expr: rate({ metric: 'dailydoco_shed_requests_total', where, by }), legend }],
        badFrom: 0.1,
      },
      {
        title: 'Database connections busy',
        description: 'Connections of the pool in use, over all replicas.',
        unit: 'short',
        queries: [
          {
            expr: total({ metric: 'dailydoco_database_pool_connections', where: `${where}, state="busy"`, by }),
            legend,
          },
        ],
      },
      {
        title: 'Waiting for a connection',
        description:
          'Requests waiting for a database connection. Above 0 all the time, the pool is too small or the database slow.',
        unit: 'short',
        queries: [{ expr: total({ metric: 'dailydoco_database_pool_waiting_requests', where, by }), legend }],
        warnFrom: 1,
      },
    ],
  };
}

export function peersRow({ where }: Scope): RowSpec {
  const [by, legend] = ['job, client', '{{job}} → {{client}}'];
  return {
    title: 'Peers',
    panels: [
      {
        title: 'Breakers',
        description: '0 closed, 1 probing, 2 open: then the peer is not called.',
        unit: 'none',
        queries: [{ expr: highest({ metric: 'dailydoco_breaker_state', where, by }), legend }],
        warnFrom: 1,
        badFrom: 2,
      },
      {
        title: 'Calls waiting for their turn',
        description: 'Calls to a peer held back because as many as may be are under way.',
        unit: 'short',
        queries: [
          { expr: total({ metric: 'dailydoco_bulkhead_calls', where: `${where}, state="waiting"`, by }), legend },
        ],
      },
      {
        title: 'Calls not made',
        description: 'Calls a second refused by a breaker or a bulkhead.',
        unit: 'reqps',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_breaker_refused_calls_total', where, by }),
            legend: `${legend}, breaker`,
          },
          { expr: rate({ metric: 'dailydoco_bulkhead_refused_total', where, by }), legend: `${legend}, bulkhead` },
        ],
        badFrom: 0.1,
      },
    ],
  };
}

export function outboxRow({ where, by, legend }: Scope): RowSpec {
  return {
    title: 'Outbox: events on their way out',
    panels: [
      {
        title: 'Published',
        description: 'Events published, a second.',
        unit: 'ops',
        queries: [{ expr: rate({ metric: 'dailydoco_outbox_published_events_total', where, by }), legend }],
      },
      {
        title: 'Backlog',
        description:
          'Events written and not yet published. The replica that holds the lease tells; no line, nobody holds it.',
        unit: 'short',
        queries: [{ expr: highest({ metric: 'dailydoco_outbox_backlog_events', where, by }), legend }],
        badFrom: 5_000,
      },
      {
        title: 'Age of the oldest',
        description: 'How long the oldest unpublished event has been waiting.',
        unit: 's',
        queries: [{ expr: highest({ metric: 'dailydoco_outbox_oldest_age_seconds', where, by }), legend }],
        warnFrom: 5,
        badFrom: 120,
      },
    ],
  };
}

export function consumerRow({ where }: Pick<Scope, 'where'>): RowSpec {
  const [by, legend] = ['consumer', '{{consumer}}'];
  return {
    title: 'Consumers: events on their way in',
    panels: [
      {
        title: 'Applied',
        description: 'Events applied and committed, a second.',
        unit: 'ops',
        queries: [{ expr: rate({ metric: 'dailydoco_consumer_applied_events_total', where, by }), legend }],
      },
      {
        title: 'Lag',
        description: 'Messages that a consumer has not committed yet.',
        unit: 'short',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_consumer_lag_messages', where, by: 'consumer, topic' }),
            legend: '{{consumer}}, {{topic}}',
          },
        ],
        badFrom: 5_000,
      },
      {
        title: 'Age at the effect, 95th percentile',
        description: 'From the cause of an event to the commit of its effect. The target is 50 ms.',
        unit: 's',
        queries: [{ expr: quantile(0.95, { metric: 'dailydoco_consumer_event_age_seconds', where, by }), legend }],
        warnFrom: 0.05,
        badFrom: 5,
      },
      {
        title: 'Parked',
        description:
          'Events that could not be applied, and those behind them. Each waits for a person: see the runbook EventsParked.',
        unit: 'short',
        queries: [{ expr: highest({ metric: 'dailydoco_consumer_parked_events', where, by }), legend }],
        badFrom: 1,
      },
      {
        title: 'Retries',
        description: 'Batches tried again a second, after a failure that may pass: a store or the broker is away.',
        unit: 'ops',
        queries: [{ expr: rate({ metric: 'dailydoco_consumer_retries_total', where, by }), legend }],
      },
      {
        title: 'Batch, 95th percentile',
        description: 'Time to apply a batch, its database transaction included.',
        unit: 's',
        queries: [{ expr: quantile(0.95, { metric: 'dailydoco_consumer_batch_duration_seconds', where, by }), legend }],
      },
    ],
  };
}

export function writerRow({ where }: Pick<Scope, 'where'>): RowSpec {
  const [by, legend] = ['job, writer', '{{job}}: {{writer}}'];
  return {
    title: 'Group writers: many callers, one commit',
    panels: [
      {
        title: 'Items a commit',
        description: 'How many callers share a commit, on average. Grows with load; that is what it is for.',
        unit: 'short',
        queries: [{ expr: mean({ metric: 'dailydoco_group_writer_group_items', where, by }), legend }],
      },
      {
        title: 'Commit, 95th percentile',
        description: 'Time to commit one group.',
        unit: 's',
        queries: [
          { expr: quantile(0.95, { metric: 'dailydoco_group_writer_commit_duration_seconds', where, by }), legend },
        ],
        badFrom: 0.5,
      },
      {
        title: 'Queue and refusals',
        description: 'Items waiting for their group, and items a second refused because the queue was full.',
        unit: 'short',
        queries: [
          { expr: total({ metric: 'dailydoco_group_writer_queue_items', where, by }), legend },
          {
            expr: rate({ metric: 'dailydoco_group_writer_refused_items_total', where, by }),
            legend: `${legend}, refused/s`,
          },
        ],
      },
    ],
  };
}

export function accessPanels({ where }: Pick<Scope, 'where'>): PanelSpec[] {
  return [
    {
      title: 'Tokens checked',
      description: 'Tokens and keys shown, a second, by whose they are and whether they held.',
      unit: 'ops',
      queries: [
        {
          expr: rate({ metric: 'dailydoco_auth_token_checks_total', where, by: 'kind, outcome' }),
          legend: '{{kind}}, {{outcome}}',
        },
      ],
    },
    {
      title: 'API keys looked up',
      description:
        'hit: from memory. resolved: asked for. stale: identity did not answer and memory did. failed: nobody did.',
      unit: 'ops',
      queries: [
        { expr: rate({ metric: 'dailydoco_auth_api_key_lookups_total', where, by: 'outcome' }), legend: '{{outcome}}' },
      ],
    },
    {
      title: 'Age of what is known of revocations',
      description: 'A person who was shut out may still enter for as long as this.',
      unit: 's',
      queries: [
        {
          expr: highest({ metric: 'dailydoco_auth_revocation_staleness_seconds', where, by: 'instance' }),
          legend: '{{instance}}',
        },
      ],
      badFrom: 60,
    },
  ];
}
