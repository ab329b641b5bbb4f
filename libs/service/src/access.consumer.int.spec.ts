import type { Principal } from '@dailydoco/auth';
import { apiKeySha256, CachedApiKeys, newApiKey, Revocations } from '@dailydoco/auth';
import { createPool, inDatabaseTransaction } from '@dailydoco/database';
import { type EventType, events, type ReceivedEvent } from '@dailydoco/events';
import { newId } from '@dailydoco/lifecycle';
import type { TestDatabase } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { bareMigrations, openDatabase } from '../test/shop.js';
import { accessConsumer } from './index.js';

const tenantId = newId();
let database: TestDatabase;
let pool: ReturnType<typeof createPool>;

beforeAll(async () => {
  database = await openDatabase(bareMigrations);
  pool = createPool({ connectionString: database.appUrl, max: 4, applicationName: 'spec', statementTimeoutMs: 5_000 });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

function told<T>(type: EventType<T>, payload: T): ReceivedEvent<T> {
  const at = { topic: 'identity.events.v1', partition: 0, offset: 0n } as const;
  return { id: newId(), type, tenantId, key: newId(), occurredAt: new Date(), payload, ...at };
}

/** What a replica that starts now knows of the principal. */
async function isRevoked(principal: Principal): Promise<boolean> {
  const revocations = new Revocations({ pool });
  await revocations.start({ beat: () => undefined, stop: () => undefined });
  try {
    return revocations.isRevoked(principal);
  } finally {
    await revocations.stop();
  }
}

const consumerWith = (apiKeys: { evict(sha256: Uint8Array): void } = { evict: () => undefined }) =>
  accessConsumer({ service: 'shop', revocations: new Revocations({ pool }), apiKeys });

const apply = (...received: ReceivedEvent[]) =>
  inDatabaseTransaction(pool, (tx) => consumerWith().applyBatch(tx, received));

describe('The consumer of access', () => {
  it('has a group of its own in each service', () => {
    expect(consumerWith().name).toBe('shop-access');
  });

  it('shuts a suspended person out, and lets a reactivated one in again', async () => {
    const userId = newId();
    const person: Principal = { kind: 'person', tenantId, userId, sessionId: newId(), roles: ['partner'] };
    const [suspendedAt, reactivatedAt] = [new Date(Date.now() - 2_000), new Date(Date.now() - 1_000)];
    await apply(told(events.userSuspended, { userId, suspendedAt }));
    expect(await isRevoked(person)).toBe(true);
    await apply(told(events.userReactivated, { userId, reactivatedAt }));
    expect(await isRevoked(person)).toBe(false);
  });

  it('forgets a revoked key once the revocation is kept, and not when it is not', async () => {
    const { key } = newApiKey();
    const keySha256 = Buffer.from(apiKeySha256(key));
    const apiKeyId = newId();
    let asked = 0;
    const apiKeys = new CachedApiKeys({
      resolve: async () => {
        asked += 1;
        return { apiKeyId, tenantId, scopes: ['purchases:write'] };
      },
    });
    const consumer = consumerWith(apiKeys);
    const revoked = told(events.apiKeyRevoked, { apiKeyId, keySha256, revokedAt: undefined });
    await apiKeys.lookUp(keySha256);

    const lost = inDatabaseTransaction(pool, async (tx) => {
      await consumer.applyBatch(tx, [revoked]);
      throw new Error('the batch is given up');
    });
    await expect(lost).rejects.toThrow('given up');
    await apiKeys.lookUp(keySha256);
    expect(asked).toBe(1);

    await inDatabaseTransaction(pool, (tx) => consumer.applyBatch(tx, [revoked]));
    await apiKeys.lookUp(keySha256);
    expect(asked).toBe(2);
    expect(await isRevoked({ kind: 'apiKey', tenantId, apiKeyId, scopes: ['purchases:write'] })).toBe(true);
  });
});
