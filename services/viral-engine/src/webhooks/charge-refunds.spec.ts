import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ChargeHistory, type RecordedPart, settleParts, standingRefunds } from './charge-refunds.js';

const at = (second: number) => new Date(second * 1_000);
const sumOf = (parts: readonly { amountMicros: bigint }[]) =>
  parts.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);

/** Records and undoes as the plan says. */
function settle(history: ChargeHistory): ChargeHistory {
  const { undo, add } = settleParts(history);
  for (const part of undo) expect(history.parts).toContain(part);
  const kept = history.parts.map((part): RecordedPart => (undo.includes(part) ? { ...part, undone: true } : part));
  return { ...history, parts: [...kept, ...add.map((part) => ({ ...part, undone: false }))] };
}

const standing = ({ parts }: ChargeHistory) => sumOf(parts.filter(({ undone }) => !undone));
const nothing: ChargeHistory = { chargeId: 'ch', sums: [], failures: [], parts: [], refunds: [] };

describe("A charge's refunds", () => {
  it('end at the largest sum that was told while none fails, in whatever order, however often, whatever was lost', () => {
    const sums = fc.array(fc.bigInt({ min: 0n, max: 10n ** 15n }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(sums, fc.array(fc.nat(20), { minLength: 20, maxLength: 20 }), (told, seconds) => {
        let history = nothing;
        for (const [index, refundedMicros] of [...told, ...told].entries()) {
          const toldAt = at(seconds[index % told.length]!);
          history = settle({ ...history, sums: [...history.sums, { toldAt, refundedMicros }] });
        }
        expect(standing(history)).toBe(told.reduce((most, sum) => (sum > most ? sum : most), 0n));
        expect(new Set(history.parts.map(({ externalId }) => externalId)).size).toBe(history.parts.length);
      }),
    );
  });

  it('have their own ids where those make up the difference, and the sum as their name where they do not', () => {
    const refunds = [
      { refundId: 're_2', amountMicros: 20n },
      { refundId: 're_1', amountMicros: 10n },
    ];
    const parts = [{ externalId: 're_1', amountMicros: 10n, undone: false }];
    const told = (refundedMicros: bigint) => [{ toldAt: at(1), refundedMicros }];
    expect(settleParts({ ...nothing, sums: told(30n), refunds, parts }).add).toEqual([
      { externalId: 're_2', amountMicros: 20n },
    ]);
    expect(settleParts({ ...nothing, sums: told(25n), refunds, parts }).add).toEqual([
      { externalId: 'ch:refunded:25', amountMicros: 15n },
    ]);
  });

  it('end at what did not fail, in whatever order the events come', () => {
    // A life of a charge at the sender: refunds are made, some fail later; each tells what stands at that second.
    const step = fc.record({ amount: fc.bigInt({ min: 1n, max: 1_000n }), fails: fc.boolean(), own: fc.boolean() });
    const lives = fc.array(step, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(lives, fc.array(fc.nat(1_000), { minLength: 12, maxLength: 12 }), (steps, order) => {
        let stands = 0n;
        let second = 0;
        const failing: { externalId: string; amountMicros: bigint }[] = [];
        const events: Partial<ChargeHistory>[] = [];
        const fail = () => {
          for (const each of failing.splice(0)) {
            stands -= each.amountMicros;
            events.push({ failures: [{ ...each, toldAt: at((second += 1)) }] });
          }
        };
        steps.forEach(({ amount, fails, own }, index) => {
          stands += amount;
          const externalId = `re_${index}`;
          const refunds = own ? [{ refundId: externalId, amountMicros: amount }] : [];
          events.push({ sums: [{ toldAt: at((second += 1)), refundedMicros: stands }], refunds });
          if (fails) failing.push({ externalId, amountMicros: amount });
          if (index % 2 === 1) fail();
        });
        fail();
        const shuffled = events
          .map((event, index) => ({ event, place: order[index % 12]! * 20 + index }))
          .toSorted((a, b) => a.place - b.place);
        let history = nothing;
        for (const { event } of [...shuffled, ...shuffled]) {
          const failures = [...history.failures];
          for (const each of event.failures ?? []) {
            if (!failures.some(({ externalId }) => externalId === each.externalId)) failures.push(each);
          }
          const sums = [...history.sums, ...(event.sums ?? [])];
          history = settle({ ...history, sums, failures, refunds: event.refunds ?? [] });
          expect(standing(history)).toBe(standingRefunds(history));
        }
        expect(standing(history)).toBe(stands);
        expect(new Set(history.parts.map(({ externalId }) => externalId)).size).toBe(history.parts.length);
      }),
    );
  });

  it('recorded before sums were kept count as told', () => {
    const parts = [
      { externalId: 'ch:refunded:30', amountMicros: 30n, undone: false },
      { externalId: 'ch:refunded:50', amountMicros: 20n, undone: false },
    ];
    const failures = [{ externalId: 're_1', amountMicros: 20n, toldAt: at(1) }];
    expect(settleParts({ ...nothing, parts, failures })).toEqual({ undo: [parts[1]], add: [] });
  });

  it('that were told as one sum are taken apart when one of them fails', () => {
    const parts = [{ externalId: 'ch:refunded:50', amountMicros: 50n, undone: false }];
    const failures = [{ externalId: 're_1', amountMicros: 20n, toldAt: at(2) }];
    const sums = [{ toldAt: at(1), refundedMicros: 50n }];
    expect(settleParts({ ...nothing, sums, parts, failures })).toEqual({
      undo: parts,
      add: [{ externalId: 'ch:refunded:80', amountMicros: 30n }],
    });
  });
});
