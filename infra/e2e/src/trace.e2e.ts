import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type CollectedSpan, readSpans } from '@dailydoco/testing';
import { expecting, post } from './gateway.js';
import { soon } from './waiting.js';
import type { Purchase } from './wire.js';
import { at, newKey, openTenant, registerChain, sale } from './world.js';

// Where the collector of the fleet under test keeps its spans; a fleet that was started without one cannot be looked into.
const spansFile = process.env['SPANS_FILE'];
const whenTraced = spansFile === undefined ? describe.skip : describe;

/** The spans of one trace, with their ways up. */
class Trace {
  readonly #spans: ReadonlyMap<string, CollectedSpan>;

  constructor(spans: readonly CollectedSpan[]) {
    this.#spans = new Map(spans.map((span) => [span.spanId, span]));
  }

  static read(file: string, traceId: string): Trace {
    return new Trace(readSpans(file).filter((span) => span.traceId === traceId));
  }

  /** The spans of a service by their instrumentation's last word: http, pg, kafkajs … */
  of(service: string, scope: string): CollectedSpan[] {
    return [...this.#spans.values()].filter((span) => span.service === service && span.scope.includes(scope));
  }

  /** The services on the way from a span up to the request, nearest first, each named once in a row. */
  wayUp(span: CollectedSpan): string[] {
    const way: string[] = [];
    for (let here: CollectedSpan | undefined = span; here !== undefined; here = this.#parentOf(here)) {
      if (way.at(-1) !== here.service) way.push(here.service);
    }
    return way;
  }

  /** Spans whose parent nobody has seen. */
  roots(): (string | undefined)[] {
    return [...this.#spans.values()]
      .filter((span) => this.#parentOf(span) === undefined)
      .map((span) => span.parentSpanId);
  }

  #parentOf({ parentSpanId }: CollectedSpan): CollectedSpan | undefined {
    return parentSpanId === undefined ? undefined : this.#spans.get(parentSpanId);
  }
}

whenTraced('the trace of a purchase', () => {
  it('goes from the gateway over HTTP, database, outbox and Kafka into the databases of the consumers', async () => {
    const tenant = await openTenant('trace');
    const chain = await registerChain(tenant, 3);
    const { key } = await newKey(tenant, 'purchases:write');
    const [traceId, callerSpanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
    const headers = { traceparent: `00-${traceId}-${callerSpanId}-01` };
    expecting(201, await post<Purchase>('/v1/purchases', { as: key, json: sale(at(chain, 2)), headers }));
    await soon(async () => {
      const trace = Trace.read(spansFile ?? '', traceId);
      for (const [service, way] of [
        ['viral-engine', ['viral-engine', 'gateway']],
        ['payouts', ['payouts', 'viral-engine', 'gateway']],
        ['analytics', ['analytics', 'viral-engine', 'gateway']],
      ] as const) {
        const statements = trace.of(service, 'instrumentation-pg');
        expect([service, statements.length > 0]).toEqual([service, true]);
        for (const statement of statements) expect(trace.wayUp(statement)).toEqual(way);
      }
      // One tree: what has no parent here hangs from the caller's own span.
      expect(new Set(trace.roots())).toEqual(new Set([callerSpanId]));
    }, 30_000);
  });
});
