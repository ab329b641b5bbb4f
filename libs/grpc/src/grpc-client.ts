import { ServiceTokens } from '@dailydoco/auth';
import { Client, credentials } from '@grpc/grpc-js';
import { clientOptions, targetOf } from './channel-options.js';
import { ClientRpc } from './client-rpc.js';
import type { GrpcCallOptions, GrpcClient, ServiceDefinition } from './definitions.js';

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
}

/**
 * A client of one service: a method per RPC that takes a request and promises the answer, or an AsyncIterable where
 * answers stream. Every call has a deadline. Errors are DomainErrors: the server's own (reason, detail, field errors,
 * metadata, retryAfterSeconds), UNAVAILABLE when it cannot be reached, DEADLINE_EXCEEDED, CANCELLED.
 */
export function createGrpcClient<D extends ServiceDefinition>(
  definition: D,
  options: GrpcClientOptions<D>,
): GrpcClient<D> {
  const { address, service, serviceSecret: secret, retrySafeMethods = [] } = options;
  const { defaultDeadlineMs = 5_000, defaultStreamDeadlineMs = 600_000 } = options;
  const tokens = new ServiceTokens({ secret, service });
  const safePaths = retrySafeMethods.map((method) => pathOf(definition, method));
  const client = new Client(targetOf(address), credentials.createInsecure(), clientOptions(safePaths));
  let closed = false;
  const parts = {
    client,
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
    client.close();
  };
  return { ...Object.fromEntries(methods), close } as unknown as GrpcClient<D>;
}

function pathOf(definition: ServiceDefinition, method: string): string {
  const path = definition[method]?.path;
  if (path === undefined) throw new RangeError(`the service has no method ${method}`);
  return path;
}
