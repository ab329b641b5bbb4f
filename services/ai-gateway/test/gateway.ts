import { request as httpRequest } from 'node:http';
import { Authenticator, type Role, SCOPES, type Scope } from '@dailydoco/auth';
import { createPool, runMigrations } from '@dailydoco/database';
import { type Broker, events, Outbox } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { createLogger } from '@dailydoco/telemetry';
import {
  createServiceDatabase,
  SpecApiKeys,
  startTcpProxy,
  type TcpProxy,
  type TestDatabase,
  TokenSigner,
} from '@dailydoco/testing';
import { readConfig } from '../src/config.js';
import { asCallerId, asTenantId, type CallerId, type TenantId } from '../src/ids.js';
import { migrationSources } from '../src/migrations.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { createEdges, createService } from '../src/service.js';

const ISSUER = 'https://identity.spec';
const SECRET = 'a secret that only the services of this spec know';

export interface CallOptions {
  readonly as?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // What a client would read: any JSON.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** A streamed answer as it arrived: `cut` when the connection ended without the end that HTTP gives a whole answer. */
export interface Streamed {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly text: string;
  readonly data: readonly string[];
  readonly cut: boolean;
}

/** A kept completion, as its row says. */
export interface CompletionRow {
  readonly tenant_id: string;
  readonly id: string;
  readonly caller_kind: string;
  readonly caller_id: string;
  readonly provider: string;
  readonly model: string;
  readonly streamed: boolean;
  readonly status: string;
  readonly prompt_tokens: bigint;
  readonly completion_tokens: bigint;
  readonly tokens_estimated: boolean;
  readonly billed: boolean;
  readonly started_at: Date;
  readonly ended_at: Date;
}

interface GatewayParts {
  readonly database: TestDatabase;
  readonly runtime: Runtime;
  readonly service: Service;
  readonly signer: TokenSigner;
  readonly apiKeys: SpecApiKeys<Scope>;
  readonly logged: readonly string[];
  readonly url: string;
  readonly proxy: TcpProxy | undefined;
}

/** The service over a database of its own, with credentials to call it and eyes on what it kept and logged. */
export class Gateway {
  readonly outbox = new Outbox({ source: 'dailydoco/ai-gateway', newId });
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  get pool(): Runtime['pool'] {
    return this.#parts.runtime.pool;
  }

  get ownerUrl(): string {
    return this.#parts.database.ownerUrl;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.#parts.service.grpc.boundPort}`;
  }

  get url(): string {
    return this.#parts.url;
  }

  /** Everything that was logged so far, at every level. */
  get logged(): string {
    return this.#parts.logged.join('');
  }

  newTenant(): TenantId {
    return asTenantId(newId());
  }

  /** An Authorization header of an API key of the tenant. */
  apiKey(tenantId: TenantId, scopes: readonly Scope[] = SCOPES): { as: string; apiKeyId: string } {
    const { key, apiKeyId } = this.#parts.apiKeys.add(tenantId, scopes);
    return { as: `Bearer ${key}`, apiKeyId };
  }

  /** An Authorization header of a person of the tenant. */
  async person(
    tenantId: TenantId,
    sub: CallerId = asCallerId(newId()),
    roles: readonly Role[] = ['partner'],
  ): Promise<string> {
    const iat = Math.floor(Date.now() / 1_000);
    const claims = { iss: ISSUER, aud: 'dailydoco', sub, tid: tenantId, sid: newId(), roles, iat, exp: iat + 900 };
    return `Bearer ${await this.#parts.signer.sign(claims)}`;
  }

