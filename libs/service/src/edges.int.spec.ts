import { runMigrations } from '@dailydoco/database';
import { GrpcHealthClient } from '@dailydoco/grpc';
import { Authority, type TestDatabase } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  allMigrations,
  bareMigrations,
  createRuntime,
  openDatabase,
  type Runtime,
  ShopModule,
  WatchedLifecycle,
} from '../test/shop.js';
import { buildEdges, type EdgesOptions, grpcTlsOf, type Service } from './index.js';

const APPLIED = 'SELECT count(*) AS count FROM _prisma_migrations WHERE finished_at IS NOT NULL';

let database: TestDatabase;

beforeAll(async () => {
  database = await openDatabase(allMigrations);
});
afterAll(() => database.drop());

async function build(options: Partial<EdgesOptions> = {}, databaseUrl = database.appUrl) {
  const lifecycle = new WatchedLifecycle();
  const runtime: Runtime = createRuntime(databaseUrl, { lifecycle });
  const module = ShopModule.with(runtime);
  const service: Service = await buildEdges(runtime, { module, migrations: allMigrations, ...options });
  return { runtime, service, lifecycle };
}

describe('the edges of a service', () => {
  it('answer by HTTP and gRPC once started, with the runtime in every module', async () => {
    const { service, lifecycle } = await build();
    await lifecycle.start();
    const url = (await service.app.getUrl()).replace('[::1]', '127.0.0.1');
    const health = new GrpcHealthClient(`127.0.0.1:${service.grpc.boundPort}`);
    try {
      expect(await (await fetch(`${url}/name`)).json()).toEqual({ service: 'shop' });
      expect(await health.isServing()).toBe(true);
      expect(await lifecycle.ready()).toEqual({ ok: true, failed: [] });
    } finally {
      health.close();
      await lifecycle.shutdown('the spec is over');
    }
  });

  it('speak mutual TLS by gRPC when they have certificates, and close those with the rest', async () => {
    const house = new Authority('house');
    const { certFile, keyFile, caFile } = house.issue(['localhost', 'shop']);
    const lifecycle = new WatchedLifecycle();
    const plain: Runtime = createRuntime(database.appUrl, { lifecycle });
    const grpcTls = grpcTlsOf(
      {
        GRPC_TLS_CERT_FILE: certFile,
        GRPC_TLS_KEY_FILE: keyFile,
        GRPC_TLS_CA_FILE: caFile,
        GRPC_TLS_CLIENTS: ['shop'],
      },
      plain.logger,
    );
    const runtime = { ...plain, grpcTls };
    const { grpc } = await buildEdges(runtime, { module: ShopModule.with(runtime), migrations: allMigrations });
    await lifecycle.start();
    const address = `localhost:${grpc.boundPort}`;
    const [known, unknown] = [new GrpcHealthClient(address, grpcTls), new GrpcHealthClient(address)];
    try {
      expect(await known.isServing('', 5_000)).toBe(true);
      expect(await unknown.isServing()).toBe(false);
    } finally {
      for (const client of [known, unknown]) client.close();
      grpcTls?.certificates.close();
      await lifecycle.shutdown('the spec is over');
      house.close();
    }
  });

  it('listen only after the schema was found right and everything is prepared, in order', async () => {
    const prepared: string[] = [];
    const { service, lifecycle, runtime } = await build({
      preparations: {
        first: async () => {
          expect(service.app.getHttpServer().listening).toBe(false);
          await runtime.pool.query('SELECT FROM messaging.outbox');
          prepared.push('first');
        },
        second: async () => void prepared.push('second'),
      },
    });
    expect(lifecycle.startHooks).toEqual([
      'schema',
      'restore-hold',
      'first',
      'second',
      'revocations',
      'http',
      'grpc',
      'idempotency-purge',
    ]);
    await lifecycle.start();
    expect(prepared).toEqual(['first', 'second']);
    await lifecycle.shutdown('the spec is over');
  });

  it('delete no keys of idempotency where the database keeps none', async () => {
    const { lifecycle } = await build({ migrations: bareMigrations });
    expect(lifecycle.startHooks).not.toContain('idempotency-purge');
    await lifecycle.shutdown('the spec is over');
  });

  it('wait for a database that is not migrated, prepare nothing meanwhile, and start once it is', async () => {
    const bare = await openDatabase(bareMigrations);
    const seen: unknown[] = [];
    const { lifecycle, runtime, service } = await build(
      { preparations: { something: async () => void seen.push((await runtime.pool.query(APPLIED)).rows[0]) } },
      bare.appUrl,
    );
    const before = (await runtime.pool.query(APPLIED)).rows[0];
    const started = lifecycle.start();
    expect(await lifecycle.ready()).toEqual({ ok: false, failed: ['starting'] });
    expect(lifecycle.live().ok).toBe(true);
    const { username: appRole } = new URL(bare.appUrl);
    await runMigrations({ connectionString: bare.ownerUrl, appRole, sources: [...allMigrations] });
    await started;
    expect(seen).toHaveLength(1);
    expect(seen).not.toContainEqual(before);
    expect(service.app.getHttpServer().listening).toBe(true);
    await lifecycle.shutdown('the spec is over');
    await bare.drop();
  });

  it('let go of what stands on the pool before the pool ends', async () => {
    let answer: unknown;
    const { lifecycle, runtime } = await build({
      beforePoolEnds: async () => {
        answer = (await runtime.pool.query('SELECT 1 AS one')).rows[0];
      },
    });
    await lifecycle.start();
    await lifecycle.shutdown('the spec is over');
    expect(answer).toEqual({ one: 1 });
    await expect(runtime.pool.query('SELECT 1')).rejects.toThrow();
  });
});
