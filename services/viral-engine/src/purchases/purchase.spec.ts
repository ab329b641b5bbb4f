import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { asPurchaseId, asTenantId, asUserId, asWebsiteId } from '../ids.js';
import { decidePurchase } from './decide-purchase.js';
import { isSamePurchase, type PurchaseOrder, refuseOccurredAt } from './purchase.js';

const NOW = new Date('2026-06-01T12:00:00.000Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const MINUTE = 60_000;
const DAY = 86_400_000;

describe('The time of a sale', () => {
  it.each([
    ['is absent', undefined, false, undefined],
    ['is now', NOW, false, undefined],
    ['is 5 minutes ahead', ago(-5 * MINUTE), false, undefined],
    ['is more than 5 minutes ahead', ago(-5 * MINUTE - 1), true, 'OCCURRED_AT_IN_FUTURE'],
    ['is 24 hours back', ago(DAY), false, undefined],
    ['is more than 24 hours back', ago(DAY + 1), false, 'SCOPE_MISSING'],
    ['is years back, with the scope', ago(2000 * DAY), true, undefined],
  ])('that %s', (_, occurredAt, mayBackdate, reason) => {
    expect(refuseOccurredAt(occurredAt, { now: NOW, mayBackdate })?.reason).toBe(reason);
  });
});

describe('The same sale told again', () => {
  const order: PurchaseOrder = {
    tenantId: asTenantId('t'),
    externalId: 'e',
    buyerId: asUserId('b'),
    amount: { amountMicros: 79_000_000n, currency: currencyOf('USD') },
    stream: 'subscription',
    productTag: 'pro',
    websiteId: asWebsiteId('w'),
    occurredAt: NOW,
    metadata: { note: 'first' },
  };
  const recorded = (of: PurchaseOrder) =>
    decidePurchase(
      of,
      {
        id: asPurchaseId('p'),
        recordedAt: NOW,
        occurredAt: of.occurredAt ?? NOW,
        plan: undefined,
        first: undefined,
        upline: [],
        websiteOwner: undefined,
      },
      () => 'id',
    );

  it.each([
    ['is itself', {}, true],
    ['may have other metadata', { metadata: { note: 'second' } }, true],
    ['may leave the time out', { occurredAt: undefined }, true],
    ['has the same time', { occurredAt: ago(1) }, false],
    ['has the same buyer', { buyerId: asUserId('other') }, false],
    ['has the same amount', { amount: { amountMicros: 1n, currency: currencyOf('USD') } }, false],
    ['has the same currency', { amount: { amountMicros: 79_000_000n, currency: currencyOf('EUR') } }, false],
    ['has the same stream', { stream: 'usage' }, false],
    ['has the same product tag', { productTag: 'basic' }, false],
    ['has a product tag as before', { productTag: undefined }, false],
    ['has the same website', { websiteId: undefined }, false],
  ])('%s', (_, other, same) => {
    expect(isSamePurchase(recorded(order), { ...order, ...other })).toBe(same);
  });

  it('may name a time when the first telling named none', () => {
    expect(isSamePurchase(recorded({ ...order, occurredAt: undefined }), { ...order, occurredAt: ago(DAY) })).toBe(
      true,
    );
  });
});

describe('A purchase that no plan covers', () => {
  it("is recorded all the same, and all of it is the house's", () => {
    const purchase = decidePurchase(
      {
        tenantId: asTenantId('t'),
        externalId: 'e',
        buyerId: asUserId('b'),
        amount: { amountMicros: 5n, currency: currencyOf('USD') },
        stream: 's',
        websiteId: undefined,
        occurredAt: undefined,
        metadata: undefined,
      },
      {
        id: asPurchaseId('p'),
        recordedAt: NOW,
        occurredAt: NOW,
        plan: undefined,
        first: undefined,
        upline: [],
        websiteOwner: undefined,
      },
      () => 'id',
    );
    expect(purchase).toMatchObject({ plan: undefined, totalMicros: 0n, commissions: [], sequence: 1n });
  });
});
