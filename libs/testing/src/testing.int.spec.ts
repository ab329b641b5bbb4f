import { describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Kafka, logLevel } from 'kafkajs';
import pg from 'pg';
import { barrier, createTestDatabase, fakeClock, getStores } from './index.js';

describe('the stores of a test run', () => {
  it('are a real Postgres, Redis and Kafka', async () => {
    const stores = await getStores();
    const redis = new Redis(stores.redisUrl);
    expect(await redis.ping()).toBe('PONG');
    redis.disconnect();
    const admin = new Kafka({
      clientId: 'spec',
      brokers: [...stores.kafkaBrokers],
      logLevel: logLevel.NOTHING,
    }).admin();
    await admin.connect();
    expect((await admin.describeCluster()).brokers).toHaveLength(1);
    await admin.disconnect();
  }, 120_000);

  it('clone a database from a template that is migrated once, with an app role that owns nothing', async () => {
    let migrations = 0;
    const options = {
      template: `spec-${process.pid}-${Date.now()}`,
      migrate: async (ownerUrl: string, appRole: string) => {
        migrations += 1;
        const client = new pg.Client({ connectionString: ownerUrl });
        await client.connect();
        await client.query(`CREATE TABLE note (text text); GRANT INSERT ON note TO ${appRole}`);
        await client.end();
      },
    };
    const databases = await Promise.all([createTestDatabase(options), createTestDatabase(options)]);
    expect(migrations).toBe(1);
    const app = new pg.Client({ connectionString: databases[0].appUrl });
    await app.connect();
    await app.query("INSERT INTO note VALUES ('mine')");
    await expect(app.query('DROP TABLE note')).rejects.toThrow('must be owner');
    await app.end();
    await Promise.all(databases.map((database) => database.drop()));
  });
});

describe('determinism', () => {
  it('has a clock that moves only when told, and a meeting point that waits for all', async () => {
    const clock = fakeClock(new Date('2026-01-01T00:00:00Z'));
    clock.advance(1_000);
    expect(clock.now().toISOString()).toBe('2026-01-01T00:00:01.000Z');
    const meet = barrier(2);
    let met = false;
    const first = meet().then(() => (met = true));
    expect(met).toBe(false);
    await meet();
    await first;
    expect(met).toBe(true);
  });
});
