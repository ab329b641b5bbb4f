import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { getStores } from '@dailydoco/testing';
import { events, outgoing } from '../src/index.js';
import { Fixture, purchase } from './fixture.js';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await Fixture.open((await getStores()).kafkaBrokers);
});
afterAll(() => fixture.close());

async function rows(key: string): Promise<Record<string, unknown>[]> {
  const { rows: found } = await fixture.pool.query(
    'SELECT * FROM messaging.outbox WHERE aggregate_key = $1 ORDER BY id',
    [key],
  );
  return found;
}

describe('the outbox', () => {
  it('holds an event if and only if the change it tells of was committed', async () => {
    await expect(
      inDatabaseTransaction(fixture.pool, async (tx) => {
        await fixture.outbox.append(tx, [purchase('rolled-back', 1n)]);
        throw new Error('the change failed');
      }),
    ).rejects.toThrow('the change failed');
    expect(await rows('rolled-back')).toEqual([]);

    await inDatabaseTransaction(fixture.pool, (tx) => fixture.outbox.append(tx, [purchase('committed', 1n)]));
    expect(await rows('committed')).toHaveLength(1);
  });

  it('gives ids in the order of the call, however many events it is', async () => {
    await fixture.outbox.append(
      fixture.pool,
      Array.from({ length: 1_200 }, (_, index) => purchase('many', BigInt(index + 1))),
    );
    const sequences = (await rows('many')).map(({ payload }) =>
      Number(events.purchaseRecorded.codec.decode(payload as Uint8Array).purchaseSequence),
    );
    expect(sequences).toEqual(Array.from({ length: 1_200 }, (_, index) => index + 1));
  });

  it('keeps everything that the message will need', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const id = '01999999-1111-7222-8333-444444444444';
    await fixture.outbox.append(fixture.pool, [purchase('whole', 7n, { id, traceparent })]);
    expect(await rows('whole')).toMatchObject([
      {
        event_id: id,
        topic: 'viral.events.v1',
        event_type: 'dailydoco.viral.events.v1.PurchaseRecorded',
        source: 'dailydoco/test',
        tenant_id: '01999999-0000-7000-8000-000000000001',
        occurred_at: new Date('2026-01-02T03:04:05.678Z'),
        traceparent,
        published_at: null,
      },
    ]);
  });

  it('takes no event at all for nothing to do', async () => {
    await fixture.outbox.append({ query: () => Promise.reject(new Error('not expected')) }, []);
  });

  it('refuses what could never be published, before it is written', async () => {
    const base = purchase('k', 1n);
    const huge = outgoing({
      type: events.memberJoined,
      key: 'k',
      tenantId: 't',
      occurredAt: new Date(),
      payload: { userId: 'u'.repeat(600_000), referrerId: '', joinedAt: undefined },
    });
    await expect(fixture.outbox.append(fixture.pool, [{ ...base, key: '' }])).rejects.toThrow('key');
    await expect(fixture.outbox.append(fixture.pool, [{ ...base, key: 'k'.repeat(201) }])).rejects.toThrow('key');
    await expect(fixture.outbox.append(fixture.pool, [{ ...base, tenantId: '' }])).rejects.toThrow('tenant');
    await expect(fixture.outbox.append(fixture.pool, [huge])).rejects.toThrow('payload');
  });
});
