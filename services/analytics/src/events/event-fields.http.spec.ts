import { describe, expect, it } from '@jest/globals';
import { hashOfEvents, readEvent } from './event-fields.http.js';

const good = {
  id: '018F0000-0000-7000-8000-0000000000EE',
  name: 'invite_sent',
  occurredAt: '2026-06-01T14:00:00+02:00',
  anonymousId: 'browser-1',
  userId: '018f0000-0000-7000-8000-00000000000a',
  properties: { channel: 'mail', deep: { list: [1, null] } },
};

describe('An event of a body', () => {
  it('is read with its id in lower case and its time in UTC', () => {
    expect(readEvent(good)).toEqual({
      ...good,
      id: good.id.toLowerCase(),
      occurredAt: new Date('2026-06-01T12:00:00Z'),
    });
  });

  it('needs an id, a name and a time', () => {
    const { id, name, occurredAt } = good;
    expect(readEvent({ id, name, occurredAt })).toMatchObject({ name, properties: {} });
  });

  it.each([
    ['NOT_AN_OBJECT', [null, 1, 'event', [], true, undefined]],
    ['UNKNOWN_FIELD', [{ ...good, tenantId: good.userId }]],
    ['INVALID_ID', [undefined, '', 'x', 7, `${good.id} `].map((id) => ({ ...good, id }))],
    [
      'INVALID_NAME',
      [undefined, '', 'Invite', '1st', 'a b', 'a.b', 'ä', 'a\n', 7, 'a'.repeat(101)].map((name) => ({ ...good, name })),
    ],
    [
      'INVALID_OCCURRED_AT',
      [undefined, 'now', 1_780_000_000, '2026-06-01', '2026-06-01T12:00:00', '2026-02-30T12:00:00Z'].map(
        (occurredAt) => ({ ...good, occurredAt }),
      ),
    ],
    [
      'INVALID_ANONYMOUS_ID',
      ['', 'a\n', '\ud800', 7, 'a'.repeat(201)].map((anonymousId) => ({ ...good, anonymousId })),
    ],
    ['INVALID_USER_ID', ['', 'anna', 7, null].map((userId) => ({ ...good, userId }))],
    ['INVALID_PROPERTIES', [null, [], 'x', 7].map((properties) => ({ ...good, properties }))],
  ])('is refused: %s', (code, values) => {
    for (const value of values) expect([value, readEvent(value)]).toEqual([value, code]);
  });
});

describe('The events of a body', () => {
  const hash = (...events: unknown[]) => Buffer.from(hashOfEvents(events)).toString('hex');

  it.each<[string, unknown[]]>([
    ['when spelt another way', [{ ...good, id: good.id.toLowerCase(), occurredAt: '2026-06-01T12:00:00.000Z' }]],
    ['when their members come in another order', [Object.fromEntries(Object.entries(good).toReversed())]],
  ])('are the same %s', (_, events) => {
    expect(hash(...events)).toBe(hash(good));
  });

  it('are others when anything differs, also in what is refused', () => {
    const wrong = { ...good, name: 'Not a slug' };
    const bodies = [
      [good],
      [{ ...good, properties: {} }],
      [good, good],
      [wrong, good],
      [good, wrong],
      [wrong],
      [{ ...wrong, name: 'Neither' }],
      ['INVALID_NAME'],
    ];
    expect(new Set(bodies.map((body) => hash(...body))).size).toBe(bodies.length);
  });

  it('may hold numbers beyond those of JSON', () => {
    expect(hash({ ...good, properties: { n: JSON.parse('1e999') } })).toMatch(/^[0-9a-f]{64}$/);
  });
});
