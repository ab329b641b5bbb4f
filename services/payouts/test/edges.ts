import { Authenticator, type Role, SCOPES, type Scope } from '@dailydoco/auth';
import type { Broker } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { SpecApiKeys, TokenSigner } from '@dailydoco/testing';
import { type Config, readConfig } from '../src/config.js';
import type { TenantId, UserId } from '../src/ids.js';
import type { PurchaseStates } from '../src/reconciliation/reconcile-tenant.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { createEdges, createService } from '../src/service.js';
import { type Books, SEALING } from './books.js';

export const SECRET = 'a secret that only the services of this spec know';
const ISSUER = 'https://identity.spec';

/** Money as bodies spell it. */
export const usd = (amount: string) => ({ amount, currency: 'USD' });

export interface CallOptions {
  readonly as?: string | undefined;
  readonly body?: unknown;
  /** A new key for every POST unless one is named; null: none. */
  readonly key?: string | null | undefined;
}

export interface UploadOptions {
  readonly as: string;
  readonly file: string;
  readonly type: string;
  readonly key?: string | undefined;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // What a client would read: any JSON.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** The service's edges over the books' database, with credentials to call them. */
export class Edges {
  readonly runtime: Runtime;
  readonly #signer: TokenSigner;
  readonly url: string;
  readonly apiKey: (tenantId: TenantId) => string;
  readonly grpcAddress: string;

  constructor(parts: {
    runtime: Runtime;
    signer: TokenSigner;
    apiKey: (tenantId: TenantId) => string;
    url: string;
    grpcAddress: string;
  }) {
    this.runtime = parts.runtime;
    this.grpcAddress = parts.grpcAddress;
    this.apiKey = parts.apiKey;
    this.#signer = parts.signer;
    this.url = parts.url;
  }

  urlOf(path: string): string {
    return `${this.url}${path}`;
  }

  /** An Authorization header of a person of the tenant. */
  async person(tenantId: TenantId, sub: UserId, roles: readonly Role[] = ['partner']): Promise<string> {
    const iat = Math.floor(Date.now() / 1_000);
    const { TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud } = this.runtime.config;
    return `Bearer ${await this.#signer.sign({ iss, aud, sub, tid: tenantId, sid: newId(), roles, iat, exp: iat + 900 })}`;
  }

  async call(method: string, path: string, { as, body, key }: CallOptions = {}): Promise<Answered> {
    const sentKey = key === undefined && method === 'POST' ? newId() : key;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(as !== undefined && { authorization: as }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(sentKey && { 'idempotency-key': sentKey }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  /** An answer that is no JSON. */
  fetch(path: string, as: string): Promise<Response> {
    return fetch(`${this.url}${path}`, { headers: { authorization: as } });
  }

  /** A file that a GET answers, as text. */
  async bytes(path: string, as: string): Promise<string> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: as } });
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
    return response.text();
  }

  /** A body that is no JSON. */
  async text(path: string, as: string): Promise<{ type: string | null; text: string }> {
    const response = await fetch(`${this.url}${path}`, { headers: { authorization: as } });
    return { type: response.headers.get('content-type'), text: await response.text() };
  }

  /** Sends a file as it is. */
  async upload(path: string, { as, file, type, key }: UploadOptions): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { authorization: as, 'content-type': type, 'idempotency-key': key ?? newId() },
      body: file,
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  async stop(): Promise<void> {
    await this.runtime.lifecycle.shutdown('the spec is over');
  }
}

/** Starts the edges; with a broker also all that works on its own: relay, consumers, worker, reconciliation. */
export async function startEdges(
  books: Books,
  {
    broker,
    states,
    rails,
    env = {},
  }: { broker?: Broker; states?: PurchaseStates; rails?: Runtime['rails']; env?: Record<string, string> } = {},
): Promise<Edges> {
  const signer = await TokenSigner.create();
  const apiKeys = new SpecApiKeys<Scope>();
  const base = createRuntime(specConfig(books, env), {
    clock: books.clock,
    ...(broker && { broker }),
    ...(states && { states }),
    ...(rails && { rails }),
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
  const service: Service = await (broker ? createService : createEdges)(runtime);
  await runtime.lifecycle.start();
  const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
  const apiKey = (tenantId: TenantId): string => `Bearer ${apiKeys.add(tenantId, SCOPES).key}`;
  return new Edges({ runtime, signer, apiKey, url, grpcAddress: `127.0.0.1:${service.grpc.boundPort}` });
}

/** Settings as a process would find them. */
export function specEnv(books: Books): Record<string, string> {
  return {
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: books.appUrl,
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    TOKEN_ISSUER: ISSUER,
    INTERNAL_TOKEN_SECRET: SECRET,
    IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
    VIRAL_ENGINE_GRPC_ADDRESS: '127.0.0.1:1',
    ...SEALING,
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_MS: '0',
    PAYOUT_CANCEL_WINDOW_MS: '3000',
    PAYOUT_WORK_EVERY_MS: '50',
    PAYOUT_BATCH_AFTER_MS: '60000',
    PAYOUT_SCHEDULES_EVERY_MS: '50',
    RECONCILE_EVERY_MS: '200',
  };
}

function specConfig(books: Books, env: Record<string, string>): Config {
  return readConfig({ ...specEnv(books), ...env });
}
