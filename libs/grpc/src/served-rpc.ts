import type { PeerCertificate } from 'node:tls';
import type { Access, Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import type { LoadShedder } from '@dailydoco/resilience';
import { currentTraceparent } from '@dailydoco/telemetry';
import type { Logger } from '@dailydoco/telemetry';
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
  Metadata,
  ServerDuplexStream,
  ServerWritableStream,
  UntypedHandleCall,
} from '@grpc/grpc-js';
import { isObservable, lastValueFrom } from 'rxjs';
import { ActiveCall } from './active-call.js';
import type { EndableCall } from './active-call.js';
import { ServedCallContext } from './call-context.js';
import type { CallContext } from './call-context.js';
import { measureCall } from './call-metrics.js';
import type { DeadlineLimits } from './deadlines.js';
import { isRead, rpcNameOf } from './definitions.js';
import type { RpcDefinition } from './definitions.js';
import { decoded, orAborted, requestsOf, writeAll } from './message-streams.js';
import type { KnownClients } from './tls.js';
import { isBug, refusalOf, statusErrorOf } from './wire-status.js';

/** A handler as Nest hands it over: wrapped in its guards, interceptors and filters. */
export type BoundHandler = (request: unknown, call: CallContext) => unknown;

/** What serving one RPC needs beside its definition. */
export interface ServedRpcParts {
  readonly handler: BoundHandler;
  readonly access: Access;
  readonly limits: DeadlineLimits;
  readonly admit: (authorization: string | undefined, access: Access) => Promise<Principal | undefined>;
  readonly logger: Logger;
  /** Calls under way in the whole server; a drain that runs out of time ends them. */
  readonly activeCalls: Set<ActiveCall>;
  readonly shedder: LoadShedder;
  /** Whose certificates are let in; undefined: all that got a connection. */
  readonly clients: KnownClients | undefined;
  /** While it says so, only RPCs that read are served. */
  readonly isReadOnly: () => boolean;
}

interface IncomingCall extends EndableCall {
  readonly metadata: Metadata;
  getAuthContext(): { sslPeerCertificate?: PeerCertificate };
}

/**
 * Serves one RPC over grpc-js. Messages pass grpc-js as bytes and are encoded and decoded here, so that a message that
 * cannot be read is the caller's typed error and one that cannot be written is a logged bug.
 */
export class ServedRpc {
  readonly #rpc: RpcDefinition;
  readonly #name: string;
  readonly #parts: ServedRpcParts;

  constructor(rpc: RpcDefinition, parts: ServedRpcParts) {
    this.#rpc = rpc;
    this.#name = rpcNameOf(rpc.path);
    this.#parts = parts;
  }

  /** The implementation to register with grpc-js under this RPC's definition from `asBytes`. */
  implementation(): UntypedHandleCall {
    if (this.#rpc.responseStream) return this.#rpc.requestStream ? this.#bidi : this.#serverStream;
    return this.#rpc.requestStream ? this.#clientStream : this.#unary;
  }

  readonly #unary: handleUnaryCall<Buffer, Buffer> = (call, respond) => {
    this.#serve(call, async (context) => this.#encode(await this.#handle(this.#decode(call.request), context))).then(
      (bytes) => respond(null, bytes),
      (error: unknown) => respond(statusErrorOf(error)),
    );
  };

  readonly #clientStream: handleClientStreamingCall<Buffer, Buffer> = (call, respond) => {
    this.#serve(call, async (context) => {
      const requests = decoded(requestsOf(call, context.signal), this.#decode);
      return this.#encode(await this.#handle(requests, context));
    }).then(
      (bytes) => respond(null, bytes),
      (error: unknown) => respond(statusErrorOf(error)),
    );
  };

  readonly #serverStream: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    this.#serveStream(call, () => this.#decode(call.request));
  };

  readonly #bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    this.#serveStream(call, ({ signal }) => decoded(requestsOf(call, signal), this.#decode));
  };

  #serveStream(
    call: ServerWritableStream<Buffer, Buffer> | ServerDuplexStream<Buffer, Buffer>,
    requestOf: (context: CallContext) => unknown,
  ): void {
    this.#serve(call, async (context) => {
      const responses = await this.#handle(requestOf(context), context);
      if (!isAsyncIterable(responses)) throw new TypeError(`the handler of ${this.#name} must return an AsyncIterable`);
      await writeAll(call, responses, this.#encode, context.signal);
    }).then(
      () => call.end(),
      (error: unknown) => call.emit('error', statusErrorOf(error)),
    );
  }

  /** Runs the work of one call under its deadline, and rejects with what its caller is to be told. */
  async #serve<T>(call: IncomingCall, work: (context: CallContext) => Promise<T>): Promise<T> {
    const { activeCalls, shedder } = this.#parts;
    const ended = measureCall('server', this.#name);
    const overload = shedder.enter();
    if (overload !== undefined) {
      ended(overload);
      throw overload;
    }
    const active = new ActiveCall(call, this.#parts.limits);
    activeCalls.add(active);
    try {
      const result = await orAborted(this.#work(call, active, work), active.signal);
      ended();
      return result;
    } catch (thrown) {
      const error = refusalOf(thrown);
      if (isBug(error)) this.#parts.logger.error({ err: error, rpc: this.#name }, 'call failed');
      else if (error !== thrown) this.#parts.logger.warn({ err: thrown, rpc: this.#name }, 'call failed');
      ended(error);
      throw error;
    } finally {
      active.settle();
      activeCalls.delete(active);
      shedder.leave();
    }
  }

  async #work<T>(call: IncomingCall, active: ActiveCall, work: (context: CallContext) => Promise<T>): Promise<T> {
    const { signal, deadline } = active;
    const { admit, access, logger, clients, isReadOnly } = this.#parts;
    clients?.assertKnows(call);
    if (isReadOnly() && !isRead(this.#rpc)) throw new DomainError('READ_ONLY');
    const caller = await admit(firstText(call.metadata, 'authorization'), access);
    signal.throwIfAborted();
    const context = new ServedCallContext({
      signal,
      deadline,
      caller,
      traceparent: currentTraceparent() ?? firstText(call.metadata, 'traceparent'),
      makeLogger: () => logger.child({ rpc: this.#name }),
    });
    try {
      return await work(context);
    } catch (error) {
      // The caller has its answer already, so this is the last place that hears of it.
      if (signal.aborted && isBug(error) && !isAbortError(error)) {
        context.logger.warn({ err: error }, 'call failed after its end');
      }
      throw error;
    }
  }

  async #handle(request: unknown, context: CallContext): Promise<unknown> {
    const answer: unknown = await this.#parts.handler(request, context);
    // Nest answers with an Observable when an interceptor or a filter had a hand in it.
    return isObservable(answer) ? lastValueFrom(answer) : answer;
  }

  readonly #decode = (bytes: unknown): unknown => {
    try {
      return this.#rpc.requestDeserialize(bytes as Buffer);
    } catch (cause) {
      throw new DomainError('MALFORMED_REQUEST', { cause });
    }
  };

  readonly #encode = (response: unknown): Buffer => this.#rpc.responseSerialize(response as never);
}

/** The definition under which grpc-js passes messages through as they are. */
export function asBytes(rpc: RpcDefinition) {
  const same = (bytes: Buffer): Buffer => bytes;
  const { path, requestStream, responseStream } = rpc;
  const codecs = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { path, requestStream, responseStream, ...codecs };
}

function firstText(metadata: Metadata, key: string): string | undefined {
  const [value] = metadata.get(key);
  return typeof value === 'string' ? value : undefined;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
