import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { METRICS, type MetricSpec, renderPrometheus } from '@dailydoco/telemetry';
import { FOREIGN_METRICS } from '../src/foreign-metrics.js';
import { measureAll } from './known-samples.js';

/** What others show that no dashboard draws a line of, or that Prometheus makes itself. */
const NOT_SHOWN = new Set(['up', 'ALERTS']);
/** Values by which foreign series are told apart where queries ask for them. */
const FOREIGN_VALUES: Readonly<Record<string, readonly string[]>> = {
  code: ['200', '429', '503'],
  source: ['service', 'kong'],
  state: ['healthy', 'unhealthy', 'active', 'waiting'],
  exported_service: ['viral-engine', 'payouts'],
  route: ['viral-engine-v1-purchases'],
  shared_dict: ['prometheus_metrics'],
  direction: ['ingress', 'egress'],
  le: ['50', '100', '+Inf'],
};

/** Serves `/services`, as each service would answer `/metrics`, and `/kong`, and counts on with every reading. */
export class FleetExporter {
  readonly #server: Server;
  #readings = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      this.#readings += 1;
      this.#answer(request.url ?? '').then(
        (text) => response.setHeader('content-type', 'text/plain; version=0.0.4').end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(url: string): Promise<string> {
    if (url === '/kong') return this.#foreign();
    for (const metric of Object.keys(METRICS)) measureOne(metric);
    return renderPrometheus();
  }

  #foreign(): string {
    const lines = Object.entries(FOREIGN_METRICS).flatMap(([name, { labels }]) => {
      if (NOT_SHOWN.has(name)) return [];
      return combinations(labels).map((pairs) => `${name}{${pairs}} ${this.#readings}`);
    });
    return `${lines.join('\n')}\n`;
  }
}

/** Every listed value of every label once, in combination with those of the others. */
function combinations(labels: readonly string[]): string[] {
  return labels
    .reduce<string[][]>(
      (found, label) =>
        found.flatMap((pairs) => (FOREIGN_VALUES[label] ?? ['x']).map((value) => [...pairs, `${label}="${value}"`])),
      [[]],
    )
    .map((pairs) => pairs.join(','));
}

/** The values that descriptions list, or one that could be. */
function valuesOf({ description, labels }: MetricSpec): Map<string, string[]> {
  return new Map(
    labels.map((label) => {
      const listed = new RegExp(`\\b${label}: ([^.]*,[^.]*)`).exec(description)?.[1];
      const words = listed?.split(',').map((word) => word.trim().split(' ')[0] ?? '');
      return [label, words ?? (label === 'consumer' ? ['payouts-ledger'] : ['x'])];
    }),
  );
}

function measureOne(metric: string): void {
  const spec: MetricSpec | undefined = (METRICS as Record<string, MetricSpec>)[metric];
  if (spec === undefined) return;
  const values = valuesOf(spec);
  const rounds = Math.max(1, ...[...values.values()].map(({ length }) => length));
  for (let round = 0; round < rounds; round += 1)
    measureAll((label) => values.get(label)?.[round % (values.get(label)?.length ?? 1)] ?? 'x', {
      amount: 0.02,
      only: metric,
    });
}
