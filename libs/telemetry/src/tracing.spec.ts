import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { SpanKind, SpanStatusCode, context, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { currentTraceIds, currentTraceparent, withSpan, withTraceparent } from './tracing.js';

const exporter = new InMemorySpanExporter();
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});
afterAll(async () => {
  trace.disable();
  context.disable();
  await provider.shutdown();
});
beforeEach(() => exporter.reset());

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const PARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`;

describe('withTraceparent', () => {
  it('continues the trace it is given in a span of the role it is given', async () => {
    const inside = await withTraceparent(PARENT, 'apply PurchaseRecorded', 'consumer', async () =>
      currentTraceparent(),
    );
    const [span] = exporter.getFinishedSpans();
    expect(inside).toBe(`00-${TRACE_ID}-${span?.spanContext().spanId}-01`);
    expect(span).toMatchObject({ name: 'apply PurchaseRecorded', kind: SpanKind.CONSUMER });
    expect(span?.parentSpanContext?.spanId).toBe('b7ad6b7169203331');
  });

  it('gives what it wrote back to itself: a traceparent survives a hop', async () => {
    const stored = await withTraceparent(undefined, 'write', 'internal', () => currentTraceparent());
    const ids = await withTraceparent(stored, 'read', 'consumer', () => currentTraceIds());
    expect(ids?.traceId).toBe(stored?.split('-')[1]);
  });

  it.each([
    undefined,
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    `ff-${TRACE_ID}-b7ad6b7169203331-01`,
    `00-${TRACE_ID.toUpperCase()}-b7ad6b7169203331-01`,
  ])('begins a new trace for %p', async (traceparent) => {
    await withTraceparent(traceparent, 'apply', 'consumer', () => undefined);
    const [span] = exporter.getFinishedSpans();
    expect(span?.parentSpanContext).toBeUndefined();
    expect(span?.spanContext().traceId).not.toBe(TRACE_ID);
  });

  it('does not mix with a trace that happens to be running', async () => {
    await withSpan('outer', {}, () => withTraceparent(PARENT, 'inner', 'consumer', () => undefined));
    const inner = exporter.getFinishedSpans().find(({ name }) => name === 'inner');
    expect(inner?.spanContext().traceId).toBe(TRACE_ID);
  });
});

describe('withSpan', () => {
  it('nests, and hands on what the work returns', async () => {
    const result = await withSpan('outer', { writer: 'purchases' }, () => withSpan('inner', {}, async () => 42));
    const [inner, outer] = exporter.getFinishedSpans();
    expect(result).toBe(42);
    expect(outer?.attributes).toEqual({ writer: 'purchases' });
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
  });

  it('marks the span of failed work, throws the same error, and keeps its message out', async () => {
    const failure = new RangeError('card 4111 1111');
    await expect(withSpan('failing', {}, () => Promise.reject(failure))).rejects.toBe(failure);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'RangeError' });
    expect(JSON.stringify([span?.status, span?.events, span?.attributes])).not.toContain('4111');
  });

  it('is over when the work is', async () => {
    await withSpan('done', {}, () => undefined);
    expect(currentTraceparent()).toBeUndefined();
    expect(exporter.getFinishedSpans()).toHaveLength(1);
  });
});
