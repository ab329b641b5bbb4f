import { ROOT_CONTEXT, SpanKind, SpanStatusCode, context, isSpanContextValid, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span, SpanContext } from '@opentelemetry/api';

// W3C Trace Context, version 00: version, trace id, parent span id, flags; lower-case hexadecimal.
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const;
/** The role a span plays towards the one it belongs to. */
export type SpanRole = keyof typeof KINDS;

const tracer = trace.getTracer('dailydoco');

/** The trace that the running code belongs to; undefined outside of any. */
export function currentTraceIds(): { readonly traceId: string; readonly spanId: string } | undefined {
  const current = currentSpanContext();
  return current === undefined ? undefined : { traceId: current.traceId, spanId: current.spanId };
}

/** The running span as a W3C `traceparent`, to be stored or sent beside a message; undefined outside of any trace. */
export function currentTraceparent(): string | undefined {
  const current = currentSpanContext();
  if (current === undefined) return undefined;
  return `00-${current.traceId}-${current.spanId}-${current.traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Runs `fn` in a span that continues the trace of a `traceparent` received with a message. Without one, or with one
 * that is not well-formed, a new trace begins: a stranger's header never makes the work fail.
 */
export async function withTraceparent<T>(
  traceparent: string | undefined,
  name: string,
  role: SpanRole,
  fn: () => Promise<T> | T,
): Promise<T> {
  const parent = contextOfTraceparent(traceparent);
  return runInSpan(tracer.startSpan(name, { kind: KINDS[role] }, parent), parent, fn);
}

/** Runs `fn` in a span of the current trace; an error marks the span and is thrown on unchanged. */
export async function withSpan<T>(name: string, attributes: Attributes, fn: () => Promise<T> | T): Promise<T> {
  const parent = context.active();
  return runInSpan(tracer.startSpan(name, { attributes }, parent), parent, fn);
}

async function runInSpan<T>(span: Span, parent: Context, fn: () => Promise<T> | T): Promise<T> {
  try {
    return await context.with(trace.setSpan(parent, span), fn);
  } catch (error) {
    // The name only: a message may carry what somebody typed.
    span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'not an Error' });
    throw error;
  } finally {
    span.end();
  }
}

function currentSpanContext(): SpanContext | undefined {
  const current = trace.getActiveSpan()?.spanContext();
  return current !== undefined && isSpanContextValid(current) ? current : undefined;
}

/** The context in which a received `traceparent` is the parent; an empty one when it is not well-formed. */
export function contextOfTraceparent(traceparent: string | undefined): Context {
  const parent = parseTraceparent(traceparent);
  return parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
}

function parseTraceparent(traceparent: string | undefined): SpanContext | undefined {
  const match = TRACEPARENT.exec(traceparent ?? '');
  if (match === null || traceparent?.startsWith('ff')) return undefined;
  const [, traceId = '', spanId = '', flags = '00'] = match;
  const parsed = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return isSpanContextValid(parsed) ? parsed : undefined;
}
