// `npm run bench:payouts -w services/payouts`: a hundred thousand payouts are asked for, screened, approved, put into
// files and settled by a bank's reports. Prints how long each took; only the outcome is asserted, because machines differ.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { asPayoutId, asPayoutMethodId, asPurchaseId, type TenantId, type UserId } from '../src/ids.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import { PayoutMethodStore } from '../src/methods/payout-method.store.js';
import { BatchReadStore } from '../src/payouts/batch.store.js';
import { Batches } from '../src/payouts/batches.js';
import type { Change } from '../src/payouts/change-payout.js';
import { DestinationStore } from '../src/methods/destinations.store.js';
import { SCREENED_AT_ONCE, screenPayouts } from '../src/payouts/screen-payouts.js';
import { railRegistry } from '../src/rails/registry.js';
import type { RailReport } from '../src/rails/rail.js';
import { type Books, micros, startBooks } from './books.js';
import { SPEC_BANK } from './spec-rail.js';

const PAYOUTS = Number(process.env['BENCH_PAYOUTS'] ?? 100_000);
const PEOPLE = 5_000;
const AT_ONCE = 500;
const EUR = currencyOf('EUR');

let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

const say = (text: string) => process.stdout.write(`${text}\n`);

async function timed(what: string, work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const mib = Math.round(process.memoryUsage().rss / 1_048_576);
  say(`${what.padEnd(42)} ${seconds.toFixed(1).padStart(7)} s ${Math.round(PAYOUTS / seconds)} payouts/s, ${mib} MiB`);
  return seconds;
}

interface Person {
  readonly personId: UserId;
  readonly methodId: ReturnType<typeof asPayoutMethodId>;
}

/** Persons with 1,000.00 available and a bank account. */
async function seed(tenantId: TenantId): Promise<Person[]> {
  const people: Person[] = [];
  const now = books.clock.now();
  for (let n = 0; n < PEOPLE; n += AT_ONCE) {
    const some = Array.from({ length: AT_ONCE }, () => ({
      personId: books.newPerson(),
      methodId: asPayoutMethodId(books.newId()),
    }));
    await inDatabaseTransaction(books.pool, async (tx) => {
      const methods = new PayoutMethodStore(tx, books.secrecy);
      for (const { personId, methodId: id } of some) {
        const shown = { masked: '•••• 5678', country: 'DE', outcome: undefined, heldUntil: undefined };
        const method = { tenantId, id, personId, kind: 'sepa' as const, ...shown, createdAt: now };
        await methods.add(method, { details: { account: 'DE12345678' }, account: `DE12345678 ${personId}` });
      }
      await new LedgerStore(tx, books).write(
        some.map(({ personId }) => ({
          tenantId,
          eventType: 'CommissionsReleased',
          currency: EUR,
          cause: { kind: 'purchase', purchaseId: asPurchaseId(books.newId()), sequence: 1n, refundId: undefined },
          reason: undefined,
          occurredAt: now,
          legs: [
            { personId: undefined, kind: 'commission_expense', amountMicros: -micros('1000.00') },
            { personId, kind: 'available', amountMicros: micros('1000.00') },
          ],
          mayOverdraw: false,
        })),
      );
    });
    people.push(...some);
  }
  return people;
}

async function request(tenantId: TenantId, people: readonly Person[]): Promise<void> {
  const now = books.clock.now();
  for (let n = 0; n < PAYOUTS; n += AT_ONCE) {
    const changes = Array.from({ length: Math.min(AT_ONCE, PAYOUTS - n) }, (_, k): Change => {
      const person = people[(n + k) % people.length];
      if (person === undefined) throw new Error('nobody is there');
      const { personId, methodId } = person;
      const terms = { tenantId, id: asPayoutId(books.newId()), personId, methodId, rail: 'sepa' as const };
      const money = { amountMicros: micros('10.00'), withheldMicros: 0n, feeMicros: 0n, currency: EUR };
      const none = { reason: undefined, railReference: undefined, batchId: undefined };
      const payout = { ...terms, ...money, ...none, status: 'requested' as const, requestedAt: now, changedAt: now };
      return { payout, askAt: now };
    });
    await inDatabaseTransaction(books.pool, (tx) => books.payoutBook(tx).add(changes));
  }
}

async function screen(): Promise<void> {
  for (let more = true; more; ) {
    ({ more } = await inDatabaseTransaction(books.pool, (tx) =>
      screenPayouts(books.payoutBook(tx), { screens: [], now: books.clock.now() }),
    ));
  }
}

it(`pays ${PAYOUTS} by files, ${SCREENED_AT_ONCE} at a time`, async () => {
  const tenantId = books.newTenant();
  const rails = railRegistry([books.rail, { ...SPEC_BANK, maxPayments: 10_000 }]);
  const destinations = new DestinationStore(books.pool, { sealer: books.secrecy.sealer, rails });
  const files = new Batches({ store: new BatchReadStore(books.pool), rails, destinations, clock: books.clock });
  const people = await seed(tenantId);
  await timed('asked for', () => request(tenantId, people));
  const took = [await timed('screened and approved', screen)];
  const left = async () =>
    (await books.pool.query<{ n: number }>("SELECT count(*)::int AS n FROM payout WHERE status = 'approved'")).rows[0]
      ?.n;
  took.push(
    await timed('put into batches', async () => {
      while ((await left()) !== 0) await books.batch(rails);
    }),
  );
  const batches = await files.list({ tenantId, before: undefined, limit: 200 });
  took.push(
    await timed(`${batches.length} files made`, async () => {
      for (const { id } of batches) await files.file(tenantId, id);
    }),
  );
  took.push(
    await timed('settled by reports', async () => {
      const { rows } = await books.pool.query<{ id: string }>('SELECT id FROM payout ORDER BY id');
      for (let n = 0; n < rows.length; n += AT_ONCE) {
        const reports = rows.slice(n, n + AT_ONCE).map(({ id }): RailReport => {
          const answer = { state: 'settled' as const, reason: undefined, askAgainAfterMs: undefined };
          const money = { amountMicros: micros('10.00'), currency: EUR };
          const occurredAt = books.clock.now();
          return { tenantId, rail: 'sepa', reportId: id, reference: asPayoutId(id), answer, ...money, occurredAt };
        });
        await books.report(...reports);
      }
    }),
  );
  say(`all after the request: ${took.reduce((sum, seconds) => sum + seconds, 0).toFixed(1)} s`);
  const { rows } = await books.pool.query('SELECT status, count(*)::int AS n FROM payout GROUP BY status');
  expect(rows).toEqual([{ status: 'settled', n: PAYOUTS }]);
}, 1_800_000);
