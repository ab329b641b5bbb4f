import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { jaroWinkler } from '@skyra/jaro-winkler';
import type { TenantId, UserId } from '../src/ids.js';
import type { Payout } from '../src/payouts/payout.js';
import { ListIndexes } from '../src/screening/list-indexes.store.js';
import { ListStore } from '../src/screening/list.store.js';
import { putList } from '../src/screening/lists.js';
import { INSTALLATION } from '../src/screening/sanctions-list.js';
import { rescreen } from '../src/screening/screening.module.js';
import { type Books, startBooks } from './books.js';
import { type Edges, startEdges } from './edges.js';
import { addBankAccount, findingsOf, screeningTools } from './findings.js';

let books: Books;
let edges: Edges;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books);
});

afterAll(async () => {
  await edges.stop();
  await books.stop();
});

const nameIndexes = new ListIndexes(jaroWinkler);
const tools = () => ({ ...screeningTools(books), nameIndexes });

const addAccount = (tenantId: TenantId, personId: UserId, name: string) =>
  addBankAccount(books, { tenantId, personId, name, account: newId() });

/** A payout of a person by the name, or by none. */
async function payoutTo(tenantId: TenantId, name?: string, personId = books.newPerson()): Promise<Payout> {
  await books.earn(tenantId, personId, '100.00');
  const methodId = await books.addMethod(tenantId, personId);
  if (name !== undefined) await addAccount(tenantId, personId, name);
  return books.request({ tenantId, personId, methodId, amount: '30.00' });
}

const found = (...payouts: Payout[]): Promise<string[][]> => findingsOf(books, 'screening', payouts, tools());

const finance = (tenantId: TenantId, userId = books.newPerson()) => edges.person(tenantId, userId, ['finance']);

const csv = (...lines: string[]) => `${['id,name,birthDate', ...lines].join('\n')}\n`;
const upload = (content: string, more: object = {}) => ({
  list: 'blocked',
  kind: 'sanctions',
  format: 'csv',
  content,
  reason: 'a spec',
  ...more,
});

async function put(tenantId: TenantId, content: string, more: object = {}): Promise<void> {
  const answer = await edges.call('POST', '/v1/screening/lists', {
    as: await finance(tenantId),
    body: upload(content, more),
  });
  expect([answer.status, answer.body.code]).toEqual([200, undefined]);
}

async function ownLists(tenantId: TenantId) {
  const { body } = await edges.call('GET', '/v1/screening/lists', { as: await finance(tenantId) });
  const items: { owner: string; version: number; entries: number }[] = body.items;
  return items.filter(({ owner }) => owner === 'tenant');
}

async function hits(tenantId: TenantId, status = 'open') {
  const { body } = await edges.call('GET', `/v1/screening/hits?status=${status}`, { as: await finance(tenantId) });
  const items: { id: string; personId: string; entryName: string; current: boolean; decision: object | null }[] =
    body.items;
  return items;
}

async function decide(tenantId: TenantId, decision: 'cleared' | 'confirmed'): Promise<void> {
  const [hit] = (await hits(tenantId)).filter(({ current }) => current);
  const body = { decision, reason: 'another birthday' };
  const answer = await edges.call('POST', `/v1/screening/hits/${hit?.id}/decide`, {
    as: await finance(tenantId),
    body,
  });
  expect([answer.status, answer.body.status]).toEqual([200, decision]);
}

/** As the loop does; other specs of this file have left people too. */
async function rescreenAll(): Promise<void> {
  for (let round = 0; round < 20 && (await rescreen({ ...tools(), pool: books.pool })); round += 1);
}

