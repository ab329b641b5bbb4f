import { describe, expect, it } from '@jest/globals';
import { asEventId, asTenantId, asUserId } from '../ids.js';
import { MAX_PROPERTIES_BYTES, type Receipt, receive, type SentEvent } from './event.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const DAY = 86_400_000;
const ANNA = asUserId('018f0000-0000-7000-8000-00000000000a');
const BORIS = asUserId('018f0000-0000-7000-8000-00000000000b');

const byKey: Receipt = {
  tenantId: asTenantId('018f0000-0000-7000-8000-000000000001'),
  sender: { kind: 'apiKey', id: '018f0000-0000-7000-8000-0000000000ff' },
  receivedAt: NOW,
  retentionDays: 40,
};
const byAnna: Receipt = { ...byKey, sender: { kind: 'person', id: ANNA } };

const sent = (other: Partial<SentEvent> = {}): SentEvent => ({
  id: asEventId('018f0000-0000-7000-8000-0000000000ee'),
  name: 'page_viewed',
  occurredAt: NOW,
  anonymousId: undefined,
  userId: undefined,
  properties: {},
  ...other,
});

const at = (ms: number) => sent({ occurredAt: new Date(NOW.getTime() + ms) });
// {"a":"…"} has 8 characters around the text.
const sized = (bytes: number) => sent({ properties: { a: 'x'.repeat(bytes - 8) } });

describe('An event that arrives', () => {
  it.each([
    ['a day ahead', at(DAY), 'taken'],
    ['more than a day ahead', at(DAY + 1), 'OCCURRED_AT_IN_FUTURE'],
    ['as old as the store keeps', at(-40 * DAY), 'taken'],
    ['older than the store keeps', at(-40 * DAY - 1), 'OCCURRED_AT_TOO_OLD'],
    ['with 4 KiB of properties', sized(MAX_PROPERTIES_BYTES), 'taken'],
    ['with a byte more', sized(MAX_PROPERTIES_BYTES + 1), 'PROPERTIES_TOO_LARGE'],
    ['whose letters are few and bytes many', sent({ properties: { a: 'ä'.repeat(2_100) } }), 'PROPERTIES_TOO_LARGE'],
    ['with half a character', sent({ properties: { a: '\ud83d' } }), 'INVALID_PROPERTIES'],
    ['with half a character in a name', sent({ properties: { '\udc00': 1 } }), 'INVALID_PROPERTIES'],
    ['with half a character behind a backslash', sent({ properties: { a: '\\\ud83d' } }), 'INVALID_PROPERTIES'],
    ['with a whole one', sent({ properties: { a: '😀' } }), 'taken'],
    ['with text that looks like an escape', sent({ properties: { a: '\\ud83d' } }), 'taken'],
  ])('%s', (_, event, expected) => {
    const outcome = receive(event, byKey);
    expect(typeof outcome === 'string' ? outcome : 'taken').toBe(expected);
  });

  it.each([
    ['of a person about nobody is about that person', byAnna, undefined, ANNA],
    ['of a person about that person is taken', byAnna, ANNA, ANNA],
    ['of a key about nobody stays so', byKey, undefined, undefined],
    ['of a key about anybody is taken', byKey, BORIS, BORIS],
  ])('%s', (_, receipt, userId, expected) => {
    expect(receive(sent({ userId }), receipt)).toMatchObject({ tenantId: receipt.tenantId, userId: expected });
  });

  it('of a person about another is not taken', () => {
    expect(receive(sent({ userId: BORIS }), byAnna)).toBe('USER_NOT_CALLER');
  });
});
