import type { Context, TextMapPropagator, TextMapSetter } from '@opentelemetry/api';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';

const w3c = new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });

/**
 * W3C Trace Context and Baggage, with one exception: an event keeps the trace it was written under. The outbox relay
 * sends events of many requests in one go, long after those; the Kafka instrumentation would put the relay's own trace
 * on all of them and cut every trace in two.
 */
export const eventPropagator: TextMapPropagator = {
  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (!isTracedEvent(carrier)) w3c.inject(context, carrier, setter);
  },
  extract: (context, carrier, getter) => w3c.extract(context, carrier, getter),
  fields: () => w3c.fields(),
};

/** The headers of a CloudEvent that says already where it comes from. */
function isTracedEvent(carrier: unknown): boolean {
  return typeof carrier === 'object' && carrier !== null && 'ce_id' in carrier && 'traceparent' in carrier;
}
