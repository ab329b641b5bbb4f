import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPool, runMigrations } from '@dailydoco/database';
import { type Broker, events } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { Service } from '@dailydoco/service';
import { createServiceDatabase, eventually, type FakeClock, fakeClock, getStores } from '@dailydoco/testing';
import { readConfig } from '../src/config.js';
import { migrationSources } from '../src/migrations.js';
import { createRuntime, type Runtime } from '../src/runtime.js';
import { addTasks, createEdges, createService } from '../src/service.js';
import type { AskReferral } from '../src/users/registration.js';

export const SECRET = 'a secret that only the services of this spec know';
export const ADMIN = { email: 'admin@installation.example', password: 'the first of all passwords' };
export const PASSWORD = 'correct horse battery';

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
  // What a client would read: any JSON.
  readonly body: ReturnType<typeof JSON.parse>;
}

/** Somebody who registered, with what is needed to act as them. */
export interface Someone {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly tenantId: string;
  readonly sessionId: string;
  /** The Authorization header. */
  readonly as: string;
  readonly refreshToken: string;
}

interface WrittenEvent {
  readonly name: string;
  readonly tenantId: string;
  readonly key: string;
  readonly payload: Record<string, unknown>;
}

/** What a replica of the service needs to run on the same stores as another. */
interface Ground {
  readonly appUrl: string;
  readonly ownerUrl: string;
  readonly mailFolder: string;
  readonly secret: string;
  readonly clock: FakeClock;
}

export interface StartOptions {
  /** With a broker the service publishes what it writes. */
  readonly broker?: Broker;
  /** Settings beside those every spec needs. */
  readonly env?: Record<string, string>;
  readonly askReferral?: AskReferral;
}

const fold = (text: string) => text.replaceAll(/=\r?\n/g, '');

/** The whole service over a database of its own, its clock in the spec's hands. */
export class Identity {
  readonly clock: FakeClock;
  readonly pool: ReturnType<typeof createPool>;
  readonly runtime: Runtime;
  readonly ground: Ground;
  readonly #service: Service;
  readonly #url: string;
  readonly #drop: () => Promise<void>;

  constructor(parts: {
    ground: Ground;
    pool: ReturnType<typeof createPool>;
    runtime: Runtime;
    service: Service;
    url: string;
    drop: () => Promise<void>;
  }) {
    this.ground = parts.ground;
    this.clock = parts.ground.clock;
    this.pool = parts.pool;
    this.runtime = parts.runtime;
    this.#service = parts.service;
    this.#url = parts.url;
    this.#drop = parts.drop;
  }

  get url(): string {
    return this.#url;
  }

