import type { CallContext } from './call-context.js';

/** One RPC as ts-proto writes it down (`outputServices=grpc-js`). */
export interface RpcDefinition {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: never) => Buffer;
  readonly requestDeserialize: (bytes: Buffer) => unknown;
  readonly responseSerialize: (value: never) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => unknown;
}

/** A service as ts-proto writes it down, such as `PurchaseServiceService`: its RPCs by their lowerCamel names. */
export type ServiceDefinition = Readonly<Record<string, RpcDefinition>>;

export type RequestOf<R extends RpcDefinition> = ReturnType<R['requestDeserialize']>;
export type ResponseOf<R extends RpcDefinition> = ReturnType<R['responseDeserialize']>;

type ReceivedBy<R extends RpcDefinition> = R['requestStream'] extends true ? AsyncIterable<RequestOf<R>> : RequestOf<R>;
type AnsweredBy<R extends RpcDefinition> = R['responseStream'] extends true
  ? AsyncIterable<ResponseOf<R>>
  : Promise<ResponseOf<R>>;

/**
 * What serves one RPC. A stream of requests is read no faster than the handler asks for them; a stream of answers is
 * asked for no faster than the caller takes them.
 */
export type GrpcHandler<R extends RpcDefinition> = (request: ReceivedBy<R>, call: CallContext) => AnsweredBy<R>;

/** All handlers of a service; a controller may say `implements GrpcHandlers<typeof PurchaseServiceService>`. */
export type GrpcHandlers<D extends ServiceDefinition> = { [M in keyof D]: GrpcHandler<D[M]> };

/** What one call may be told. */
export interface GrpcCallOptions {
  /** How long this call may take, in milliseconds. Default: the client's. */
  readonly deadlineMs?: number;
  /** Cancels the call; the server's handler is told. */
  readonly signal?: AbortSignal;
  /** The tenant that the service token names. */
  readonly tenantId?: string;
  /** Passed on instead of a service token: the Authorization header of a person or of an API key. */
  readonly authorization?: string;
  /**
   * The call being served, when this one is part of it: it ends a little earlier, so that its end can still be
   * answered, and is cancelled with it.
   */
  readonly within?: Pick<CallContext, 'deadline' | 'signal'>;
}

type SentTo<R extends RpcDefinition> = R['requestStream'] extends true
  ? AsyncIterable<RequestOf<R>> | Iterable<RequestOf<R>>
  : RequestOf<R>;

/**
 * How a client calls one RPC. A stream of answers begins when it is first asked for an answer and can be read once;
 * leaving it early cancels the call.
 */
export type GrpcClientMethod<R extends RpcDefinition> = (
  request: SentTo<R>,
  options?: GrpcCallOptions,
) => AnsweredBy<R>;

export type GrpcClient<D extends ServiceDefinition> = { readonly [M in keyof D]: GrpcClientMethod<D[M]> } & {
  /** Ends the client's connections; calls under way fail with UNAVAILABLE or CANCELLED. */
  readonly close: () => void;
};

/** `package.Service` of a path. */
export function serviceNameOf(path: string): string {
  return path.slice(1, path.lastIndexOf('/'));
}

/** `Method` of a path. */
export function methodNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const READS = /^(Get|List|Resolve|Check)[A-Z]/;

/** Whether the RPC changes nothing, as its name says: proto's options do not reach ts-proto's definitions. */
export function isRead({ path }: Pick<RpcDefinition, 'path'>): boolean {
  return READS.test(methodNameOf(path));
}

/** `package.Service/Method`: what logs and metrics call an RPC. */
export function rpcNameOf(path: string): string {
  return path.slice(1);
}
