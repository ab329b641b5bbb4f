// `npm run bench:payouts -w services/payouts`: a hundred thousand people ask for a payout to their bank account; all are
// screened by every screen there is, with a list of names as long as the largest published one, approved, put into SEPA
// files and settled by a bank's reports. Prints how long each took; only the outcome is asserted, because machines differ.
// `BENCH_PAYOUTS` makes it smaller.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jaroWinkler } from '@skyra/jaro-winkler';
import { composeIBAN } from 'ibantools';
import { inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { startPostgres } from '@dailydoco/stores';
import { asPayoutId, asPayoutMethodId, asPurchaseId, type TenantId, type UserId } from '../src/ids.js';
import { LedgerStore } from '../src/ledger/ledger.store.js';
import { PayoutMethodStore } from '../src/methods/payout-method.store.js';
import { BatchReadStore } from '../src/payouts/batch.store.js';
import { Batches } from '../src/payouts/batches.js';
import type { Change } from '../src/payouts/change-payout.js';
import { DestinationStore } from '../src/methods/destinations.store.js';
import { screenPayouts } from '../src/payouts/screen-payouts.js';
import { railRegistry } from '../src/rails/registry.js';
import type { RailReport } from '../src/rails/rail.js';
import { sepaRail } from '../src/rails/sepa/sepa.adapter.js';
import { screens } from '../src/risk/screens.module.js';
import { ListIndexes } from '../src/screening/list-indexes.store.js';
import { ListStore } from '../src/screening/list.store.js';
import { INSTALLATION } from '../src/screening/sanctions-list.js';
import { Books, micros, migratedDatabase } from './books.js';
import { screeningTools } from './findings.js';
import { oneOf, seeded } from './lives.js';

const PAYOUTS = Number(process.env['BENCH_PAYOUTS'] ?? 100_000);
const AT_ONCE = 500;
/** As many at once as the service's own pool of the worker has connections for. */
const WRITERS = 4;
/** About what OFAC's list of persons has. */
const LISTED = 20_000;
const EUR = currencyOf('EUR');

const folder = mkdtempSync(join(tmpdir(), 'dailydoco-bench-'));
const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true });
const books = new Books(await migratedDatabase(postgres.url));

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

const dice = seeded(1);
const letters = (text: string) => Array.from(text);
const [BEGINS, VOWELS, ENDS] = ['bcdfghjklmnprstvwz', 'aeiouy', 'lmnrst'].map(letters) as [
  string[],
  string[],
  string[],
];
const syllable = () => oneOf(BEGINS, dice) + oneOf(VOWELS, dice) + (dice(2) === 0 ? oneOf(ENDS, dice) : '');
const words = (count: number) =>
  Array.from({ length: count }, () => Array.from({ length: 2 + dice(2) }, syllable).join(''));
/** As many as a country has in use, so that some are frequent. */
const FIRST_NAMES = words(3_000);
const LAST_NAMES = words(30_000);
const name = (firstNames: number) =>
  [...Array.from({ length: firstNames }, () => oneOf(FIRST_NAMES, dice)), oneOf(LAST_NAMES, dice)].join(' ');

/** A list of names like those of the people; now and then one of them matches, and the payout waits for a person. */
async function putList(): Promise<void> {
  const entries = Array.from({ length: LISTED }, (_, n) => {
    return { key: String(n), name: name(2), aliases: [], birthYears: [], country: undefined, program: undefined };
  });
  const file = {
    fileDigest: 'f'.repeat(64),
    reason: 'a benchmark',
    uploadedBy: 'bench',
    uploadedAt: books.clock.now(),
  };
  const terms = { tenantId: INSTALLATION, list: 'bench', version: 1, kind: 'sanctions' as const, entries: LISTED };
  await inDatabaseTransaction(books.pool, (tx) => new ListStore(tx).add({ ...terms, ...file }, entries));
}

