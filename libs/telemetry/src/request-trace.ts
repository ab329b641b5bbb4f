import type { IncomingMessage } from 'node:http';
import { Server } from 'node:http';
import { ROOT_CONTEXT, context, trace } from '@opentelemetry/api';
import { contextOfTraceparent } from './tracing.js';

/** Probes and scrapes come every few seconds for ever and tell nobody anything. */
export const UNTRACED_PATH = /^\/(?:health\/|healthz|metrics)/;

type Emit = (this: Server, event: string, ...values: unknown[]) => boolean;

/**
 * Gives every incoming HTTP request a trace id and nothing else. OpenTelemetry's own instrumentation costs each request
 * about as much as an empty handler, which is fair for spans that somebody looks at and too much for ids in a log.
 */
export function traceIncomingRequests(): void {
  const emit: Emit = Reflect.get(Server.prototype, 'emit');
  const traced: Emit = function (event, ...values) {
    const [request] = values;
    if (event !== 'request' || !isRequest(request) || UNTRACED_PATH.test(request.url ?? '')) {
      return emit.call(this, event, ...values);
    }
    const { traceparent } = request.headers;
    const parent = contextOfTraceparent(typeof traceparent === 'string' ? traceparent : undefined);
    const requestContext = trace.setSpan(ROOT_CONTEXT, trace.getTracer('dailydoco').startSpan('request', {}, parent));
    // A body arrives by events that start at the socket, outside of the request's context: they are brought back into it.
    const emitOfRequest = request.emit.bind(request);
    request.emit = (...event: Parameters<typeof emitOfRequest>) =>
      context.with(requestContext, () => emitOfRequest(...event));
    return context.with(requestContext, () => emit.call(this, event, ...values));
  };
  Reflect.set(Server.prototype, 'emit', traced);
}

function isRequest(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && 'headers' in value && 'emit' in value;
}
