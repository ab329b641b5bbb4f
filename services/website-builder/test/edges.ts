import { Authenticator, type Role, SCOPES, type Scope } from '@dailydoco/auth';
import type { Broker } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { SpecApiKeys, TokenSigner } from '@dailydoco/testing';
import { type Config, readConfig } from '../src/config.js';
import type { TenantId, UserId } from '../src/ids.js';
import type { ReferralCodes } from '../src/releases/publish-site.js';
import { ReleaseFiles } from '../src/releases/release-files.adapter.js';
import type { ReleasePlace } from '../src/releases/release-storage.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { createEdges, createService } from '../src/service.js';
import type { Workshop } from './workshop.js';

export const SECRET = 'a secret that only the services of this spec know';
export const PUBLIC_URL = 'http://sites.spec:8000';
const ISSUER = 'https://identity.spec';

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
  readonly text: string;
  // What a client would read: any JSON. Undefined for anything else.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** The real folder, and a moment after every write in which a spec may let things happen: a crash, a meeting. */
export class WatchedFiles extends ReleaseFiles {
  afterWrite: (place: ReleasePlace) => Promise<unknown> = () => Promise.resolve();

  override async write(...given: Parameters<ReleaseFiles['write']>): Promise<void> {
    await super.write(...given);
    await this.afterWrite(given[0]);
  }
}

interface EdgesParts {
  readonly runtime: Runtime;
  readonly service: Service;
  readonly signer: TokenSigner;
  readonly apiKeys: SpecApiKeys<Scope>;
  readonly storage: WatchedFiles;
  readonly codes: { codeOf: ReferralCodes['codeOf'] };
  readonly url: string;
}

/** The service's HTTP and gRPC edges over a workshop's database and folder, with credentials to call them. */
export class Edges {
  /** What viral-engine says; specs may change it. */
  readonly codes: { codeOf: ReferralCodes['codeOf'] };
  readonly storage: WatchedFiles;
  readonly #parts: EdgesParts;

  constructor(parts: EdgesParts) {
    this.#parts = parts;
    this.codes = parts.codes;
    this.storage = parts.storage;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.#parts.service.grpc.boundPort}`;
  }

  get url(): string {
    return this.#parts.url;
  }

  /** An Authorization header of an API key of the tenant that has every scope. */
  apiKey(tenantId: TenantId): string {
    return `Bearer ${this.#parts.apiKeys.add(tenantId, SCOPES).key}`;
  }

  /** An Authorization header of a person of the tenant. */
  async person(tenantId: TenantId, sub: UserId, roles: readonly Role[] = ['partner']): Promise<string> {
    const iat = Math.floor(Date.now() / 1_000);
    const { TOKEN_ISSUER: iss, TOKEN_AUDIENCE: aud } = this.#parts.runtime.config;
    const claims = { iss, aud, sub, tid: tenantId, sid: newId(), roles, iat, exp: iat + 900 };
    return `Bearer ${await this.#parts.signer.sign(claims)}`;
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<Answered> {
    const { as, body, key } = options;
    const sentKey = key === undefined && method === 'POST' ? newId() : key;
    const response = await fetch(`${this.#parts.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(as !== undefined && { authorization: as }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(sentKey && { 'idempotency-key': sentKey }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  /** Makes a site, and fails the spec when that does not work. */
  async site(as: string, other: object = {}): Promise<{ id: string; slug: string; name: string; status: string }> {
    const body = { name: 'A site', templateId: 'product-landing', ...other };
    const answer = await this.call('POST', '/v1/sites', { as, body });
    if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`);
    return answer.body;
  }

  publish(as: string, siteId: string, options: CallOptions = {}): Promise<Answered> {
    return this.call('POST', `/v1/sites/${siteId}/publish`, { as, ...options });
  }

  async stop(): Promise<void> {
    await this.#parts.runtime.lifecycle.shutdown('the spec is over');
  }
}

/** Starts the edges; with a broker also all that works on its own: relay, consumer, sweep. */
export async function startEdges(
  workshop: Workshop,
  { broker, codes }: { broker?: Broker; codes?: 'over gRPC' } = {},
): Promise<Edges> {
  const known: { codeOf: ReferralCodes['codeOf'] } = {
    codeOf: (_tenantId, userId) => Promise.resolve(`code-${userId}`),
  };
  const referralCodes: ReferralCodes = { codeOf: (tenantId, userId) => known.codeOf(tenantId, userId) };
  const signer = await TokenSigner.create();
  const apiKeys = new SpecApiKeys<Scope>();
  const storage = new WatchedFiles(workshop.sitesDir);
  const base = createRuntime(specConfig(workshop), {
    storage,
    ...(codes === undefined && { referralCodes }),
    ...(broker && { broker }),
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
  return new Edges({ runtime, service, signer, apiKeys, storage, codes: known, url });
}

function specConfig(workshop: Workshop): Config {
  return readConfig({
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: workshop.appUrl,
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    TOKEN_ISSUER: ISSUER,
    INTERNAL_TOKEN_SECRET: SECRET,
    PUBLIC_URL,
    IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
    VIRAL_ENGINE_GRPC_ADDRESS: '127.0.0.1:1',
    SITES_DIR: workshop.sitesDir,
    SITES_SWEEP_EVERY_MS: '50',
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_MS: '0',
  });
}
