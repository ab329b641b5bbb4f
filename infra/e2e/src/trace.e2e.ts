import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { type CollectedSpan, readSpans } from '@dailydoco/testing';
import { expecting, post } from './gateway.js';
import { soon } from './waiting.js';
import type { Purchase } from './wire.js';
import { at, newEmail, newKey, newPassword, openTenant, referralsOf, register, registerChain, sale } from './world.js';

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

  /** Whether the one is somewhere above the other. */
  isAbove(upper: CollectedSpan, lower: CollectedSpan): boolean {
    let here = this.#parentOf(lower);
    while (here !== undefined && here !== upper) here = this.#parentOf(here);
    return here === upper;
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

/** A caller's own span, from which all that follows must hang. */
function newCaller(): { traceId: string; spanId: string; headers: { traceparent: string } } {
  const [traceId, spanId] = [randomBytes(16).toString('hex'), randomBytes(8).toString('hex')];
  return { traceId, spanId, headers: { traceparent: `00-${traceId}-${spanId}-01` } };
}

/** Each way on which a service came to ask its database. */
function waysOf(trace: Trace, service: string): string[] {
  const ways = trace.of(service, 'instrumentation-pg').map((statement) => trace.wayUp(statement).join(' < '));
  return [...new Set(ways)].toSorted();
}

whenTraced('the trace of a registration', () => {
  it('goes from identity by gRPC into viral-engine, and by Kafka into all who remember people', async () => {
    const tenant = await openTenant('trace');
    const { code: referralCode } = await referralsOf(await register(tenant));
    const json = { email: newEmail(), password: newPassword(), displayName: 'Somebody traced', referralCode };
    const { traceId, spanId, headers } = newCaller();
    expecting(201, await post('/v1/auth/register', { host: tenant.host, json, headers }));
    await soon(async () => {
      const trace = Trace.read(spansFile ?? '', traceId);
      const [asked, ...others] = trace.of('viral-engine', 'instrumentation-grpc');
      expect([asked?.name, others.length]).toEqual(['grpc.dailydoco.viral.v1.ReferralService/CheckReferral', 0]);
      if (asked === undefined) return;
      expect(trace.wayUp(asked)).toEqual(['viral-engine', 'identity', 'gateway']);
      const calling = trace.of('identity', 'instrumentation-grpc').filter((span) => trace.isAbove(span, asked));
      expect(calling.length).toBe(1);
      const statements = trace.of('viral-engine', 'instrumentation-pg');
      expect(statements.some((statement) => trace.isAbove(asked, statement))).toBe(true);
      expect(statements.some((statement) => !trace.isAbove(asked, statement))).toBe(true);
      expect(waysOf(trace, 'viral-engine')).toEqual(['viral-engine < identity < gateway']);
      // Of the person it hears from identity, of the referral from viral-engine, which heard it from identity.
      expect(waysOf(trace, 'analytics')).toEqual([
        'analytics < identity < gateway',
        'analytics < viral-engine < identity < gateway',
      ]);
      expect(new Set(trace.roots())).toEqual(new Set([spanId]));
    }, 30_000);
  });
});

whenTraced('the trace of a purchase', () => {
  it('goes from the gateway over HTTP, database, outbox and Kafka into the databases of the consumers', async () => {
    const tenant = await openTenant('trace');
    const chain = await registerChain(tenant, 3);
    const { key } = await newKey(tenant, 'purchases:write');
    const { traceId, spanId, headers } = newCaller();
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
      expect(new Set(trace.roots())).toEqual(new Set([spanId]));
    }, 30_000);
  });
});
