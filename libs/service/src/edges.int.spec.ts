import { MigrationError } from '@dailydoco/database';
import { GrpcHealthClient } from '@dailydoco/grpc';
import type { TestDatabase } from '@dailydoco/testing';
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
import { buildEdges, type EdgesOptions, type Service } from './index.js';

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
      'first',
      'second',
      'revocations',
      'grpc',
      'http',
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

  it('do not start on a database that is not migrated, and prepare nothing', async () => {
    const bare = await openDatabase(bareMigrations);
    let isPrepared = false;
    const preparations = { something: async () => void (isPrepared = true) };
    const { lifecycle } = await build({ preparations }, bare.appUrl);
    await expect(lifecycle.start()).rejects.toThrow(MigrationError);
    expect(isPrepared).toBe(false);
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
