import { DomainError } from '@dailydoco/errors';
import type { PeerGuard, Verdict } from '@dailydoco/resilience';
import { verdictOn } from '@dailydoco/resilience';
import { Metadata } from '@grpc/grpc-js';
import type { Client } from '@grpc/grpc-js';
import type { Readable, Writable } from 'node:stream';
import { measureCall } from './call-metrics.js';
import { clientDeadline } from './deadlines.js';
import { rpcNameOf } from './definitions.js';
import type { GrpcCallOptions, RpcDefinition } from './definitions.js';
import { messagesOf, writeAll } from './message-streams.js';
import { domainErrorOf } from './wire-status.js';

export interface ClientRpcParts {
  readonly client: Client;
  readonly isClosed: () => boolean;
  readonly tokenFor: (tenantId: string | undefined) => Promise<string>;
  readonly defaultDeadlineMs: number;
  /** Of all RPCs of the client. Must judge by `blameOf`. */
  readonly guard: PeerGuard;
}

/** What grpc-js needs to begin a call. */
interface Prepared {
  readonly metadata: Metadata;
  readonly callOptions: { readonly deadline: number };
  /** The call it is part of leaves it less time than it wanted. */
  readonly cutShort: boolean;
}

/** How a call ended through no fault of the server: its caller left, or had not left it the time that it needs. */
class Blameless {
  readonly told: unknown;

  constructor(told: unknown) {
    this.told = told;
  }
}

/** What the end of a call says about the server. */
export function blameOf(error: unknown): Verdict {
  return error instanceof Blameless ? 'unknown' : verdictOn(error);
}

type Source = AsyncIterable<unknown> | Iterable<unknown>;
type Answered = (error: Error | null, response?: unknown) => void;

const same = (bytes: Buffer): Buffer => bytes;

/** One RPC as a client calls it. Requests are encoded here: one that cannot be is the caller's bug, thrown as it is. */
export class ClientRpc {
  readonly #rpc: RpcDefinition;
  readonly #name: string;
  readonly #parts: ClientRpcParts;

  constructor(rpc: RpcDefinition, parts: ClientRpcParts) {
    this.#rpc = rpc;
    this.#name = rpcNameOf(rpc.path);
    this.#parts = parts;
  }

  call(request: unknown, options: GrpcCallOptions): Promise<unknown> | AsyncGenerator<unknown, void, undefined> {
    return this.#rpc.responseStream ? this.#streaming(request, options) : this.#promising(request, options);
  }

  async #promising(request: unknown, options: GrpcCallOptions): Promise<unknown> {
    const ended = measureCall('client', this.#name);
    const call = new CancellableCall(options);
    try {
      const prepared = await this.#prepare(options);
      const send = (): Promise<unknown> =>
        this.#rpc.requestStream
          ? this.#sendStream(request as Source, prepared, call)
          : this.#sendOne(request, prepared, call);
      const response = await this.#parts.guard.run(async () => {
        try {
          return await send();
        } catch (error) {
          throw call.blamed(error, prepared);
        }
      }, call.patience(prepared));
      ended();
      return response;
    } catch (error) {
      const told = call.explain(error);
      ended(told);
      throw told;
    } finally {
      call.finish();
    }
  }

  #sendOne(request: unknown, { metadata, callOptions }: Prepared, call: CancellableCall): Promise<unknown> {
    const bytes = this.#encode(request);
    const { promise, callback } = answerOf();
    const { path, responseDeserialize } = this.#rpc;
    call.started(
      this.#parts.client.makeUnaryRequest(path, same, responseDeserialize, bytes, metadata, callOptions, callback),
    );
    return call.orCancelled(promise);
  }

  #sendStream(requests: Source, { metadata, callOptions }: Prepared, call: CancellableCall): Promise<unknown> {
    const { promise, callback } = answerOf();
    const { path, responseDeserialize } = this.#rpc;
    const stream = this.#parts.client.makeClientStreamRequest(
      path,
      same,
      responseDeserialize,
      metadata,
      callOptions,
      callback,
    );
    call.started(stream);
    this.#pump(stream, requests, call);
    return call.orCancelled(promise);
  }

  async *#streaming(request: unknown, options: GrpcCallOptions): AsyncGenerator<unknown, void, undefined> {
    const ended = measureCall('client', this.#name);
    const call = new CancellableCall(options);
    try {
      yield* this.#guardedStream(request, await this.#prepare(options), call);
      ended();
    } catch (error) {
      const told = call.explain(error);
      ended(told);
      throw told;
    } finally {
      // Only a reader that left early comes here without having said how it ended.
      ended(new DomainError('CANCELLED'));
      call.finish();
    }
  }

  /** The first message shows that the server is there; the place among its calls is kept to the end. */
  async *#guardedStream(request: unknown, prepared: Prepared, call: CancellableCall): AsyncGenerator<unknown> {
    const passage = await this.#parts.guard.enter(call.patience(prepared));
    // What holds for a reader that leaves early: neither well nor badly ended.
    let end: unknown = new Blameless(new DomainError('CANCELLED'));
    try {
      const stream = this.#open(request, prepared, call);
      // The reader below takes its listener away when it leaves; an error after that must not be an uncaught one.
      stream.on('error', () => undefined);
      stream.once('readable', passage.answered);
      yield* messagesOf(stream, call.cancelled);
      end = undefined;
    } catch (error) {
      end = call.blamed(error, prepared);
      throw end;
    } finally {
      passage.end(end);
    }
  }

  #open(request: unknown, { metadata, callOptions }: Prepared, call: CancellableCall): Readable {
    const { path, responseDeserialize, requestStream } = this.#rpc;
    const { client } = this.#parts;
    if (requestStream) {
      const stream = client.makeBidiStreamRequest(path, same, responseDeserialize, metadata, callOptions);
      call.started(stream);
      this.#pump(stream, request as Source, call);
      return stream;
    }
    const bytes = this.#encode(request);
    const stream = client.makeServerStreamRequest(path, same, responseDeserialize, bytes, metadata, callOptions);
    call.started(stream);
    return stream;
  }

  /** Sends the requests in the background; when their source fails, the call ends with that error. */
  #pump(stream: Writable, requests: Source, call: CancellableCall): void {
    writeAll(stream, requests, this.#encode, call.over).then(
      () => stream.end(),
      (error: unknown) => call.cancel(error),
    );
  }

  async #prepare(options: GrpcCallOptions): Promise<Prepared> {
    if (this.#parts.isClosed()) throw new DomainError('UNAVAILABLE', { cause: new Error('the gRPC client is closed') });
    const wanted = { wantedMs: options.deadlineMs ?? this.#parts.defaultDeadlineMs, within: options.within?.deadline };
    const nowMs = Date.now();
    const deadline = clientDeadline(wanted, nowMs);
    const cutShort = deadline < nowMs + wanted.wantedMs;
    if (deadline <= nowMs) throw new DomainError('DEADLINE_EXCEEDED');
    const authorization = options.authorization ?? `Bearer ${await this.#parts.tokenFor(options.tenantId)}`;
    return { metadata: metadataWith(authorization), callOptions: { deadline }, cutShort };
  }

  readonly #encode = (request: unknown): Buffer => this.#rpc.requestSerialize(request as never);
}

