import { IncomingMessage, Server } from 'node:http';
import { type Context, ROOT_CONTEXT, context, trace } from '@opentelemetry/api';
import { contextOfTraceparent } from './tracing.js';

/** Probes and scrapes come every few seconds for ever and tell nobody anything. */
export const UNTRACED_PATH = /^\/(?:health\/|healthz|metrics)/;

type Emit<Emitter> = (this: Emitter, event: string, ...values: unknown[]) => boolean;

const CONTEXT = Symbol('context');
interface TracedRequest extends IncomingMessage {
  [CONTEXT]?: Context;
}

/**
 * Gives every incoming HTTP request a trace id and nothing else. OpenTelemetry's own instrumentation costs each request
 * about as much as an empty handler, which is fair for spans that somebody looks at and too much for ids in a log.
 *
 * Neither an array nor a function is kept that holds the request: V8 comes to put those where only full collections look,
 * each request then outlives every young collection with all that was made for it, and these pause the process longer.
 */
export function traceIncomingRequests(): void {
  const emit: Emit<Server> = Reflect.get(Server.prototype, 'emit');
  const traced: Emit<Server> = function (event, request, second, ...others) {
    if (event !== 'request' || !(request instanceof IncomingMessage)) {
      return emit.call(this, event, request, second, ...others);
    }
    if (UNTRACED_PATH.test(request.url ?? '')) return emit.call(this, event, request, second);
    const { traceparent } = request.headers;
    const parent = contextOfTraceparent(typeof traceparent === 'string' ? traceparent : undefined);
    const requestContext = trace.setSpan(ROOT_CONTEXT, trace.getTracer('dailydoco').startSpan('request', {}, parent));
    (request as TracedRequest)[CONTEXT] = requestContext;
    return context.with(requestContext, () => emit.call(this, event, request, second));
  };
  Reflect.set(Server.prototype, 'emit', traced);
  bringBodiesIntoContext();
}

/** A body arrives by events that start at the socket, outside of the request's context: they are brought back into it. */
function bringBodiesIntoContext(): void {
  const emit: Emit<TracedRequest> = Reflect.get(IncomingMessage.prototype, 'emit');
  const inContext: Emit<TracedRequest> = function (event, ...values) {
    const own = this[CONTEXT];
    if (own === undefined) return emit.call(this, event, ...values);
    return context.with(own, () => emit.call(this, event, ...values));
  };
  Reflect.set(IncomingMessage.prototype, 'emit', inContext);
}
