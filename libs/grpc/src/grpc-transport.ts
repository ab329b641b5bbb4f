import type { Access, Authenticator } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import type { Lifecycle } from '@dailydoco/lifecycle';
import { LoadShedder } from '@dailydoco/resilience';
import type { Logger } from '@dailydoco/telemetry';
import { Server } from '@grpc/grpc-js';
import type { ServerCredentials } from '@grpc/grpc-js';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { ActiveCall } from './active-call.js';
import { bindAddress, serverOptions } from './channel-options.js';
import { assertLimits } from './deadlines.js';
import type { DeadlineLimits } from './deadlines.js';
import { rpcNameOf } from './definitions.js';
import type { RpcDefinition, ServiceDefinition } from './definitions.js';
import { GRPC_TRANSPORT_ID } from './grpc-controller.js';
import type { HandlerExtras } from './grpc-controller.js';
import { GrpcHealth } from './health.js';
import { asBytes, ServedRpc } from './served-rpc.js';
import type { BoundHandler } from './served-rpc.js';
import { KnownClients, serverCredentialsOf } from './tls.js';
import type { GrpcTls } from './tls.js';

export interface GrpcTransportOptions {
  readonly host: string;
  /** 0 takes a free one; see `boundPort`. */
  readonly port: number;
  /** ts-proto's definitions, such as `PurchaseServiceService`. Each of their RPCs must have a handler. */
  readonly services: readonly ServiceDefinition[];
  readonly authenticator: Pick<Authenticator, 'admit'>;
  readonly lifecycle: Pick<Lifecycle, 'onStop' | 'signal'>;
  readonly logger: Logger;
  /** After this a connection is closed gently, so that clients find new replicas. Default 60,000, give or take 10 %. */
  readonly maxConnectionAgeMs?: number;
  /** Deadline of a call with one request and one answer whose client set none. Default 5,000. */
  readonly defaultDeadlineMs?: number;
  /** Longest deadline of such a call; a longer wish is cut to it. Default 60,000. */
  readonly maxDeadlineMs?: number;
  /** The same two for calls with a stream in them. Defaults 600,000 and 3,600,000. */
  readonly defaultStreamDeadlineMs?: number;
  readonly maxStreamDeadlineMs?: number;
  /** How long a drain waits for calls under way before it ends them with UNAVAILABLE. Default 8,000. */
  readonly drainTimeoutMs?: number;
  /** Who may connect, and how this server shows itself. Absent: plain text. */
  readonly tls?: GrpcTls | undefined;
  /** Turns calls away before they are begun; health is not asked. Default: past 1,000 at a time. */
  readonly shedder?: LoadShedder;
  /** While it says so, only RPCs that read (Get, List, Resolve, Check) are served; others are told READ_ONLY. Default never. */
  readonly isReadOnly?: () => boolean;
}

const IN_FLIGHT_MAX = 1_000;

/** What is left for the UNAVAILABLE answers to leave after a drain has run out of time. */
const LAST_ANSWERS_MS = 500;

interface RegisteredHandler extends HandlerExtras {
  readonly handler: BoundHandler;
}

/**
 * A Nest transport that serves gRPC with ts-proto's own codecs, so that an int64 is a bigint from end to end:
 * `app.connectMicroservice({ strategy: new GrpcTransport({ … }) })`. Registers its own drain with the lifecycle.
 */