/** The end of one call, from whichever side it comes first: its caller, the call it is part of, or its own end. */
class CancellableCall {
  readonly #signals: readonly AbortSignal[];
  readonly #cancelled = new AbortController();
  readonly #over = new AbortController();
  #call: { cancel(): void } | undefined;

  constructor({ signal, within }: GrpcCallOptions) {
    this.#signals = [signal, within?.signal].filter((given) => given !== undefined);
    for (const given of this.#signals) {
      if (given.aborted) this.cancel(reasonOf(given));
      else given.addEventListener('abort', this.#onAbort);
    }
  }

  /** Aborts when the call is cancelled; its reason is what the caller is told. */
  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  /** Aborts when the call is over, well or not. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  started(call: { cancel(): void }): void {
    this.#call = call;
    if (this.cancelled.aborted) call.cancel();
  }

  cancel(reason: unknown): void {
    this.#cancelled.abort(reason);
    this.#over.abort();
    this.#call?.cancel();
  }

  async orCancelled<T>(answer: Promise<T>): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(this.cancelled.reason);
    if (this.cancelled.aborted) onAbort();
    else this.cancelled.addEventListener('abort', onAbort, { once: true });
    return Promise.race([answer, promise]);
  }

  /** How long it may wait for its turn. */
  patience({ callOptions }: Prepared): { signal: AbortSignal; waitMs: number } {
    return { signal: this.cancelled, waitMs: Math.max(0, callOptions.deadline - Date.now()) };
  }

  /** What the caller is told when the call failed with this error. */
  explain(error: unknown): unknown {
    if (error instanceof Blameless) return error.told;
    return this.cancelled.aborted ? this.cancelled.reason : domainErrorOf(error);
  }

  /** The same for the guard, which must not hold against the server what the caller did. */
  blamed(error: unknown, { cutShort }: Prepared): unknown {
    const told = this.explain(error);
    const tooLate = cutShort && told instanceof DomainError && told.reason === 'DEADLINE_EXCEEDED';
    return this.cancelled.aborted || tooLate ? new Blameless(told) : told;
  }

  finish(): void {
    for (const given of this.#signals) given.removeEventListener('abort', this.#onAbort);
    this.#over.abort();
    // Nothing happens to a call that has ended; one whose reader left early is ended by it.
    this.#call?.cancel();
  }

  readonly #onAbort = (event: Event): void => {
    if (event.target instanceof AbortSignal) this.cancel(reasonOf(event.target));
  };
}

/** A call cancelled by a call it is part of ends for that one's reason. */
function reasonOf(signal: AbortSignal): DomainError {
  const reason: unknown = signal.reason;
  return reason instanceof DomainError ? reason : new DomainError('CANCELLED', { cause: reason });
}

function answerOf(): { promise: Promise<unknown>; callback: Answered } {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  // When the caller cancelled, nobody waits for what the call ended with.
  promise.catch(() => undefined);
  return { promise, callback: (error, response) => (error === null ? resolve(response) : reject(error)) };
}

/** grpc-js's own complaint about a header that cannot be sent would quote it. */
function metadataWith(authorization: string): Metadata {
  const metadata = new Metadata();
  try {
    metadata.set('authorization', authorization);
  } catch {
    throw new DomainError('UNAUTHENTICATED');
  }
  return metadata;
}
