import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { type EventType, outgoing, type ReceivedEvent } from '@dailydoco/events';
import { CommissionKind, CommissionStatus } from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import {
  COMMISSION_EVENTS,
  COMMISSION_MESSAGES,
  commissionMessageOf,
} from '../src/notifications/commission-messages.codec.js';
import { notifying } from '../src/notifications/notifications.module.js';
import { type Edges, startEdges } from './edges.js';
import { type Engine, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

function received(
  type: EventType,
  tenantId: string,
  toStatus = CommissionStatus.COMMISSION_STATUS_HELD,
): ReceivedEvent {
  const change = {
    commissionId: engine.newId(),
    beneficiaryId: engine.newId(),
    kind: CommissionKind.COMMISSION_KIND_LEVEL,
    level: 2,
    fromStatus: CommissionStatus.COMMISSION_STATUS_PENDING,
    toStatus,
    deltaMicros: -1_500_000n,
    netMicros: 2_250_000n,
  };
  const payload = {
    purchaseId: engine.newId(),
    purchaseSequence: 3n,
    buyerId: engine.newId(),
    currencyCode: 'USD',
    changes: [change],
    reason: 'fraud_review',
    refundId: 'r1',
  };
  const sent = outgoing({ key: payload.buyerId, tenantId, occurredAt: new Date(), type, payload });
  const decoded = type.codec.decode(type.codec.encode(sent.payload).finish());
  const place = { topic: type.topic, partition: 0, offset: 0n };
  return { id: engine.newId(), type, tenantId, key: sent.key, occurredAt: sent.occurredAt, payload: decoded, ...place };
}

describe('The messages about commissions', () => {
  it('are one for every event, and another for a hold that was lifted', () => {
    const types = COMMISSION_EVENTS.map((type) => commissionMessageOf(received(type, engine.newId()))?.type);
    const [held] = COMMISSION_EVENTS.filter(({ type }) => type.endsWith('Held'));
    const lifted = received(held!, engine.newId(), CommissionStatus.COMMISSION_STATUS_PENDING);
    expect(new Set([...types, commissionMessageOf(lifted)?.type])).toEqual(new Set(COMMISSION_MESSAGES));
  });

  it('tell every commission that changed, in the public API’s shape', async () => {
    const { tenantId, people } = await edges.tenant();
    const as = await edges.person(tenantId, people[0]!, ['admin']);
    const body = { url: 'https://hooks.example.com/', eventTypes: ['commission.held'] };
    const created = await edges.call('POST', '/v1/commission-webhooks', { as, body });
    expect(created.status).toBe(201);
    const [held] = COMMISSION_EVENTS.filter(({ type }) => type.endsWith('Held'));
    const events = [received(held!, tenantId), received(held!, engine.newTenant())];
    await inDatabaseTransaction(engine.pool, (tx) => notifying(engine).applyBatch(tx, events));
    const list = await edges.call('GET', `/v1/commission-webhooks/${created.body.id}/deliveries`, { as });
    expect(list.body.items.map(({ messageId }: { messageId: string }) => messageId)).toEqual([events[0]!.id]);
    const path = `/v1/commission-webhooks/${created.body.id}/deliveries/${events[0]!.id}`;
    const message = JSON.parse((await edges.call('GET', path, { as })).body.body);
    const id = expect.any(String);
    expect(message).toEqual({
      type: 'commission.held',
      timestamp: events[0]!.occurredAt.toISOString(),
      data: {
        purchaseId: id,
        purchaseSequence: 3,
        buyerId: id,
        commissions: [
          {
            id,
            beneficiaryId: id,
            kind: 'level',
            level: 2,
            status: 'held',
            formerStatus: 'pending',
            change: { amount: '-1.50', currency: 'USD' },
            net: { amount: '2.25', currency: 'USD' },
          },
        ],
        reason: 'fraud_review',
      },
    });
    const partner = await edges.person(tenantId, people[0]!);
    expect((await edges.call('GET', '/v1/commission-webhooks', { as: partner })).status).toBe(403);
    const other = await edges.person(engine.newTenant(), people[0]!, ['owner']);
    expect((await edges.call('GET', path, { as: other })).status).toBe(404);
  });
});