  async call(method: string, path: string, { as, body, headers }: CallOptions = {}): Promise<Answered> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(as !== undefined && { authorization: as }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  chat(as: string | undefined, body: unknown): Promise<Answered> {
    return this.call('POST', '/ai/v1/chat/completions', { as, body });
  }

  /** Asks for a stream and reads it to its end. `seen` is told of the text so far, and may leave by the function it gets. */
  streamChat(as: string, body: object, seen?: (text: string, leave: () => void) => void): Promise<Streamed> {
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        `${this.url}/ai/v1/chat/completions`,
        { method: 'POST', headers: { authorization: as, 'content-type': 'application/json' } },
        (response) => {
          let text = '';
          const leave = () => request.destroy();
          const over = (cut: boolean) =>
            resolve({
              status: response.statusCode ?? 0,
              contentType: response.headers['content-type'],
              text,
              data: text
                .split('\n\n')
                .filter((event) => event.startsWith('data: '))
                .map((event) => event.slice(6)),
              cut,
            });
          response.setEncoding('utf8');
          response.on('data', (piece: string) => {
            text += piece;
            seen?.(text, leave);
          });
          response.on('error', () => over(true));
          response.on('end', () => over(!response.complete));
        },
      );
      request.on('error', reject);
      request.end(JSON.stringify({ stream: true, ...body }));
    });
  }

  async completionsOf(tenantId: TenantId): Promise<CompletionRow[]> {
    const { rows } = await this.pool.query<CompletionRow>('SELECT * FROM completion WHERE tenant_id = $1 ORDER BY id', [
      tenantId,
    ]);
    return rows;
  }

  /** The bills of a tenant as they stand in the outbox. */
  async billsOf(tenantId: TenantId) {
    const { type, codec } = events.completionBilled;
    const { rows } = await this.pool.query<{ payload: Buffer; aggregate_key: string }>(
      'SELECT payload, aggregate_key FROM messaging.outbox WHERE tenant_id = $1 AND event_type = $2 ORDER BY id',
      [tenantId, type],
    );
    return rows.map(({ payload, aggregate_key: key }) => ({ key, ...codec.decode(payload) }));
  }

  /** The proxy before the database, if the spec asked for one. */
  get proxy(): TcpProxy | undefined {
    return this.#parts.proxy;
  }

  /** Does the work while nothing can be recorded. */
  async withoutTable(work: () => Promise<void>): Promise<void> {
    const owner = ownerPool(this);
    try {
      await owner.query('ALTER TABLE completion RENAME TO hidden');
      await work();
      await owner.query('ALTER TABLE hidden RENAME TO completion');
    } finally {
      await owner.end();
    }
  }

  /** Shuts the service down; the tenant's completions then, as `model status`. */
  async rowsAfterShutdown(tenantId: TenantId): Promise<string[]> {
    await this.#shutdown();
    const owner = ownerPool(this);
    try {
      const { rows } = await owner.query<{ line: string }>(
        `SELECT model || ' ' || status AS line FROM completion WHERE tenant_id = $1`,
        [tenantId],
      );
      return rows.map(({ line }) => line);
    } finally {
      await owner.end();
    }
  }

  #shutdown(): Promise<unknown> {
    return this.#parts.runtime.lifecycle.shutdown('the spec is over');
  }

  async stop(): Promise<void> {
    await this.#shutdown();
    await this.proxy?.close();
    await this.#parts.database.drop();
  }
}

/** A database of this service with all its tables, for one spec file. */
export function migratedDatabase(): Promise<TestDatabase> {
  return createServiceDatabase({
    service: 'ai-gateway',
    directories: migrationSources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
    },
  });
}

interface GatewayOptions {
  readonly env?: Record<string, string>;
  readonly broker?: Broker;
  /** Puts a proxy before the database, so that a spec can cut its connections. */
  readonly lossy?: boolean;
}

/** Starts the edges over a new database; with a broker also all that works on its own. */
export async function startGateway({ env = {}, broker, lossy = false }: GatewayOptions = {}): Promise<Gateway> {
  const database = await migratedDatabase();
  const databaseUrl = new URL(database.appUrl);
  const { hostname, port } = databaseUrl;
  const proxy = lossy ? await startTcpProxy({ host: hostname, port: Number(port) }) : undefined;
  if (proxy !== undefined) databaseUrl.port = String(proxy.port);
  const [signer, apiKeys, logged] = [await TokenSigner.create(), new SpecApiKeys<Scope>(), [] as string[]];
  const config = readConfig({
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: databaseUrl.href,
    KAFKA_BROKERS: '127.0.0.1:1',
    JWKS_URL: 'http://127.0.0.1:1/jwks.json',
    TOKEN_ISSUER: ISSUER,
    INTERNAL_TOKEN_SECRET: SECRET,
    IDENTITY_GRPC_ADDRESS: '127.0.0.1:1',
    SHUTDOWN_DELAY_MS: '0',
    ...env,
  });
  const logger = createLogger({
    service: 'ai-gateway',
    level: 'trace',
    destination: { write: (line: string) => void logged.push(line) },
  });
  const base = createRuntime(config, { logger, ...(broker && { broker }) });
  const authenticator = new Authenticator({
    jwks: signer,
    issuer: ISSUER,
    audience: config.TOKEN_AUDIENCE,
    apiKeys,
    serviceSecret: SECRET,
    revocations: base.revocations,
  });
  const runtime = { ...base, authenticator };
  const service = await (broker ? createService : createEdges)(runtime);
  await runtime.lifecycle.start();
  const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
  return new Gateway({ database, runtime, service, signer, apiKeys, logged, url, proxy });
}

/** A pool of the tables' owner. */
export function ownerPool({ ownerUrl }: Gateway): Runtime['pool'] {
  return createPool({ connectionString: ownerUrl, max: 1, applicationName: 'spec', statementTimeoutMs: 5_000 });
}