/** Persons with 10.00 available and a bank account. */
async function seed(tenantId: TenantId): Promise<Person[]> {
  const people = Array.from({ length: PAYOUTS }, (_, n) => {
    const bban = `37040044${String(n).padStart(10, '0')}`;
    const iban = composeIBAN({ countryCode: 'DE', bban }) ?? '';
    return { personId: books.newPerson(), methodId: asPayoutMethodId(books.newId()), iban, name: name(1) };
  });
  const groups = Array.from({ length: Math.ceil(PAYOUTS / AT_ONCE) }, (_, n) =>
    people.slice(n * AT_ONCE, (n + 1) * AT_ONCE),
  );
  const write = async () => {
    for (let some = groups.pop(); some !== undefined; some = groups.pop()) await add(tenantId, some);
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return people;
}

function add(tenantId: TenantId, people: readonly (Person & { iban: string; name: string })[]): Promise<void> {
  const now = books.clock.now();
  return inDatabaseTransaction(books.pool, async (tx) => {
    const methods = new PayoutMethodStore(tx, books.secrecy);
    for (const { personId, methodId: id, iban, name: holder } of people) {
      const shown = { masked: `•••• ${iban.slice(-4)}`, country: 'DE', outcome: undefined, heldUntil: undefined };
      const method = { tenantId, id, personId, kind: 'sepa' as const, ...shown, createdAt: now };
      await methods.add(method, { details: { iban, name: holder }, account: iban });
    }
    await new LedgerStore(tx, books).write(
      people.map(({ personId }) => ({
        tenantId,
        eventType: 'CommissionsReleased',
        currency: EUR,
        cause: { kind: 'purchase', purchaseId: asPurchaseId(books.newId()), sequence: 1n, refundId: undefined },
        reason: undefined,
        occurredAt: now,
        legs: [
          { personId: undefined, kind: 'commission_expense', amountMicros: -micros('10.00') },
          { personId, kind: 'available', amountMicros: micros('10.00') },
        ],
        mayOverdraw: false,
      })),
    );
  });
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
  const tools = { ...screeningTools(books), nameIndexes: new ListIndexes(jaroWinkler) };
  for (let more = true; more; ) {
    ({ more } = await inDatabaseTransaction(books.pool, (tx) =>
      screenPayouts(books.payoutBook(tx), { screens: screens(tx, tools), now: books.clock.now() }),
    ));
  }
}

async function pay(): Promise<void> {
  const tenantId = books.newTenant();
  const debtor = { name: 'Example GmbH', iban: 'DE89370400440532013000', bic: undefined };
  const rails = railRegistry([books.rail, sepaRail(debtor)]);
  const destinations = new DestinationStore(books.pool, { sealer: books.secrecy.sealer, rails });
  const files = new Batches({ store: new BatchReadStore(books.pool), rails, destinations, clock: books.clock });
  await putList();
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
      const { rows } = await books.pool.query<{ id: string }>(
        "SELECT id FROM payout WHERE status = 'submitted' ORDER BY id",
      );
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
  const { rows } = await books.pool.query<{ status: string; n: number; found: number }>(
    `SELECT status, count(*)::int AS n, count(f.payout_id)::int AS found FROM payout p
     LEFT JOIN (SELECT DISTINCT tenant_id, payout_id FROM payout_finding) f ON f.tenant_id = p.tenant_id AND f.payout_id = p.id
     GROUP BY status ORDER BY status`,
  );
  const waiting = rows.find(({ status }) => status === 'requested')?.n ?? 0;
  say(`${waiting} wait for a person: their names are like one of the list`);
  assert.deepEqual(rows, [
    ...(waiting === 0 ? [] : [{ status: 'requested', n: waiting, found: waiting }]),
    { status: 'settled', n: PAYOUTS - waiting, found: 0 },
  ]);
  assert.ok(waiting < PAYOUTS / 10, 'most names are of nobody on the list');
  const broken = (await books.breaks(tenantId)).filter(({ invariant }) => invariant !== 'I4');
  assert.deepEqual(broken, [], 'the books balance');
}

try {
  await pay();
} finally {
  await books.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
