import { describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from './broker.js';
import { events } from './catalogue.js';
import { type Delivery, storableHeaders, toDelivery, toMessage } from './cloud-events.js';
import type { EventType } from './event-type.js';
import type { OutboxRow } from './outbox.store.js';

const handled = new Map<string, EventType>([[events.memberJoined.type, events.memberJoined]]);
const position = { topic: 'viral.events.v1', partition: 3 };
const joinedAt = new Date('2026-03-04T05:06:07.089Z');

const row: OutboxRow = {
  id: '42',
  event_id: '01999999-1111-7222-8333-444444444444',
  topic: 'viral.events.v1',
  event_type: events.memberJoined.type,
  source: 'dailydoco/viral-engine',
  aggregate_key: 'user-1',
  tenant_id: 'tenant-1',
  occurred_at: '2026-03-04T05:06:07.089Z',
  payload: events.memberJoined.codec.encode({ userId: 'user-1', referrerId: 'user-0', joinedAt }).finish(),
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};

function incoming(changes: Partial<IncomingMessage> = {}): IncomingMessage {
  const { key, value, headers } = toMessage(row);
  return { key, value, headers, offset: 7n, ...changes };
}

function withHeader(name: string, value: string | undefined): IncomingMessage {
  const headers: Record<string, string> = { ...toMessage(row).headers };
  delete headers[name];
  if (value !== undefined) headers[name] = value;
  return incoming({ headers });
}

function delivered(message: IncomingMessage): Delivery {
  const delivery = toDelivery(message, position, handled);
  if (delivery === undefined) throw new Error('skipped');
  return delivery;
}

describe('an event on the wire', () => {
  it('carries the CloudEvents attributes as headers of the binary binding', () => {
    expect(toMessage(row)).toEqual({
      topic: 'viral.events.v1',
      key: 'user-1',
      value: row.payload,
      headers: {
        ce_specversion: '1.0',
        ce_id: row.event_id,
        ce_type: 'dailydoco.viral.events.v1.MemberJoined',
        ce_source: 'dailydoco/viral-engine',
        ce_time: '2026-03-04T05:06:07.089Z',
        ce_subject: 'user-1',
        ce_tenantid: 'tenant-1',
        'content-type': 'application/protobuf',
        traceparent: row.traceparent,
      },
    });
    expect(toMessage({ ...row, traceparent: null }).headers).not.toHaveProperty('traceparent');
  });

  it('arrives as it was written', () => {
    expect(delivered(incoming()).event).toEqual({
      id: row.event_id,
      type: events.memberJoined,
      tenantId: 'tenant-1',
      key: 'user-1',
      occurredAt: joinedAt,
      payload: { userId: 'user-1', referrerId: 'user-0', joinedAt },
      traceparent: row.traceparent,
      topic: 'viral.events.v1',
      partition: 3,
      offset: 7n,
    });
  });

  it('is passed over when its type is not handled, unknown, missing, or on a topic that is not its own', () => {
    expect(toDelivery(withHeader('ce_type', events.plansChanged.type), position, handled)).toBeUndefined();
    expect(toDelivery(withHeader('ce_type', 'org.example.Unheard'), position, handled)).toBeUndefined();
    expect(toDelivery(withHeader('ce_type', undefined), position, handled)).toBeUndefined();
    expect(toDelivery(incoming(), { ...position, topic: 'ai.events.v1' }, handled)).toBeUndefined();
  });

  it.each([
    ['another version of CloudEvents', withHeader('ce_specversion', '2.0'), 'ce_specversion'],
    ['no id', withHeader('ce_id', undefined), 'ce_id'],
    ['an id that is no UUID', withHeader('ce_id', 'seven'), 'ce_id'],
    ['no tenant', withHeader('ce_tenantid', undefined), 'ce_tenantid'],
    ['an empty tenant', withHeader('ce_tenantid', ''), 'ce_tenantid'],
    ['no time', withHeader('ce_time', undefined), 'ce_time'],
    ['a time that is none', withHeader('ce_time', 'yesterday'), 'ce_time'],
    ['no payload', incoming({ value: undefined }), 'payload'],
    ['a payload that breaks off', incoming({ value: row.payload.subarray(0, 5) }), ''],
  ])('is unreadable, not lost, with %s', (_, message, reason) => {
    const delivery = delivered(message);
    expect(delivery.event).toBeUndefined();
    expect(delivery.unreadable).toContain(reason);
    expect(delivery.key).toBe('user-1');
    expect(delivery.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-/);
  });

  it('without an id gets one from its position: the same each time it is read, another for its neighbour', () => {
    const message = withHeader('ce_id', undefined);
    expect(delivered(message).id).toBe(delivered(message).id);
    expect(delivered(message).id).not.toBe(delivered({ ...message, offset: 8n }).id);
  });

  it('without a key takes its subject for one, and without either stands alone', () => {
    expect(delivered(incoming({ key: undefined })).key).toBe('user-1');
    expect(delivered({ ...withHeader('ce_subject', undefined), key: undefined }).key).toBe('viral.events.v1/3/7');
  });

  it('has its id compared in lower case, so that a copy in capitals is a duplicate', () => {
    expect(delivered(withHeader('ce_id', row.event_id.toUpperCase())).event?.id).toBe(row.event_id);
  });

  it('cannot break its own parking with characters that Postgres refuses', () => {
    expect(delivered(incoming({ key: 'k\u0000' })).key).toBe('k\uFFFD');
    expect(storableHeaders({ 'x\u0000': 'a\u0000b', y: 'c' })).toEqual({ 'x\uFFFD': 'a\uFFFDb', y: 'c' });
  });
});
