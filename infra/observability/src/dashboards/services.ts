import { PARTS, SERVICES, type ServiceName } from '../fleet.js';
import { completionsRow, ledgerRow, purchasesRow } from './money-panels.js';
import { build, type NamedDashboard, type RowSpec } from './panel.js';
import {
  accessPanels,
  consumerRow,
  grpcRow,
  httpRow,
  outboxRow,
  peersRow,
  saturationRow,
  writerRow,
} from './process-panels.js';
import { rate } from './promql.js';

/** What a service has that no other has. */
const OWN_ROWS: Partial<Record<ServiceName, (where: string) => RowSpec>> = {
  identity: (where) => ({
    title: 'Sign-ins',
    panels: [
      {
        title: 'Sign-ins',
        description:
          'Attempts a second. refused: wrong password or unknown address. limited: the password was not looked at.',
        unit: 'ops',
        width: 24,
        queries: [
          { expr: rate({ metric: 'dailydoco_login_attempts_total', where, by: 'outcome' }), legend: '{{outcome}}' },
        ],
      },
    ],
  }),
  'viral-engine': purchasesRow,
  payouts: ledgerRow,
  'ai-gateway': completionsRow,
};

function signingKeys(where: string): RowSpec['panels'][number] {
  return {
    title: 'Signing keys fetched',
    description: 'Fetches within the hour. failed for long: after a day nobody gets in with a token.',
    unit: 'short',
    queries: [
      { expr: `sum by (outcome) (increase(dailydoco_auth_jwks_fetches_total{${where}}[1h]))`, legend: '{{outcome}}' },
    ],
  };
}

function rowsOf(name: ServiceName): RowSpec[] {
  const where = `namespace=~"$namespace", job="${name}"`;
  const of = { where, by: 'job', legend: '{{job}}' };
  const byMethod = { where, by: 'method', legend: '{{method}}' };
  const parts = PARTS[name];
  const own = OWN_ROWS[name]?.(where);
  // Identity checks tokens by the keys it has itself, and knows its own API keys.
  const access = name === 'identity' ? accessPanels(of) : [...accessPanels(of), signingKeys(where)];
  return [
    httpRow({ where, by: 'method, route', legend: '{{method}} {{route}}' }),
    ...(own === undefined ? [] : [own]),
    grpcRow('server', byMethod),
    ...(parts.callsOthers ? [grpcRow('client', byMethod)] : []),
    saturationRow({ where, by: 'instance', legend: '{{instance}}' }),
    peersRow(of),
    ...(parts.groupWriter ? [writerRow(of)] : []),
    ...(parts.outbox ? [outboxRow(of)] : []),
    consumerRow(of),
    { title: 'Who enters', panels: access },
  ];
}

/** One dashboard a service, all alike but for what is its own. */
export const SERVICE_DASHBOARDS: readonly NamedDashboard[] = SERVICES.map((name) =>
  build({
    name: `service-${name}`,
    title: name,
    description: `Rate, errors, duration and saturation of ${name}, its events, and what is its own.`,
    choices: [{ name: 'namespace', label: 'Namespace', metric: 'dailydoco_process_start_time_seconds' }],
    rows: rowsOf(name),
  }),
);
