import { describe, expect, it } from '@jest/globals';
import { events } from './catalogue.js';
import { type ConsumerDefinition, type ReceivedEvent, defineConsumer, isEvent } from './consumer.js';

const good: ConsumerDefinition = {
  name: 'payouts-ledger',
  topics: ['viral.events.v1'],
  handles: [events.purchaseRecorded],
  applyBatch: () => Promise.resolve(),
};

describe('the definition of a consumer', () => {
  it('is taken as it stands', () => {
    expect(defineConsumer(good)).toEqual(good);
  });

  it.each([
    ['a name that is no slug', { name: 'Payouts Ledger' }, 'slug'],
    ['no name', { name: '' }, 'slug'],
    ['nothing to handle', { handles: [] }, 'handles nothing'],
    [
      'an event of a topic that it does not read',
      { handles: [events.sitePublished] },
      'does not read website.events.v1',
    ],
  ])('is refused with %s', (_, change, message) => {
    expect(() => defineConsumer({ ...good, ...change })).toThrow(message);
  });
});

describe('a received event', () => {
  it('is known by its type', () => {
    const event: ReceivedEvent = {
      id: 'e',
      type: events.memberJoined,
      tenantId: 't',
      key: 'k',
      occurredAt: new Date(0),
      payload: { userId: 'u', referrerId: '', joinedAt: undefined },
      topic: 'viral.events.v1',
      partition: 0,
      offset: 0n,
    };
    expect(isEvent(event, events.memberJoined) && event.payload.userId).toBe('u');
    expect(isEvent(event, events.plansChanged)).toBe(false);
  });
});
