import { describe, expect, it } from '@jest/globals';
import { asLinkId, asTenantId, asUserId } from '../ids.js';
import { touchesOf } from './touches.js';

const registeredAt = new Date('2026-06-01T12:00:00Z');
const owner = {
  tenantId: asTenantId('t'),
  userId: asUserId('teller'),
  status: 'active' as const,
  upline: [],
  boostBps: 0,
  joinedAt: registeredAt,
};
const code = { code: 'TOLD', linkId: undefined, campaign: undefined, owner };
const click = (clickId: string, at: string) => ({
  clickId,
  code: clickId.toUpperCase(),
  linkId: asLinkId(`link of ${clickId}`),
  campaign: 'c',
  referrerId: asUserId(`owner of ${clickId}`),
  clickedAt: new Date(at),
});
const [a, b] = [click('a', '2026-05-20T00:00:00Z'), click('b', '2026-05-30T00:00:00Z')];

describe('The touches of a registration', () => {
  it.each([
    ['are none without code and click', {}, undefined, undefined],
    ['are the code alone, told at the registration', { code }, 'TOLD', 'TOLD'],
    ['are one click, when there was one only', { firstClick: a, lastClick: a }, 'A', 'A'],
    ['are the first and the last click', { firstClick: a, lastClick: b }, 'A', 'B'],
    ['end with the code', { code, firstClick: a, lastClick: b }, 'A', 'TOLD'],
  ])('%s', (_, found, first, last) => {
    const touches = touchesOf({ registeredAt, code: undefined, firstClick: undefined, lastClick: undefined, ...found });
    expect([touches?.first.code, touches?.last.code]).toEqual([first, last]);
  });

  it('say whose code it was, by which link and campaign, and when', () => {
    const touches = touchesOf({ registeredAt, code, firstClick: a, lastClick: b });
    expect(touches?.first).toEqual({
      code: 'A',
      linkId: 'link of a',
      campaign: 'c',
      ownerId: 'owner of a',
      clickId: 'a',
      touchedAt: a.clickedAt,
    });
    expect(touches?.last).toEqual({
      code: 'TOLD',
      linkId: undefined,
      campaign: undefined,
      ownerId: 'teller',
      clickId: undefined,
      touchedAt: registeredAt,
    });
  });
});
