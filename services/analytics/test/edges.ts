import { Authenticator, type Role, SCOPES, type Scope } from '@dailydoco/auth';
import type { Broker } from '@dailydoco/events';
import { type Lifecycle, newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { SpecApiKeys, TokenSigner } from '@dailydoco/testing';
import { type Config, readConfig } from '../src/config.js';
import { asUserId, type TenantId } from '../src/ids.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { createEdges, createService } from '../src/service.js';
import type { Engine } from './engine.js';

export const SECRET = 'a secret that only the services of this spec know';
const ISSUER = 'https://identity.spec';

/** An event as bodies spell it, under an id of its own. */
export const told = (other: object = {}) => ({
  id: newId(),
  name: 'page_viewed',
  occurredAt: '2026-06-01T12:00:00.000Z',
  properties: {},
  ...other,
});

export interface CallOptions {
  readonly as?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // What a client would read: any JSON.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** The service's HTTP and gRPC edges over an engine's database, with credentials to call them. */
export class Edges {
  readonly #runtime: Runtime;
  readonly #service: Service;
  readonly #signer: TokenSigner;
  readonly #apiKeys: SpecApiKeys<Scope>;
  readonly #url: string;

  constructor(parts: {
    runtime: Runtime;
    service: Service;
    signer: TokenSigner;
    apiKeys: SpecApiKeys<Scope>;
    url: string;
  }) {
    this.#runtime = parts.runtime;
    this.#service = parts.service;
    this.#signer = parts.signer;
    this.#apiKeys = parts.apiKeys;
    this.#url = parts.url;
  }

  get url(): string {
    return this.#url;
  }

  get lifecycle(): Lifecycle {
    return this.#runtime.lifecycle;
  }

  get logger(): Runtime['logger'] {
    return this.#runtime.logger;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.#service.grpc.boundPort}`;
  }

  /** An Authorization header of an API key of the tenant. */
  apiKey(tenantId: TenantId, scopes: readonly Scope[] = SCOPES): string {
    return `Bearer ${this.#apiKeys.add(tenantId, scopes).key}`;
  }

  /** An Authorization header of a person of the tenant. */
  async person(
    tenantId: TenantId,
    sub: string = asUserId(newId()),
    roles: readonly Role[] = ['partner'],
  ): Promise<string> {
    const iat = Math.floor(Date.now() / 1_000);
    const { TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud } = this.#runtime.config;
    return `Bearer ${await this.#signer.sign({ iss, aud, sub, tid: tenantId, sid: newId(), roles, iat, exp: iat + 900 })}`;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answered> {
    const { as, body } = options;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(as !== undefined && { authorization: as }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** Posts events. */
  post(as: string, ...events: unknown[]): Promise<Answered> {
    return this.call('POST', '/v1/events', { as, body: { events } });
  }

  /** Posts events under an Idempotency-Key. */
  postOnce(as: string, key: string, ...events: unknown[]): Promise<Answered> {
    return this.call('POST', '/v1/events', { as, body: { events }, headers: { 'idempotency-key': key } });
  }

  /** The metrics of a window, by default of all time. */
  async metrics(as: string, window: { from?: Date; to?: Date } = {}): Promise<Answered['body']> {
    const { from, to } = window;
    const query = new URLSearchParams({
      ...(from && { from: from.toISOString() }),
      ...(to && { to: to.toISOString() }),
    });
    const { status, body } = await this.call('GET', `/v1/metrics/viral?${query.toString()}`, { as });
    if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
    return body;
  }

  async stop(): Promise<void> {
    await this.#runtime.lifecycle.shutdown('the spec is over');
  }
}

/** Where identity and website-builder answer. With them, keys are asked for there; else specs make them here. */
export interface Neighbours {
  readonly identity: string;
  readonly websiteBuilder: string;
}

/** Starts the edges; with a broker also all that works on its own: consumers, upkeep. */
export async function startEdges(
  engine: Engine,
  { broker, neighbours }: { broker?: Broker; neighbours?: Neighbours } = {},
): Promise<Edges> {
  const signer = await TokenSigner.create();
  const apiKeys = new SpecApiKeys<Scope>();
  const base = createRuntime(specConfig(engine, neighbours), { clock: engine.clock, ...(broker && { broker }) });
  const authenticator = new Authenticator({
    jwks: signer,
    issuer: ISSUER,
    audience: base.config.TOKEN_AUDIENCE,
    apiKeys: neighbours === undefined ? apiKeys : base.apiKeys,
    serviceSecret: SECRET,
    revocations: base.revocations,
  });
  const runtime = { ...base, authenticator };
  const service = await (broker ? createService : createEdges)(runtime);
  await runtime.lifecycle.start();
  const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
  return new Edges({ runtime, service, signer, apiKeys, url });
}

function specConfig(engine: Engine, neighbours: Neighbours | undefined): Config {
  return readConfig({
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: engine.appUrl,
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    TOKEN_ISSUER: ISSUER,
    INTERNAL_TOKEN_SECRET: SECRET,
    IDENTITY_GRPC_ADDRESS: neighbours?.identity ?? '127.0.0.1:1',
    WEBSITE_BUILDER_GRPC_ADDRESS: neighbours?.websiteBuilder ?? '127.0.0.1:1',
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_MS: '0',
    UPKEEP_EVERY_MS: '50',
    EVENT_RETENTION_DAYS: '40',
  });
}