  get grpcAddress(): string {
    return `127.0.0.1:${this.#service.grpc.boundPort}`;
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
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : undefined };
  }

  post(path: string, body?: unknown, options: Omit<CallOptions, 'body'> = {}): Promise<Answered> {
    return this.call('POST', path, { ...options, ...(body !== undefined && { body }) });
  }

  /** Registers somebody new; `host` decides in which tenant. */
  async register({
    host,
    email = `${newId()}@people.example`,
  }: {
    host?: string;
    email?: string;
  } = {}): Promise<Someone> {
    const { status, body } = await this.post(
      '/v1/auth/register',
      { email, password: PASSWORD, displayName: 'Somebody' },
      { headers: host === undefined ? {} : { 'x-forwarded-host': host } },
    );
    if (status !== 201) throw new Error(`not registered: ${JSON.stringify(body)}`);
    return someone(email, PASSWORD, body);
  }

  async logIn({ email, password }: { email: string; password: string }): Promise<Someone> {
    const { status, body } = await this.post('/v1/auth/login', { email, password });
    if (status !== 200) throw new Error(`not signed in: ${JSON.stringify(body)}`);
    return someone(email, password, body);
  }

  /** The installation's first owner. */
  admin(): Promise<Someone> {
    return this.logIn(ADMIN);
  }

  /** A tenant with a host and an owner who has signed in. */
  async openTenant(): Promise<{ tenantId: string; host: string; owner: Someone }> {
    const host = `${newId()}.example`;
    const owner = { email: `${newId()}@owners.example`, password: PASSWORD };
    const { status, body } = await this.post(
      '/v1/tenants',
      { name: 'A tenant', hosts: [host], owner: { ...owner, displayName: 'Its owner' } },
      { as: (await this.admin()).as },
    );
    if (status !== 201) throw new Error(`no tenant: ${JSON.stringify(body)}`);
    return { tenantId: body.id, host, owner: await this.logIn(owner) };
  }

  /** Somebody of the default tenant with these roles, signed in with them. */
  async personWith(roles: readonly string[]): Promise<Someone> {
    const person = await this.register();
    const { status } = await this.call('PUT', `/v1/users/${person.id}/roles`, {
      as: (await this.admin()).as,
      body: { roles },
    });
    if (status !== 200) throw new Error(`no roles: ${status}`);
    return this.logIn(person);
  }

  /** The mails that the address has with the subject, oldest first. */
  mailsOf(email: string, subject: string): string[] {
    return readdirSync(this.ground.mailFolder)
      .filter((name) => name.endsWith('.eml'))
      .toSorted()
      .map((name) => fold(readFileSync(join(this.ground.mailFolder, name), 'utf8')))
      .filter((text) => text.includes(email) && text.includes(subject));
  }

  /** Waits until the address has as many mails with the subject, and gives the codes in them, oldest first. */
  codesOf(email: string, subject: string, count = 1): Promise<string[]> {
    return eventually(() => {
      const mails = this.mailsOf(email, subject);
      if (mails.length !== count) throw new Error(`${mails.length} mails of "${subject}", not ${count}`);
      return mails.map((text) => /^[\w-]{32}$/m.exec(text)?.[0] ?? '');
    });
  }

  /** What was told of a key (a user, an API key, a tenant), in the order of writing. */
  async eventsOf(key: string): Promise<WrittenEvent[]> {
    const { rows } = await this.pool.query<OutboxRow>(
      'SELECT event_type, tenant_id, aggregate_key, payload FROM messaging.outbox WHERE aggregate_key = $1 ORDER BY id',
      [key],
    );
    return rows.map(decode);
  }

  /** The actions in the audit about a subject, in the order of writing. */
  async auditOf(subjectId: string): Promise<string[]> {
    const { rows } = await this.pool.query<{ action: string }>(
      'SELECT action FROM access_audit WHERE subject_id = $1 ORDER BY id',
      [subjectId],
    );
    return rows.map(({ action }) => action);
  }

  /** Resolves when as many statements of this database wait for a lock. */
  waitingForLocks(count: number): Promise<void> {
    return eventually(async () => {
      const { rows } = await this.pool.query<{ waiting: number }>(
        `SELECT count(*)::integer AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      if (rows[0]?.waiting !== count) throw new Error(`${rows[0]?.waiting} wait`);
    });
  }

  async stop(): Promise<void> {
    await this.runtime.lifecycle.shutdown('the spec is over');
    await this.pool.end();
    await this.#drop();
  }
}

/** Starts the service over a database of its own. */
export async function startIdentity(options: StartOptions = {}): Promise<Identity> {
  const { ground, drop } = await newGround();
  return startOn(ground, options, drop);
}

/** Another replica on the stores of one that runs; to be stopped before it. */
export function startReplica({ ground }: Pick<Identity, 'ground'>, options: StartOptions = {}): Promise<Identity> {
  return startOn(ground, options, () => Promise.resolve());
}

/** An empty database with its secret, and a folder for mails: where nobody has booted yet. */
export async function newGround(): Promise<{ ground: Ground; drop: () => Promise<void> }> {
  const database = await createServiceDatabase({
    service: 'identity',
    directories: migrationSources.map(({ directory }) => directory),
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...migrationSources] });
    },
  });
  const mailFolder = mkdtempSync(join(tmpdir(), 'identity-mails-'));
  const { appUrl, ownerUrl } = database;
  const secret = randomBytes(32).toString('base64');
  const ground = { appUrl, ownerUrl, mailFolder, secret, clock: fakeClock(new Date()) };
  const drop = async () => {
    await database.drop();
    rmSync(mailFolder, { recursive: true, force: true });
  };
  return { ground, drop };
}

async function startOn(ground: Ground, options: StartOptions, drop: () => Promise<void>): Promise<Identity> {
  const { redisUrl } = await getStores();
  const config = readConfig({ ...settings(ground, redisUrl), ...options.env });
  const runtime = createRuntime(config, {
    clock: ground.clock,
    ...(options.broker && { broker: options.broker }),
    ...(options.askReferral && { askReferral: options.askReferral }),
  });
  let service: Service;
  if (options.broker === undefined) {
    service = await createEdges(runtime);
    addTasks(runtime);
  } else service = await createService(runtime);
  try {
    await runtime.lifecycle.start();
  } catch (error) {
    await runtime.lifecycle.shutdown('it did not start');
    throw error;
  }
  const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
  const pool = createPool({
    connectionString: ground.appUrl,
    max: 4,
    applicationName: 'spec',
    statementTimeoutMs: 20_000,
  });
  return new Identity({ ground, pool, runtime, service, url, drop });
}

function settings(ground: Ground, redisUrl: string): Record<string, string> {
  const nobody = '127.0.0.1:1';
  return {
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    DATABASE_URL: ground.appUrl,
    KAFKA_BROKERS: nobody,
    REDIS_URL: redisUrl,
    TOKEN_ISSUER: 'https://identity.spec',
    INTERNAL_TOKEN_SECRET: SECRET,
    KEY_ENCRYPTION_SECRET: ground.secret,
    BOOTSTRAP_ADMIN_EMAIL: ADMIN.email,
    BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    MAIL_URL: pathToFileURL(ground.mailFolder).href,
    MAIL_FROM: 'DailyDoco <no-reply@installation.example>',
    PUBLIC_URL: 'http://127.0.0.1:8000',
    IDENTITY_GRPC_ADDRESS: nobody,
    VIRAL_ENGINE_GRPC_ADDRESS: nobody,
    PAYOUTS_GRPC_ADDRESS: nobody,
    ANALYTICS_GRPC_ADDRESS: nobody,
    WEBSITE_BUILDER_GRPC_ADDRESS: nobody,
    AI_GATEWAY_GRPC_ADDRESS: nobody,
    LOGIN_ATTEMPTS_PER_ADDRESS: '100000',
    LOG_LEVEL: 'error',
    SHUTDOWN_DELAY_MS: '0',
  };
}

/** The claims of an access token, unverified. */
export function claimsOf(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
}

function someone(email: string, password: string, body: Answered['body']): Someone {
  const { tid, sid } = claimsOf(body.tokens.accessToken);
  return {
    id: body.user.id,
    email,
    password,
    tenantId: String(tid),
    sessionId: String(sid),
    as: `Bearer ${body.tokens.accessToken}`,
    refreshToken: body.tokens.refreshToken,
  };
}

interface OutboxRow {
  readonly event_type: string;
  readonly tenant_id: string;
  readonly aggregate_key: string;
  readonly payload: Buffer;
}

function decode(row: OutboxRow): WrittenEvent {
  const type = Object.values(events).find((each) => each.type === row.event_type);
  if (type === undefined) throw new Error(`no event is called ${row.event_type}`);
  return {
    name: row.event_type.slice(row.event_type.lastIndexOf('.') + 1),
    tenantId: row.tenant_id,
    key: row.aggregate_key,
    payload: type.codec.decode(row.payload) as unknown as WrittenEvent['payload'],
  };
}
