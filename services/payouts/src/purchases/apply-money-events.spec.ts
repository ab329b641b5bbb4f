import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { expectedNets, Life, randomLife, seeded, shuffled } from '../../test/lives.js';
import { asTenantId, asUserId } from '../ids.js';
import { type Journal, settleLegs } from '../ledger/journal.js';
import {
  applyMoneyEvents,
  type ProgressBook,
  type ProgressUpdate,
  type PurchaseProgress,
} from './apply-money-events.js';
import type { MoneyEvent } from './money-event.js';

const tenantId = asTenantId('00000000-0000-7000-8000-000000000001');
const people = [2, 3, 4].map((n) => asUserId(`00000000-0000-7000-8000-00000000000${n}`));
const shares = [{ beneficiaryId: people[0]!, micros: 20n }];

/** Progress kept in memory; it forgets nothing, so that a double journal would show. */
class MemoryBook implements ProgressBook {
  readonly purchases = new Map<string, PurchaseProgress>();
  readonly journals: Journal[] = [];

  lock(wanted: Parameters<ProgressBook['lock']>[0]): Promise<PurchaseProgress[]> {
    const found = wanted.map(({ tenantId: tenant, purchaseId, currency }) => {
      const none = { sequence: 0n, amountMicros: undefined, houseMicros: undefined, entries: new Map(), setAside: [] };
      return this.purchases.get(purchaseId) ?? { tenantId: tenant, purchaseId, currency, ...none };
    });
    return Promise.resolve(found);
  }

  save(updates: readonly ProgressUpdate[], journals: readonly Journal[]): Promise<void> {
    this.journals.push(...journals);
    for (const update of updates) {
      const { purchaseId, changedEntries, taken, toSetAside, ...rest } = update;
      const before = this.purchases.get(purchaseId);
      const entries = new Map([...(before?.entries ?? []), ...changedEntries]);
      const setAside = [...(before?.setAside ?? []), ...toSetAside].filter(({ sequence }) => !taken.includes(sequence));
      this.purchases.set(purchaseId, { purchaseId, ...rest, entries, setAside });
    }
    return Promise.resolve();
  }

  /** Balances by `owner currency account`, and the house's expense. */
  balances(): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    for (const journal of this.journals) {
      for (const { account, amountMicros } of settleLegs(journal)) {
        const key = `${account.ownerId} ${account.currency} ${account.kind}`;
        sums.set(key, (sums.get(key) ?? 0n) + amountMicros);
      }
    }
    return sums;
  }
}

const sequencesOf = (book: MemoryBook) =>
  book.journals.map(({ cause }) => (cause.kind === 'purchase' ? Number(cause.sequence) : 0));

function sale(): Life {
  const life = new Life({ tenantId, amountMicros: 100n, shares });
  life.hold();
  life.lift();
  life.release();
  life.refund(50n);
  return life;
}

describe('Money events', () => {
  it('make one journal each, but for those that only count', async () => {
    const [book, life] = [new MemoryBook(), sale()];
    await applyMoneyEvents(book, life.events);
    expect(book.journals.map(({ eventType }) => eventType)).toEqual([
      'CommissionsAccrued',
      'CommissionsHeld',
      'CommissionsHeld',
      'CommissionsReleased',
      'CommissionsReversed',
    ]);
    expect(sequencesOf(book)).toEqual([2, 3, 4, 5, 7]);
    expect(book.purchases.get(life.purchaseId)).toMatchObject({
      sequence: 7n,
      amountMicros: 100n,
      houseMicros: 80n,
      setAside: [],
    });
    const last = life.events.at(-1)!.fact;
    expect(book.journals.at(-1)!.cause).toMatchObject({ refundId: 'refundId' in last ? last.refundId : 'none' });
    expect(book.journals[1]!.reason).toBe('beneficiary_suspended');
  });

  it('that come early wait for those before them', async () => {
    const [book, life] = [new MemoryBook(), sale()];
    const [first, second, third, fourth] = life.events as [MoneyEvent, MoneyEvent, MoneyEvent, MoneyEvent];
    await applyMoneyEvents(book, [fourth, second]);
    expect(book.journals).toEqual([]);
    expect(book.purchases.get(life.purchaseId)).toMatchObject({ sequence: 0n, setAside: [fourth, second] });
    await applyMoneyEvents(book, [first]);
    expect(sequencesOf(book)).toEqual([2]);
    await applyMoneyEvents(book, [third]);
    expect(sequencesOf(book)).toEqual([2, 3, 4]);
    expect(book.purchases.get(life.purchaseId)!.setAside).toEqual([]);
  });

  it('that come again do nothing, ever', async () => {
    const [book, life] = [new MemoryBook(), sale()];
    await applyMoneyEvents(book, [...life.events, ...life.events]);
    await applyMoneyEvents(book, life.events.toReversed());
    expect(sequencesOf(book)).toEqual([2, 3, 4, 5, 7]);
  });

  it('give the same books in whatever order, batches and number they come', async () => {
    const chance = fc.record({ seed: fc.nat(), batch: fc.integer({ min: 1, max: 40 }) });
    await fc.assert(
      fc.asyncProperty(chance, async ({ seed, batch }) => {
        const dice = seeded(seed);
        const lives = Array.from({ length: 5 }, () =>
          randomLife(dice, { tenantId, people, currencies: ['USD', 'JPY'] }),
        );
        const all = lives.flatMap(({ events }) => events);
        const sent = shuffled([...all, ...all.filter(() => dice(3) === 0)], dice);
        const book = new MemoryBook();
        for (let n = 0; n < sent.length; n += batch) await applyMoneyEvents(book, sent.slice(n, n + batch));
        const balances = book.balances();
        for (const [key, net] of expectedNets(lives)) {
          if (!/(reversed|forfeited)$/.test(key)) expect([key, balances.get(key) ?? 0n]).toEqual([key, net]);
        }
        expect([...balances.values()].reduce((sum, amount) => sum + amount, 0n)).toBe(0n);
        for (const { purchaseId, events } of lives) {
          expect(book.purchases.get(purchaseId)).toMatchObject({ sequence: BigInt(events.length), setAside: [] });
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('A money event is refused', () => {
  const changed = (event: MoneyEvent, other: Partial<MoneyEvent>): MoneyEvent => ({ ...event, ...other });
  const [recorded, accrued] = sale().events as [MoneyEvent, MoneyEvent];

  it.each([
    ['that has no number', [changed(recorded, { sequence: 0n })], 'begin at 1'],
    ['of another currency', [recorded, changed(accrued, { currency: currencyOf('EUR') })], 'one currency'],
    ['that pays before there is a purchase', [changed(accrued, { sequence: 1n })], 'is PurchaseRecorded'],
    ['that records the purchase once more', [recorded, changed(recorded, { sequence: 2n })], 'first event'],
    [
      'whose split is not the amount (I5)',
      [changed(recorded, { fact: { kind: 'PurchaseRecorded', amountMicros: 100n, houseMicros: 81n } }), accrued],
      'I5',
    ],
    [
      'that accrues what has accrued',
      [recorded, accrued, changed(accrued, { sequence: 3n, eventId: 'again' })],
      'stands at pending',
    ],
  ] as [string, MoneyEvent[], string][])('%s, with its whole batch', async (_, events, message) => {
    const [book, other] = [new MemoryBook(), sale()];
    await expect(applyMoneyEvents(book, [...other.events, ...events])).rejects.toThrow(message);
    expect(book.journals).toEqual([]);
    expect(book.purchases.size).toBe(0);
  });
});