export class GrpcTransport implements CustomTransportStrategy {
  readonly transportId = GRPC_TRANSPORT_ID;
  readonly #options: GrpcTransportOptions;
  readonly #unaryLimits: DeadlineLimits;
  readonly #streamLimits: DeadlineLimits;
  readonly #server: Server;
  readonly #health: GrpcHealth;
  readonly #handlers = new Map<string, RegisteredHandler>();
  readonly #problems: string[] = [];
  readonly #activeCalls = new Set<ActiveCall>();
  readonly #shedder: LoadShedder;
  readonly #clients: KnownClients | undefined;
  #boundPort: number | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: GrpcTransportOptions) {
    this.#options = options;
    const { defaultDeadlineMs = 5_000, maxDeadlineMs = 60_000, maxConnectionAgeMs = 60_000 } = options;
    const { defaultStreamDeadlineMs = 600_000, maxStreamDeadlineMs = 3_600_000, lifecycle } = options;
    this.#unaryLimits = { defaultMs: defaultDeadlineMs, maxMs: maxDeadlineMs };
    this.#streamLimits = { defaultMs: defaultStreamDeadlineMs, maxMs: maxStreamDeadlineMs };
    this.#shedder = options.shedder ?? new LoadShedder({ edge: 'grpc', inFlightMax: IN_FLIGHT_MAX });
    const { tls } = options;
    this.#clients = tls?.clients === undefined ? undefined : new KnownClients(tls.clients);
    assertLimits('deadlines', this.#unaryLimits);
    assertLimits('stream deadlines', this.#streamLimits);
    // No call lives longer than the longest deadline, so none is cut off by its connection's age.
    this.#server = new Server(serverOptions(maxConnectionAgeMs, Math.max(maxDeadlineMs, maxStreamDeadlineMs)));
    this.#health = new GrpcHealth(options.services);
    lifecycle.signal.addEventListener('abort', () => this.#health.notServing(), { once: true });
    lifecycle.onStop('drain', 'grpc', () => this.close());
  }

  /** The port that calls are taken at. Throws before `listen`. */
  get boundPort(): number {
    if (this.#boundPort === undefined) throw new Error('the gRPC server does not listen yet');
    return this.#boundPort;
  }

  /** Called by Nest for each handler of each controller. */
  addHandler(pattern: unknown, handler: BoundHandler, _isEventHandler?: boolean, extras?: unknown): void {
    const path = String(pattern);
    const { label, access } = extras as HandlerExtras;
    const earlier = this.#handlers.get(path);
    if (earlier !== undefined)
      this.#problems.push(`${rpcNameOf(path)} is served by both ${earlier.label} and ${label}`);
    this.#handlers.set(path, { handler, label, access });
  }

  /** Called by Nest at start. Fails when an RPC has no handler, a handler no access, or the address is taken. */
  listen(started: (error?: unknown) => void): void {
    this.#listen().then(() => started(), started);
  }

  /**
   * Says NOT_SERVING, takes no new calls, and waits for those under way; the ones that outlast the drain timeout end
   * with UNAVAILABLE. Safe to call again.
   */
  close(): Promise<void> {
    this.#closing ??= this.#drain();
    return this.#closing;
  }

  async #listen(): Promise<void> {
    const { host, port, services, lifecycle, tls } = this.#options;
    const implementations = services.map((definition) => this.#implement(definition));
    this.#refuseStrayHandlers();
    if (this.#problems.length > 0) throw new Error(`the gRPC server cannot start:\n  ${this.#problems.join('\n  ')}`);
    for (const [definition, implementation] of implementations) this.#server.addService(definition, implementation);
    this.#health.addTo(this.#server);
    this.#boundPort = await bind(this.#server, bindAddress(host, port), serverCredentialsOf(tls));
    if (!lifecycle.signal.aborted) this.#health.serving();
  }

  #implement(definition: ServiceDefinition) {
    const rpcs = Object.entries(definition);
    const implementation = Object.fromEntries(
      rpcs.flatMap(([method, rpc]) => {
        const served = this.#servedRpc(rpc);
        return served === undefined ? [] : [[method, served.implementation()]];
      }),
    );
    return [Object.fromEntries(rpcs.map(([method, rpc]) => [method, asBytes(rpc)])), implementation] as const;
  }

  #servedRpc(rpc: RpcDefinition): ServedRpc | undefined {
    const found = this.#handlers.get(rpc.path);
    const access = found?.access();
    if (found === undefined) this.#problems.push(`${rpcNameOf(rpc.path)} has no handler`);
    else if (access === undefined) this.#problems.push(`${found.label} lacks @GrpcRequires`);
    if (found === undefined || access === undefined) return undefined;
    const { authenticator, logger } = this.#options;
    return new ServedRpc(rpc, {
      handler: found.handler,
      access,
      limits: rpc.requestStream || rpc.responseStream ? this.#streamLimits : this.#unaryLimits,
      admit: (authorization: string | undefined, wanted: Access) => authenticator.admit(authorization, wanted),
      logger,
      activeCalls: this.#activeCalls,
      shedder: this.#shedder,
      clients: this.#clients,
      isReadOnly: this.#options.isReadOnly ?? (() => false),
    });
  }

  /** A handler that nobody can call is a service forgotten in `services`. */
  #refuseStrayHandlers(): void {
    const served = new Set(
      this.#options.services.flatMap((definition) => Object.values(definition)).map((rpc) => rpc.path),
    );
    for (const [path, { label }] of this.#handlers) {
      if (!served.has(path)) this.#problems.push(`${label} serves ${rpcNameOf(path)}, which is not among the services`);
    }
  }

  async #drain(): Promise<void> {
    const { logger, drainTimeoutMs = 8_000 } = this.#options;
    this.#health.notServing();
    this.#health.endWatches();
    const done = new Promise<void>((resolve) => {
      // The error says only that the server had never been started.
      this.#server.tryShutdown(() => resolve());
    });
    if (await within(done, drainTimeoutMs)) return;
    logger.warn({ calls: this.#activeCalls.size, drainTimeoutMs }, 'gRPC calls outlast the drain and are ended');
    for (const call of this.#activeCalls) call.abort(new DomainError('UNAVAILABLE'));
    if (await within(done, LAST_ANSWERS_MS)) return;
    this.#server.forceShutdown();
  }
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, credentials, (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
  return promise;
}

async function within(done: Promise<void>, timeoutMs: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), timeoutMs);
  try {
    return await Promise.race([done.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
