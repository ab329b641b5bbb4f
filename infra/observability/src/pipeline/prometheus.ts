import { SERVICES } from '../fleet.js';

/** Where Prometheus finds something, and as what it is known. */
interface Target {
  readonly job: string;
  readonly address: string;
}

const SERVICE_PORT = 8_080;
const KONG_STATUS_PORT = 8_100;
const COLLECTOR_PORT = 8_888;

/** What runs where in compose: each under its own name. */
const TARGETS: readonly Target[] = [
  ...SERVICES.map((job) => ({ job, address: `${job}:${SERVICE_PORT}` })),
  { job: 'kong', address: `kong:${KONG_STATUS_PORT}` },
  { job: 'otel-collector', address: `otel-collector:${COLLECTOR_PORT}` },
];

/**
 * Prometheus for compose. `namespace` and `service` stand where the Prometheus operator puts them in a cluster, so that the same
 * rules and dashboards hold: with a `service` of the target's own, Kong's label of that name becomes `exported_service`.
 */
export const PROMETHEUS = {
  global: { scrape_interval: '15s', scrape_timeout: '10s', evaluation_interval: '15s' },
  rule_files: ['rules.yaml'],
  scrape_configs: TARGETS.map(({ job, address }) => ({
    job_name: job,
    static_configs: [{ targets: [address], labels: { namespace: 'compose', service: job } }],
  })),
};

/** Grafana's way to its data and dashboards, in compose. */
export const GRAFANA_DATASOURCES = {
  apiVersion: 1,
  datasources: [
    {
      name: 'Prometheus',
      uid: 'prometheus',
      type: 'prometheus',
      access: 'proxy',
      url: 'http://prometheus:9090',
      isDefault: true,
      jsonData: { timeInterval: PROMETHEUS.global.scrape_interval, httpMethod: 'POST' },
    },
    { name: 'Jaeger', uid: 'jaeger', type: 'jaeger', access: 'proxy', url: 'http://jaeger:16686' },
  ],
};

export const GRAFANA_DASHBOARDS = {
  apiVersion: 1,
  providers: [
    {
      name: 'DailyDoco',
      folder: 'DailyDoco',
      type: 'file',
      disableDeletion: true,
      allowUiUpdates: false,
      options: { path: '/etc/grafana/dailydoco' },
    },
  ],
};
