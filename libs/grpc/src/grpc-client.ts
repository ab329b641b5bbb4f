import { ServiceTokens } from '@dailydoco/auth';
import { type BreakerLogger, PeerGuard } from '@dailydoco/resilience';
import { Client } from '@grpc/grpc-js';
import { clientOptions, targetOf } from './channel-options.js';
import { blameOf, ClientRpc } from './client-rpc.js';
import { serviceNameOf } from './definitions.js';
import type { GrpcCallOptions, GrpcClient, ServiceDefinition } from './definitions.js';
import { channelCredentialsOf } from './tls.js';
import type { GrpcTls } from './tls.js';

export interface GrpcClientOptions<D extends ServiceDefinition = ServiceDefinition> {
  /** `host:port`, looked up in DNS, each address found getting its share; or a target of grpc-js (`ipv4:…,…`). */
  readonly address: string;
  /** The calling service's own name. */
  readonly service: string;
  /** The services' shared secret: calls carry a token signed with it. */
  readonly serviceSecret: string;
  /** Deadline of a call with one request and one answer. Default 5,000. */
  readonly defaultDeadlineMs?: number;
  /** Deadline of a call with a stream in it. Default 600,000. */
  readonly defaultStreamDeadlineMs?: number;
  /** Methods whose proto says "Safe to retry": they are, twice at most, when the server cannot be reached. */
  readonly retrySafeMethods?: readonly (keyof D & string)[];
  /** How it shows itself, and knows the server. Absent: plain text. */
  readonly tls?: Pick<GrpcTls, 'certificates'> | undefined;
  readonly limits?: GrpcClientLimits;
  /** Told when the breaker opens and closes. */
  readonly logger?: BreakerLogger;
}

/** What a server in trouble may cost its callers. */
export interface GrpcClientLimits {
  /** Most calls at a time, streams included. Default 200. */
  readonly concurrent?: number;
  /** Most calls that wait for their turn, within their deadline. Default 200. */
  readonly queued?: number;
  /** The breaker opens after so many calls in a row that were not answered. Default 10. */
  readonly failuresInRow?: number;
  /** How long it is open at first, and at most, in ms. Default 500 and 5,000. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

const CONCURRENT = 200;
const QUEUED = 200;

/**
 * A client of one service: a method per RPC that takes a request and promises the answer, or an AsyncIterable where
 * answers stream. Every call has a deadline. Errors are DomainErrors: the server's own (reason, detail, field errors,
 * metadata, retryAfterSeconds), UNAVAILABLE when it cannot be reached, DEADLINE_EXCEEDED, CANCELLED. When it has not been
 * reached for some calls in a row it is left alone for a while (UNAVAILABLE at once), and no more calls are under way than
 * `limits` allow (OVERLOADED).
 */
export function createGrpcClient<D extends ServiceDefinition>(
  definition: D,
  options: GrpcClientOptions<D>,
): GrpcClient<D> {
  const { address, service, serviceSecret: secret, retrySafeMethods = [] } = options;
  const { defaultDeadlineMs = 5_000, defaultStreamDeadlineMs = 600_000 } = options;
  const tokens = new ServiceTokens({ secret, service });
  const safePaths = retrySafeMethods.map((method) => pathOf(definition, method));
  const client = new Client(targetOf(address), channelCredentialsOf(options.tls), clientOptions(safePaths));
  const guard = new PeerGuard({
    client: peerOf(definition),
    concurrent: CONCURRENT,
    queued: QUEUED,
    ...options.limits,
    judge: blameOf,
    logger: options.logger,
  });
  let closed = false;
  const parts = {
    client,
    guard,
    isClosed: () => closed,
    tokenFor: (tenantId: string | undefined) => tokens.tokenFor(tenantId),
  };
  const methods = Object.entries(definition).map(([method, rpc]) => {
    const streams = rpc.requestStream || rpc.responseStream;
    const call = new ClientRpc(rpc, {
      ...parts,
      defaultDeadlineMs: streams ? defaultStreamDeadlineMs : defaultDeadlineMs,
    });
    return [method, (request: unknown, callOptions: GrpcCallOptions = {}) => call.call(request, callOptions)] as const;
  });
  const close = (): void => {
    closed = true;
    guard.close();
    client.close();
  };
  return { ...Object.fromEntries(methods), close } as unknown as GrpcClient<D>;
}

/** `package.Service`: the name of the peer in metrics and logs. */
function peerOf(definition: ServiceDefinition): string {
  const [rpc] = Object.values(definition);
  if (rpc === undefined) throw new RangeError('a service without methods cannot be called');
  return serviceNameOf(rpc.path);
}

function pathOf(definition: ServiceDefinition, method: string): string {
  const path = definition[method]?.path;
  if (path === undefined) throw new RangeError(`the service has no method ${method}`);
  return path;
}
