import { describe, expect, it } from '@jest/globals';
import { currencyOf, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import fc from 'fast-check';
import { netAfterRefunds, refundAmount } from './refund.js';

const USD = currencyOf('USD');
const purchase = (amountMicros: bigint, refundedMicros: bigint) => ({ amountMicros, refundedMicros, currency: 'USD' });

describe('How much a refund takes', () => {
  it.each([
    ['what was asked for', 100n, 0n, 40n, 40n],
    ['exactly what is left', 100n, 60n, 40n, 40n],
    ['all that is left when no amount is named', 100n, 60n, undefined, 40n],
    ['everything when nothing was refunded before', MAX_PURCHASE_MICROS, 0n, undefined, MAX_PURCHASE_MICROS],
  ])('is %s', (_, amount, refunded, asked, expected) => {
    const requested = asked === undefined ? undefined : { amountMicros: asked, currency: USD };
    expect(refundAmount(purchase(amount, refunded), requested)).toBe(expected);
  });

  it.each([
    ['more than is left', 100n, 61n, { amountMicros: 40n, currency: USD }, 'REFUND_EXCEEDS_PURCHASE'],
    ['something when nothing is left', 100n, 100n, { amountMicros: 1n, currency: USD }, 'REFUND_EXCEEDS_PURCHASE'],
    ['the rest when nothing is left', 100n, 100n, undefined, 'REFUND_EXCEEDS_PURCHASE'],
    ['another currency', 100n, 0n, { amountMicros: 1n, currency: currencyOf('EUR') }, 'CURRENCY_MISMATCH'],
  ])('is refused when it asks for %s', (_, amount, refunded, requested, reason) => {
    expect(() => refundAmount(purchase(amount, refunded), requested)).toThrow(expect.objectContaining({ reason }));
  });
});

describe('What stands of an entry', () => {
  const sale = fc
    .tuple(fc.bigInt({ min: 1n, max: MAX_PURCHASE_MICROS }), fc.bigInt({ min: 0n, max: 1_000_000n }))
    .map(([amountMicros, ppm]) => ({ amountMicros, grossMicros: (amountMicros * ppm) / 1_000_000n }));

  it('ends at exactly zero after a full refund and is whole without one', () => {
    fc.assert(
      fc.property(sale, ({ amountMicros, grossMicros }) => {
        expect(netAfterRefunds(grossMicros, { amountMicros, refundedMicros: amountMicros })).toBe(0n);
        expect(netAfterRefunds(grossMicros, { amountMicros, refundedMicros: 0n })).toBe(grossMicros);
      }),
    );
  });

  it('never rises with R, and the house never owes: nets of all entries stay within what is left', () => {
    fc.assert(
      fc.property(sale, fc.array(fc.bigInt({ min: 0n, max: 1_000_000n })), ({ amountMicros, grossMicros }, parts) => {
        const refunds = parts.map((ppm) => (amountMicros * ppm) / 1_000_000n).toSorted((a, b) => (a < b ? -1 : 1));
        let before = grossMicros;
        for (const refundedMicros of refunds) {
          const net = netAfterRefunds(grossMicros, { amountMicros, refundedMicros });
          expect(net).toBeLessThanOrEqual(before);
          expect(net).toBeLessThanOrEqual(amountMicros - refundedMicros);
          before = net;
        }
      }),
    );
  });

  it('depends on R alone: a chargeback won brings back what any order of refunds would have left', () => {
    fc.assert(
      fc.property(sale, fc.nat(1000), fc.nat(1000), ({ amountMicros, grossMicros }, a, b) => {
        const lost = (amountMicros * BigInt(a)) / 2000n;
        const refunded = (amountMicros * BigInt(b)) / 2000n;
        const withBoth = netAfterRefunds(grossMicros, { amountMicros, refundedMicros: lost + refunded });
        const won = netAfterRefunds(grossMicros, { amountMicros, refundedMicros: refunded });
        expect(won).toBeGreaterThanOrEqual(withBoth);
        expect(won).toBe((grossMicros * (amountMicros - refunded)) / amountMicros);
      }),
    );
  });

  it.each([-1n, 101n])('R = %s of 100 is a bug', (refundedMicros) => {
    expect(() => netAfterRefunds(1n, { amountMicros: 100n, refundedMicros })).toThrow(RangeError);
  });
});