describe('A payout', () => {
  it('waits where its person is like an entry by name, and where no name is known; without a list nothing is asked', async () => {
    const [tenantId, other] = [books.newTenant(), books.newTenant()];
    const payouts = [
      await payoutTo(tenantId, 'José Márquez'),
      await payoutTo(tenantId, 'Ann Lee'),
      await payoutTo(tenantId),
    ];
    const elsewhere = await payoutTo(other, 'José Márquez');
    expect(await found(...payouts, elsewhere)).toEqual([[], [], [], []]);
    await put(tenantId, csv('1,"MARQUEZ, Jose",', '2,Pat Doe,'));
    await put(tenantId, csv('1,"LEE, Ann",'), { list: 'politicians', kind: 'pep' });
    expect(await found(...payouts, elsewhere)).toEqual([['sanctions_hit'], ['pep_hit'], ['name_missing'], []]);
    // Again, from what is remembered.
    expect(await found(...payouts)).toEqual([['sanctions_hit'], ['pep_hit'], ['name_missing']]);
    expect(await hits(tenantId)).toHaveLength(2);
  });

  it('goes on when the pair is cleared, until either of the two changes', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Jose Marquez');
    await put(tenantId, csv('1,Jose Marquez,1960'));
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    await decide(tenantId, 'cleared');
    expect(await found(payout)).toEqual([[]]);
    // Another version of the list with the same entry is the same pair.
    await put(tenantId, csv('1,Jose Marquez,1960', '2,Pat Doe,'));
    expect(await found(payout)).toEqual([[]]);
    await put(tenantId, csv('1,Jose Marquez,1961'));
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    await decide(tenantId, 'cleared');
    await addAccount(tenantId, payout.personId, 'Joe Marquez');
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    await decide(tenantId, 'confirmed');
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    const { rows } = await books.pool.query<{ decision: string; reason: string; decided_by: string }>(
      'SELECT decision, reason, decided_by FROM screening_decision WHERE tenant_id = $1 ORDER BY decided_at, decision',
      [tenantId],
    );
    expect(rows.map(({ decision }) => decision)).toEqual(['cleared', 'cleared', 'confirmed']);
    expect(rows[0]).toEqual(
      expect.objectContaining({ reason: 'another birthday', decided_by: expect.stringContaining('user:') }),
    );
  });

  it('waits from the score on that its tenant has set, and everybody is screened again for it', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Jose Marquez');
    await put(tenantId, csv('1,Jose Marques,'));
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    const as = await edges.person(tenantId, books.newPerson(), ['admin']);
    const set = (nameThreshold: number) =>
      edges.call('PUT', '/v1/risk/rules', { as, body: { nameThreshold, reason: 'a spec' } });
    expect((await set(74)).body.errors).toEqual([expect.objectContaining({ path: 'nameThreshold' })]);
    expect((await set(100)).body.nameThreshold).toBe(100);
    expect(await found(payout)).toEqual([[]]);
    await rescreenAll();
    expect((await hits(tenantId)).map(({ current }) => current)).toEqual([false]);
    expect((await set(88)).status).toBe(200);
    await rescreenAll();
    expect((await hits(tenantId)).map(({ current }) => current)).toEqual([true]);
  });

  it('goes on when the entry or the whole list is gone', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Jose Marquez');
    await put(tenantId, csv('1,Jose Marquez,'));
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    await put(tenantId, csv('2,Pat Doe,'));
    expect(await found(payout)).toEqual([[]]);
    await put(tenantId, csv('1,Jose Marquez,'));
    const answer = await edges.call('POST', '/v1/screening/lists/blocked/withdraw', {
      as: await finance(tenantId),
      body: { reason: 'a spec' },
    });
    expect([answer.status, answer.body.entries, answer.body.version]).toEqual([200, 0, 4]);
    expect(await found(payout)).toEqual([[]]);
    await rescreenAll();
    expect((await hits(tenantId)).map(({ current }) => current)).toEqual([false]);
  });

  it('is held against the installation’s lists in every tenant', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Very Unusual Villain');
    const entries = [
      { key: '1', name: 'VILLAIN, Very Unusual', aliases: [], birthYears: [], country: undefined, program: 'SDGT' },
    ];
    const facts = {
      list: 'ofac_sdn',
      kind: 'sanctions' as const,
      fileDigest: 'x',
      reason: 'a spec',
      uploadedBy: 'command',
    };
    const list = (given: typeof entries) =>
      inDatabaseTransaction(books.pool, (tx) =>
        putList(new ListStore(tx), { tenantId: INSTALLATION, entries: given, ...facts }, books.clock.now()),
      );
    await list(entries);
    expect(await found(payout)).toEqual([['sanctions_hit']]);
    const { body } = await edges.call('GET', '/v1/screening/lists', { as: await finance(tenantId) });
    expect(body.items).toEqual([expect.objectContaining({ list: 'ofac_sdn', owner: 'installation', entries: 1 })]);
    await list([]);
    expect(await found(payout)).toEqual([[]]);
  });
});

