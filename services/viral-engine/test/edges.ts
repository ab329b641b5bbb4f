import { Authenticator, type Role, SCOPES, type Scope } from '@dailydoco/auth';
import type { Broker } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { SpecApiKeys, TokenSigner } from '@dailydoco/testing';
import type { Type } from '@nestjs/common';
import { type Config, readConfig } from '../src/config.js';
import type { TenantId, UserId } from '../src/ids.js';
import type { UserDirectory } from '../src/members/ensure-member.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { createEdges, createService } from '../src/service.js';
import type { WebsiteDirectory } from '../src/websites/learn-website.js';
import type { Engine } from './engine.js';

export const SECRET = 'a secret that only the services of this spec know';
const ISSUER = 'https://identity.spec';

/** What a browser says it is. */
export const BROWSER =
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';

/** Money as bodies spell it. */
export const usd = (amount: string) => ({ amount, currency: 'USD' });

/** The body of a purchase: 79.00 USD under an external id of its own. */
export const sale = (buyerId: string, other: object = {}) => ({
  externalId: newId(),
  buyerId,
  amount: usd('79.00'),
  stream: 'subscription',
  ...other,
});

/** The neighbours, as far as this service sees them; specs say what they know. */
export interface Neighbours {
  findUser: UserDirectory['findUser'];
  findWebsite: WebsiteDirectory['findWebsite'];
}

export interface CallOptions {
  readonly as?: string | undefined;
  readonly body?: unknown;
  /** A new key for every POST unless one is named; null: none. */
  readonly key?: string | null;
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
  readonly neighbours: Neighbours;
  readonly #engine: Engine;
  readonly #runtime: Runtime;
  readonly #service: Service;
  readonly #signer: TokenSigner;
  readonly #apiKeys: SpecApiKeys<Scope>;
  readonly #url: string;

  constructor(parts: {
    engine: Engine;
    runtime: Runtime;
    service: Service;
    neighbours: Neighbours;
    signer: TokenSigner;
    apiKeys: SpecApiKeys<Scope>;
    url: string;
  }) {
    this.neighbours = parts.neighbours;
    this.#engine = parts.engine;
    this.#runtime = parts.runtime;
    this.#service = parts.service;
    this.#signer = parts.signer;
    this.#apiKeys = parts.apiKeys;
    this.#url = parts.url;
  }

  get runtime(): Runtime {
    return this.#runtime;
  }

  /** Something that the edges were put together from. */
  get<T>(type: Type<T>): T {
    return this.#service.app.get(type, { strict: false });
  }

  get url(): string {
    return this.#url;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.#service.grpc.boundPort}`;
  }

  /** A tenant with a line of members (the buyer, then level 1, 2, …) and a key that may do everything. */
  async tenant(levels = 2): Promise<{ tenantId: TenantId; people: UserId[]; key: string }> {
    const tenantId = this.#engine.newTenant();
    return { tenantId, people: await this.#engine.line(tenantId, levels), key: this.apiKey(tenantId) };
  }

  /** An Authorization header of an API key of the tenant. */
  apiKey(tenantId: TenantId, scopes: readonly Scope[] = SCOPES): string {
    return `Bearer ${this.#apiKeys.add(tenantId, scopes).key}`;
  }

  /** An Authorization header of a person of the tenant. */
  async person(tenantId: TenantId, sub: UserId, roles: readonly Role[] = ['partner']): Promise<string> {
    const iat = Math.floor(Date.now() / 1_000);
    const { TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud } = this.#runtime.config;
    return `Bearer ${await this.#signer.sign({ iss, aud, sub, tid: tenantId, sid: newId(), roles, iat, exp: iat + 900 })}`;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answered> {
    const { as, body, key } = options;
    const sentKey = key === undefined && method === 'POST' ? newId() : key;
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: {
        ...(as !== undefined && { authorization: as }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(sentKey && { 'idempotency-key': sentKey }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  async stop(): Promise<void> {
    await this.#runtime.lifecycle.shutdown('the spec is over');
  }
}

/** Starts the edges; with a broker also all that works on its own, unless the settings say otherwise. */
export async function startEdges(
  engine: Engine,
  { broker, settings }: { broker?: Broker; settings?: Record<string, string> } = {},
): Promise<Edges> {
  const neighbours: Neighbours = {
    findUser: () => Promise.resolve(undefined),
    findWebsite: () => Promise.resolve(undefined),
  };
  const signer = await TokenSigner.create();
  const apiKeys = new SpecApiKeys<Scope>();
  const base = createRuntime(specConfig(engine, settings), {
    clock: engine.clock,
    ...(broker && { broker }),
    users: { findUser: (userId) => neighbours.findUser(userId) },
    sites: { findWebsite: (tenantId, websiteId) => neighbours.findWebsite(tenantId, websiteId) },
  });
  const authenticator = new Authenticator({
    jwks: signer,
    issuer: ISSUER,
    audience: base.config.TOKEN_AUDIENCE,
    apiKeys,
    serviceSecret: SECRET,
    revocations: base.revocations,
  });
  const runtime = { ...base, authenticator };
  const service = await (broker ? createService : createEdges)(runtime);
  await runtime.lifecycle.start();
  const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
  return new Edges({ engine, runtime, service, neighbours, signer, apiKeys, url });
}

function specConfig(engine: Engine, settings: Record<string, string> = {}): Config {
  return readConfig({
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: engine.appUrl,
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    TOKEN_ISSUER: ISSUER,
    INTERNAL_TOKEN_SECRET: SECRET,
    PUBLIC_URL: 'http://127.0.0.1:8000',
    IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
    WEBSITE_BUILDER_GRPC_ADDRESS: '127.0.0.1:1',
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_MS: '0',
    RELEASE_EVERY_MS: '50',
    HOLDS_EVERY_MS: '50',
    ATTRIBUTION_EVERY_MS: '50',
    TRANSPARENCY_EVERY_MS: '50',
    WEBHOOKS_EVERY_MS: '50',
    KEY_ENCRYPTION_SECRET: Buffer.alloc(32, 1).toString('base64'),
    ...settings,
  });
}
