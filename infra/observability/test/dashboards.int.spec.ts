import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { DASHBOARDS } from '../src/dashboards/dashboards.js';
import { SERVICES } from '../src/fleet.js';
import { toPrometheus } from '../src/rules/rule.js';
import { RULE_GROUPS } from '../src/rules/rules.js';
import { FleetExporter } from './fleet-exporter.js';
import { PrometheusServer, type Series } from './prometheus-server.js';

// A real Prometheus reads what the telemetry library really renders, computes the real rules, and is asked what Grafana
// would ask it for each panel.

const EVERY = '1s';
/** Recording rules that stand on others are there after some rounds. */
const SETTLED_WITHIN_MS = 60_000;
const LOOK_BACK_SECONDS = 20;

const exporter = new FleetExporter();
let prometheus: PrometheusServer;

beforeAll(async () => {
  const address = await exporter.listen();
  const scrape = (job: string, path: string) => ({
    job_name: job,
    metrics_path: path,
    static_configs: [{ targets: [address], labels: { namespace: 'dd', service: job, pod: `dd-${job}-0` } }],
  });
  prometheus = await PrometheusServer.start(
    {
      global: { scrape_interval: EVERY, scrape_timeout: EVERY, evaluation_interval: EVERY },
      rule_files: ['rules.yaml'],
      scrape_configs: [...SERVICES.map((job) => scrape(job, '/services')), scrape('kong', '/kong')],
    },
    { 'rules.yaml': { groups: RULE_GROUPS.map(({ name, rules }) => toPrometheus({ name, rules })) } },
  );
  await untilAnswered('dailydoco:slo_errors:ratio_rate3d > 0');
}, 120_000);

afterAll(async () => {
  await prometheus.stop();
  await exporter.close();
});

async function untilAnswered(query: string): Promise<void> {
  for (const started = Date.now(); Date.now() - started < SETTLED_WITHIN_MS; await pause(500)) {
    if ((await prometheus.queryRange(query, LOOK_BACK_SECONDS)).length > 0) return;
  }
  throw new Error(`nothing after ${SETTLED_WITHIN_MS / 1_000} s: ${query}`);
}

/** What the panel still lacks when it had its time: a busy machine reads and computes some rounds later. */
async function untilDrawn(query: string, labels: readonly string[]): Promise<string[]> {
  for (const started = Date.now(); ; await pause(500)) {
    const lacking = lackingIn(await prometheus.queryRange(query, LOOK_BACK_SECONDS), labels);
    if (lacking.length === 0 || Date.now() - started > SETTLED_WITHIN_MS) return lacking;
  }
}

function lackingIn(series: readonly Series[], labels: readonly string[]): string[] {
  const drawn = series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
  const unnamed = labels.filter((label) => !series.some(({ metric }) => (metric[label] ?? '') !== ''));
  return [...(drawn ? [] : ['a number']), ...unnamed];
}

/** As Grafana asks with everything chosen. */
function asGrafana(expr: string): string {
  return expr.replaceAll('$__rate_interval', '10s').replaceAll(/\$(namespace|job)/g, '.+');
}

describe.each(DASHBOARDS.map(({ spec }) => [spec.title, spec] as const))('The dashboard %s', (_title, { rows }) => {
  const queries = rows.flatMap((row) =>
    row.panels.flatMap(({ title, queries: asked }) =>
      asked.map(({ expr, legend }) => [`${row.title}: ${title} (${legend})`, expr, legend] as const),
    ),
  );

  it.each(queries)(
    'draws %s',
    async (_name, expr, legend) => {
      const labels = [...legend.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
      expect(await untilDrawn(asGrafana(expr), labels)).toEqual([]);
    },
    SETTLED_WITHIN_MS + 10_000,
  );
});

describe('The rules', () => {
  it('are computed by a real Prometheus without an error', async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBe(RULE_GROUPS.reduce((sum, group) => sum + group.rules.length, 0));
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
  });
});

describe('The check itself', () => {
  it('sees when there is nothing to draw, and hears what is no query', async () => {
    expect(await prometheus.queryRange('dailydoco_no_such_metric', LOOK_BACK_SECONDS)).toEqual([]);
    await expect(prometheus.queryRange('sum by (', LOOK_BACK_SECONDS)).rejects.toThrow('parse error');
  });
});
