import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '..');
const ROOT = join(PROJECT, '../..');
// Below node_modules, where git does not look and packages are found.
const BUILT = join(ROOT, 'node_modules/.cache', `dailydoco-telemetry-${process.pid}`);
const EVENT_TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const INCOMING_TRACEPARENT = '00-11111111111111111111111111111111-2222222222222222-01';

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly kind: number;
}
interface ScopeSpans {
  readonly scope: { readonly name: string };
  readonly spans: readonly Span[];
}
interface Seen {
  readonly httpTraceparent?: string;
  readonly grpcTraceparent?: string;
  readonly eventTraceparent?: string;
  readonly otherTraceparent?: string;
  readonly metrics: string;
}

/** What an OTLP collector received: traces by instrumentation, names of metrics, and every path that was called. */
class Collector {
  readonly spans: { scope: string; span: Span; service: unknown }[] = [];
  readonly metricNames = new Set<string>();
  readonly paths = new Set<string>();
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      this.#take(request.url ?? '', JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  of(scope: string): Span[] {
    return this.spans.filter((held) => held.scope === scope).map(({ span }) => span);
  }

  #take(path: string, body: Record<string, unknown>): void {
    this.paths.add(path);
    type Resource = { attributes: { key: string; value: { stringValue?: string } }[] };
    for (const { resource, scopeSpans } of (body['resourceSpans'] ?? []) as {
      resource: Resource;
      scopeSpans: ScopeSpans[];
    }[]) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue;
      for (const { scope, spans } of scopeSpans) {
        for (const span of spans) this.spans.push({ scope: scope.name, span, service });
      }
    }
    type ScopeMetrics = { metrics: { name: string }[] };
    for (const { scopeMetrics } of (body['resourceMetrics'] ?? []) as { scopeMetrics: ScopeMetrics[] }[]) {
      for (const { metrics } of scopeMetrics) for (const { name } of metrics) this.metricNames.add(name);
    }
  }
}

async function runProgram(env: Record<string, string>): Promise<Seen> {
  const { stdout } = await run(
    process.execPath,
    ['--import', join(BUILT, 'register.js'), join(PROJECT, 'test/fixtures/traced-program.mjs')],
    {
      cwd: PROJECT,
      env: { PATH: process.env['PATH'], TELEMETRY_INDEX: join(BUILT, 'index.js'), EVENT_TRACEPARENT, ...env },
      timeout: 30_000,
    },
  );
  return JSON.parse(stdout) as Seen;
}

beforeAll(async () => {
  const swc = join(ROOT, 'node_modules/.bin/swc');
  const options = ['--strip-leading-paths', '--config-file', '../../.swcrc'];
  await run(swc, ['src', '-d', BUILT, ...options], { cwd: PROJECT });
});

afterAll(() => rmSync(BUILT, { recursive: true, force: true }));

describe('a process started with register and a collector', () => {
  const collector = new Collector();
  let seen: Seen;

  beforeAll(async () => {
    const endpoint = await collector.listen();
    seen = await runProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, INCOMING_TRACEPARENT });
  });
  afterAll(() => collector.close());

  it.each([
    ['http', '@opentelemetry/instrumentation-http', 'POST'],
    ['fastify', '@fastify/otel', 'request'],
    ['grpc-js', '@opentelemetry/instrumentation-grpc', 'test.v1.EchoService/Echo'],
    ['pg', '@opentelemetry/instrumentation-pg', 'pg.query:SELECT'],
    ['ioredis', '@opentelemetry/instrumentation-ioredis', 'get'],
    ['kafkajs', '@opentelemetry/instrumentation-kafkajs', 'send test'],
  ])('traces %s, although it is imported as an ES module', (_library, scope, name) => {
    expect(collector.of(scope).map((span) => span.name)).toContainEqual(expect.stringContaining(name));
  });

  it('keeps the whole request in the trace that came in with it', () => {
    const incoming = INCOMING_TRACEPARENT.split('-')[1];
    expect(new Set(collector.spans.map(({ span }) => span.traceId))).toEqual(new Set([incoming]));
    expect(seen.httpTraceparent).toContain(incoming);
    expect(seen.grpcTraceparent).toContain(incoming);
  });

  it('gives every call one span on its way out and one on its way in', () => {
    const kinds = (scope: string) =>
      collector
        .of(scope)
        .map(({ kind }) => kind)
        .toSorted((a, b) => a - b);
    const [server, client] = [2, 3];
    expect(kinds('@opentelemetry/instrumentation-http')).toEqual([server, client]);
    // Two calls: one by a generated method, one without.
    expect(kinds('@opentelemetry/instrumentation-grpc')).toEqual([server, server, client, client]);
  });

  it('names the HTTP span by its route, not by its path', () => {
    const server = collector.of('@opentelemetry/instrumentation-http').filter(({ kind }) => kind === 2);
    expect(server.map(({ name }) => name)).toEqual(['POST /things/:id']);
  });

  it('leaves an event the trace it was written under, and gives any other message the running one', () => {
    expect(seen.eventTraceparent).toBe(EVENT_TRACEPARENT);
    expect(seen.otherTraceparent).toContain(INCOMING_TRACEPARENT.split('-')[1]);
  });

  it('names the service after its package and sends the metrics of the schema', () => {
    expect(new Set(collector.spans.map(({ service }) => service))).toEqual(new Set(['telemetry']));
    expect(collector.metricNames).toContain('dailydoco_purchases_recorded_total');
    expect([...collector.metricNames].filter((name) => !name.startsWith('dailydoco_'))).toEqual([]);
    expect(collector.paths).toEqual(new Set(['/v1/traces', '/v1/metrics']));
  });
});

describe('a process started with register and no collector', () => {
  it('records nothing, but gives every request a trace id and hands it on by gRPC', async () => {
    const seen = await runProgram({});
    expect(seen.httpTraceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
    expect(seen.grpcTraceparent?.split('-')[1]).toBe(seen.httpTraceparent?.split('-')[1]);
    expect(seen.metrics).toContain('dailydoco_purchases_recorded_total{outcome="created"} 3\n');
    expect(seen.metrics).toMatch(/^dailydoco_process_memory_bytes\{kind="resident"\} [1-9]/m);
  });

  it('takes over the trace that a request came in with', async () => {
    const seen = await runProgram({ INCOMING_TRACEPARENT });
    expect(seen.httpTraceparent?.split('-')[1]).toBe(INCOMING_TRACEPARENT.split('-')[1]);
    expect(seen.grpcTraceparent?.split('-')[1]).toBe(INCOMING_TRACEPARENT.split('-')[1]);
  });

  it('follows the sampler of the settings when there is a collector', async () => {
    const collector = new Collector();
    const endpoint = await collector.listen();
    const seen = await runProgram({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_TRACES_SAMPLER: 'always_off' });
    collector.close();
    expect(collector.spans).toEqual([]);
    expect(seen.httpTraceparent).toMatch(/-00$/);
  });

  it('does no more than measure when OTEL_SDK_DISABLED is set', async () => {
    const seen = await runProgram({ OTEL_SDK_DISABLED: 'true' });
    expect(seen.httpTraceparent).toBeUndefined();
    expect(seen.metrics).toContain('dailydoco_purchases_recorded_total{outcome="created"} 3\n');
  });
});