describe('A new version of a list', () => {
  it('tells of people who were screened before, whether or not they are paid again', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Jose Marquez');
    const nameless = await payoutTo(tenantId);
    await put(tenantId, csv('2,Pat Doe,'));
    expect(await found(payout, nameless)).toEqual([[], ['name_missing']]);
    await put(tenantId, csv('1,Jose Marquez,'));
    expect(await hits(tenantId)).toEqual([]);
    await rescreenAll();
    expect(await hits(tenantId)).toEqual([
      expect.objectContaining({ personId: payout.personId, entryName: 'Jose Marquez', current: true, decision: null }),
    ]);
    expect(await rescreen({ ...tools(), pool: books.pool })).toBe(false);
  });

  it('is none when the very file comes again', async () => {
    const tenantId = books.newTenant();
    await put(tenantId, csv('1,Jose Marquez,'));
    await put(tenantId, csv('1,Jose Marquez,'));
    expect((await ownLists(tenantId)).map(({ version, entries }) => [version, entries])).toEqual([[1, 1]]);
  });
});

describe('Bad input', () => {
  it.each([
    ['a list without entries', upload('name\n'), 'content'],
    ['a wrong line', upload('name,birthDate\nPat,31.5.1960\n'), 'content.2.birthDate'],
    ['a name that is no slug', upload(csv('1,Pat,'), { list: 'OFAC SDN' }), 'list'],
    ['another kind', upload(csv('1,Pat,'), { kind: 'friends' }), 'kind'],
    ['another format', upload(csv('1,Pat,'), { format: 'xls' }), 'format'],
    ['no reason', upload(csv('1,Pat,'), { reason: '' }), 'reason'],
    ['a field that there is not', upload(csv('1,Pat,'), { threshold: 50 }), 'threshold'],
  ])('is refused and puts nothing in force: %s', async (_, body, path) => {
    const tenantId = books.newTenant();
    const answer = await edges.call('POST', '/v1/screening/lists', { as: await finance(tenantId), body });
    expect([answer.status, answer.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
    expect(await ownLists(tenantId)).toEqual([]);
  });

  it('is refused: another tenant’s hit and list, a decision about oneself, and who is not finance', async () => {
    const tenantId = books.newTenant();
    const payout = await payoutTo(tenantId, 'Jose Marquez');
    await put(tenantId, csv('1,Jose Marquez,'));
    await found(payout);
    const [hit] = await hits(tenantId);
    const path = `/v1/screening/hits/${hit?.id}/decide`;
    const body = { decision: 'cleared', reason: 'a spec' };
    const stranger = await finance(books.newTenant());
    const tries: [string, string, string, object | undefined, number][] = [
      [stranger, 'POST', path, body, 404],
      [stranger, 'POST', '/v1/screening/lists/blocked/withdraw', { reason: 'a spec' }, 404],
      [await finance(tenantId, payout.personId), 'POST', path, body, 403],
      [await edges.person(tenantId, books.newPerson(), ['support']), 'POST', path, body, 403],
      [
        await edges.person(tenantId, books.newPerson(), ['support']),
        'POST',
        '/v1/screening/lists',
        upload(csv('1,Pat,')),
        403,
      ],
      [await edges.person(tenantId, payout.personId), 'GET', '/v1/screening/hits', undefined, 403],
    ];
    for (const [as, method, where, given, status] of tries) {
      expect([where, (await edges.call(method, where, { as, body: given })).status]).toEqual([where, status]);
    }
    expect((await hits(tenantId)).map(({ id }) => id)).toEqual([hit?.id]);
    expect((await edges.call('GET', '/v1/screening/hits', { as: stranger })).body.items).toEqual([]);
  });
});
