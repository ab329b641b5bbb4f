/** A configuration of the OpenTelemetry Collector (contrib distribution), as far as ours goes. */
export interface CollectorConfig {
  readonly extensions: Readonly<Record<string, object>>;
  readonly receivers: Readonly<Record<string, object>>;
  readonly processors: Readonly<Record<string, object>>;
  readonly exporters: Readonly<Record<string, object>>;
  readonly service: {
    readonly extensions: readonly string[];
    readonly telemetry: object;
    readonly pipelines: Readonly<Record<string, CollectorPipeline>>;
  };
}

export interface CollectorPipeline {
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/**
 * How long a trace waits for its last spans before it is judged: outbox, Kafka and consumers take part after the answer was
 * given. Everything that a decision needs is in memory as long.
 */
const DECISION_WAIT = '15s';
/** A trace of a purchase is some 40 spans of 1 KB: 200 MB at the most. */
const TRACES_HELD = 5_000;
const DECISIONS_REMEMBERED = 50_000;
const SLOW_MS = 1_000;

/** All failed and all slow traces, and a share of the rest. */
const POLICIES = [
  { name: 'failed', type: 'status_code', status_code: { status_codes: ['ERROR'] } },
  { name: 'slow', type: 'latency', latency: { threshold_ms: SLOW_MS } },
  { name: 'share', type: 'probabilistic', probabilistic: { sampling_percentage: '${env:TRACES_KEPT_PERCENT:-25}' } },
];

const PROCESSORS = {
  // First in every pipeline: who sends is told to wait before memory runs out.
  memory_limiter: { check_interval: '1s', limit_percentage: 75, spike_limit_percentage: 20 },
  resource: {
    attributes: [
      { key: 'service.namespace', value: 'dailydoco', action: 'insert' },
      {
        key: 'deployment.environment.name',
        value: '${env:DEPLOYMENT_ENVIRONMENT:-production}',
        action: 'insert',
      },
      // Who started the process and how is nobody's business who looks at traces.
      { key: 'process.command_args', action: 'delete' },
      { key: 'process.owner', action: 'delete' },
    ],
  },
  tail_sampling: {
    decision_wait: DECISION_WAIT,
    num_traces: TRACES_HELD,
    // Spans that come after the decision follow it.
    decision_cache: { sampled_cache_size: DECISIONS_REMEMBERED, non_sampled_cache_size: DECISIONS_REMEMBERED },
    policies: POLICIES,
  },
  batch: { send_batch_size: 512, send_batch_max_size: 2_048, timeout: '2s' },
};

const EXPORTERS = {
  'otlp/traces': {
    endpoint: '${env:TRACES_ENDPOINT}',
    // Jaeger in the same cluster. Across open networks: `insecure: false`, and a token among the headers.
    tls: { insecure: true },
    timeout: '10s',
    retry_on_failure: { enabled: true, initial_interval: '1s', max_interval: '30s', max_elapsed_time: '5m' },
    sending_queue: { enabled: true, num_consumers: 4, queue_size: 1_000 },
  },
  prometheus: {
    endpoint: '0.0.0.0:8889',
    // The names are those of /metrics already, units included.
    translation_strategy: 'UnderscoreEscapingWithoutSuffixes',
    resource_to_telemetry_conversion: { enabled: true },
    metric_expiration: '5m',
  },
};

/** Names without suffixes, as rules and dashboards know them: the defaults changed from release to release. */
const OWN_METRICS = {
  host: '0.0.0.0',
  port: 8_888,
  without_scope_info: true,
  without_type_suffix: true,
  without_units: true,
};

/** The one configuration of compose and cluster; what differs comes from the environment. */
export const COLLECTOR: CollectorConfig = {
  extensions: { health_check: { endpoint: '0.0.0.0:13133' } },
  receivers: { otlp: { protocols: { http: { endpoint: '0.0.0.0:4318' } } } },
  processors: PROCESSORS,
  exporters: EXPORTERS,
  service: {
    extensions: ['health_check'],
    telemetry: {
      logs: { level: 'info', encoding: 'json' },
      metrics: {
        level: 'normal',
        readers: [{ pull: { exporter: { prometheus: OWN_METRICS } } }],
      },
    },
    pipelines: {
      traces: {
        receivers: ['otlp'],
        processors: ['memory_limiter', 'resource', 'tail_sampling', 'batch'],
        exporters: ['otlp/traces'],
      },
      metrics: { receivers: ['otlp'], processors: ['memory_limiter', 'resource', 'batch'], exporters: ['prometheus'] },
    },
  },
};
