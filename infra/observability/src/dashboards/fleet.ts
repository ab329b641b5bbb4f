import { SLOS } from '../rules/slo.js';
import { build, type NamedDashboard, type PanelSpec } from './panel.js';
import { grpcRow, httpRow, peersRow, saturationRow } from './process-panels.js';

const SCOPE = { where: 'namespace=~"$namespace", job=~"$job"', by: 'job', legend: '{{job}}' };
const IN_NAMESPACE = 'namespace=~"$namespace"';

function objective({ name, objective: wanted }: (typeof SLOS)[number]): PanelSpec {
  const budget = Number((1 - wanted).toPrecision(6));
  return {
    kind: 'stat',
    title: name,
    description: `Share of the error budget of 30 days used per 30 days, at the pace of the last three days. At 1 the objective (${Number((wanted * 100).toPrecision(6))} %) is just met.`,
    unit: 'percentunit',
    width: 6,
    queries: [
      { expr: `max(dailydoco:slo_errors:ratio_rate3d{slo="${name}", ${IN_NAMESPACE}}) / ${budget}`, legend: name },
    ],
    warnFrom: 0.5,
    badFrom: 1,
  };
}

/** All at one look: are the promises kept, who answers, who is full. */
export const FLEET_DASHBOARD: NamedDashboard = build({
  name: 'fleet',
  title: 'Fleet',
  description: 'Objectives, traffic and saturation of all services.',
  choices: [
    { name: 'namespace', label: 'Namespace', metric: 'dailydoco_process_start_time_seconds' },
    { name: 'job', label: 'Service', metric: 'dailydoco_process_start_time_seconds' },
  ],
  rows: [
    { title: 'Objectives', panels: SLOS.map(objective) },
    {
      title: 'State',
      panels: [
        {
          title: 'Burn rates over an hour',
          description: 'How many times faster than allowed each error budget is used. Somebody is called above 14.4.',
          unit: 'none',
          queries: SLOS.map(({ name, objective: wanted }) => ({
            expr: `max(dailydoco:slo_errors:ratio_rate1h{slo="${name}", ${IN_NAMESPACE}}) / ${Number((1 - wanted).toPrecision(6))}`,
            legend: name,
          })),
          warnFrom: 1,
          badFrom: 14.4,
        },
        {
          title: 'Alerts',
          description: 'Alerts that are firing. Each has a page in docs/runbooks.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (alertname, severity) (ALERTS{alertstate="firing", part_of="dailydoco", ${IN_NAMESPACE}}) or vector(0)`,
              legend: '{{severity}} {{alertname}}',
            },
          ],
          badFrom: 1,
        },
        {
          title: 'Replicas that answer',
          description: 'Processes that Prometheus reaches.',
          unit: 'short',
          queries: [{ expr: `sum by (job) (up{${SCOPE.where}})`, legend: '{{job}}' }],
        },
      ],
    },
    httpRow(SCOPE),
    grpcRow('server', SCOPE),
    saturationRow(SCOPE),
    peersRow(SCOPE),
    {
      title: 'Processes',
      panels: [
        {
          title: 'Starts',
          description: 'How often a replica began anew within an hour, without being replaced.',
          unit: 'short',
          queries: [
            {
              expr: `sum by (job) (changes(dailydoco_process_start_time_seconds{${SCOPE.where}}[1h]))`,
              legend: '{{job}}',
            },
          ],
          badFrom: 3,
        },
        {
          title: 'Time since the start',
          description: 'Age of the youngest replica.',
          unit: 's',
          queries: [
            {
              expr: `time() - max by (job) (dailydoco_process_start_time_seconds{${SCOPE.where}})`,
              legend: '{{job}}',
            },
          ],
        },
        {
          title: 'Certificates for gRPC',
          description: 'Time until the first certificate ends. No line where services speak plaintext to each other.',
          unit: 's',
          queries: [
            {
              expr: `min by (job) (dailydoco_grpc_certificate_remaining_seconds{${SCOPE.where}})`,
              legend: '{{job}}',
            },
          ],
        },
      ],
    },
  ],
});
