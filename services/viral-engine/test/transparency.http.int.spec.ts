import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  decodeBundle,
  fromBase64,
  hashOfLeaf,
  encodeLeaf,
  type Leaf,
  leafHash,
  parseCheckpoint,
  parseVkey,
  verifyConsistency,
  verifyInclusion,
  verifyNote,
  verifyStatement,
} from '@dailydoco/transparency';
import type { TenantId, UserId } from '../src/ids.js';
import { RecordPurchase } from '../src/purchases/record-purchase.js';
import { prove } from '../src/transparency/transparency.module.js';
import { type Edges, sale, startEdges, usd } from './edges.js';
import { type Engine, startEngine } from './engine.js';
import { LogKeeper } from './log-keeper.js';

let engine: Engine;
let edges: Edges;
let keeper: LogKeeper;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  keeper = new LogKeeper(engine, edges.runtime);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

interface Shop {
  readonly tenantId: TenantId;
  readonly people: UserId[];
  readonly key: string;
}

const buy = async ({ people, key }: Shop, amount = '79.00') =>
  (await edges.call('POST', '/v1/purchases', { as: key, body: sale(people[0]!, { amount: usd(amount) }) })).body;

/** Many at once: they share database transactions. */
const sell = ({ tenantId, people }: Shop, count: number) =>
  Promise.all(
    Array.from({ length: count }, () =>
      edges.get(RecordPurchase).record(engine.order(tenantId, people[0]!), { mayBackdate: true }),
    ),
  );

const giveBack = ({ key }: Shop, purchaseId: string, amount?: string) =>
  edges.call('POST', `/v1/purchases/${purchaseId}/refunds`, {
    as: key,
    body: { externalId: engine.newId(), reason: 'requested', ...(amount && { amount: usd(amount) }) },
  });

const own = async ({ tenantId, people }: Shop, level = 1) =>
  (await edges.call('GET', '/v1/transparency/logs/me', { as: await edges.person(tenantId, people[level]!) })).body;

/** What is not JSON: notes, tiles, statements. */
async function bytesOf(path: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${edges.url}${path}`, { headers });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

const hashes = (proof: string[]) => proof.map((text) => fromBase64(text)!);

describe('/v1/transparency/{logId}', () => {
  it('is read by anybody: checkpoint, keys and tiles, with validators and how long they hold', async () => {
    const shop = await edges.tenant(2);
    await sell(shop, 130);
    await keeper.settle();
    const { logId, origin, url, vkey, size } = await own(shop);
    expect([url, origin, size]).toEqual([`http://${origin}`, `127.0.0.1:8000/v1/transparency/${logId}`, 260]);
    const at = `/v1/transparency/${logId}`;

    const note = await bytesOf(`${at}/checkpoint`);
    expect(note.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(note.headers.get('cache-control')).toBe('public, max-age=2');
    const checkpoint = parseCheckpoint(note.bytes.toString())!;
    expect(checkpoint).toMatchObject({ origin, size: 260 });
    expect(verifyNote(checkpoint.note, [parseVkey(vkey)!])).toBe('verified');
    const again = await bytesOf(`${at}/checkpoint`, { 'if-none-match': note.headers.get('etag')! });
    expect([again.status, again.bytes.length]).toEqual([304, 0]);

    const keys = await edges.call('GET', `${at}/keys`);
    expect(keys.body).toMatchObject({ logId, origin, keys: [{ version: 1, vkey, until: null, handover: null }] });

    const full = await bytesOf(`${at}/tile/0/000`);
    expect(full.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(full.headers.get('content-type')).toBe('application/octet-stream');
    const part = await bytesOf(`${at}/tile/0/001.p/4`);
    expect(part.headers.get('cache-control')).toBe('public, max-age=60');
    expect((await bytesOf(`${at}/tile/0/001.p/3`)).bytes).toEqual(part.bytes.subarray(0, 96));
    expect((await bytesOf(`${at}/tile/1/000.p/1`)).bytes).toHaveLength(32);
    const bundles = [await bytesOf(`${at}/tile/entries/000`), await bytesOf(`${at}/tile/entries/001.p/4`)];
    const entries = bundles.flatMap(({ bytes }) => decodeBundle(bytes)!);
    expect(Buffer.concat(entries.map(leafHash))).toEqual(Buffer.concat([full.bytes, part.bytes]));

    for (const path of [
      '0/001',
      '0/001.p/5',
      '0/002',
      '1/000',
      '8/000',
      '0/0',
      'entries/001',
      '0/x000/000',
      '0/000.p/0',
      '%30/000',
    ]) {
      expect([path, (await bytesOf(`${at}/tile/${path}`)).status]).toEqual([path, 404]);
    }
    expect((await bytesOf(`/v1/transparency/${engine.newId()}/checkpoint`)).status).toBe(404);
    expect((await bytesOf('/v1/transparency/nonsense/checkpoint')).status).toBe(400);
  });

  it('proves that it only grew, between any two trees that were signed', async () => {
    const shop = await edges.tenant(3);
    for (let n = 0; n < 3; n += 1) {
      await buy(shop);
      await keeper.settle();
    }
    const { logId } = await own(shop);
    const prove = (query: string) => edges.call('GET', `/v1/transparency/${logId}/consistency?${query}`);
    const { body } = await prove('from=3&to=9');
    const [from, to] = [parseCheckpoint(body.from)!, parseCheckpoint(body.to)!];
    expect([from.size, to.size]).toEqual([3, 9]);
    expect(verifyConsistency({ from, to, proof: hashes(body.proof) })).toBe(true);
    expect(verifyConsistency({ from, to: { ...to, root: from.root }, proof: hashes(body.proof) })).toBe(false);
    expect((await prove('from=3&to=8')).status).toBe(404);
    expect((await prove('from=9&to=3')).status).toBe(400);
    expect((await prove('from=3')).status).toBe(400);
    expect((await prove('from=3.0&to=9')).status).toBe(400);
  });
});

describe('A partner', () => {
  it('proves each leaf of an own commission, and nobody else’s', async () => {
    const shop = await edges.tenant(2);
    const { tenantId, people } = shop;
    const purchase = await buy(shop);
    const first = purchase.commissions[0];
    const token = await edges.person(tenantId, people[1]!);
    const prove = (as: string, id = first.id) => edges.call('GET', `/v1/commissions/${id}/proof`, { as });
    expect((await prove(token)).status).toBe(404);
    await giveBack(shop, purchase.id, '7.90');
    await keeper.settle();
    const { status, body } = await prove(token);
    expect([status, body.leaves.length]).toEqual([200, 2]);
    const { size, root } = parseCheckpoint(body.checkpoint)!;
    for (const { index, leaf, blinding, proof } of body.leaves as {
      index: number;
      leaf: Leaf;
      blinding: string;
      proof: string[];
    }[]) {
      const hash = hashOfLeaf(encodeLeaf(leaf), fromBase64(blinding)!);
      expect(verifyInclusion({ index, size, root, leafHash: hash, proof: hashes(proof) })).toBe(true);
    }
    expect(body.leaves[0].leaf).toMatchObject({ kind: 'entry', gross: '15800000', rateBps: 2000 });
    expect(body.leaves[1].leaf).toMatchObject({ kind: 'change', net: '14220000', refunded: '7900000' });
    expect((await prove(await edges.person(tenantId, people[2]!))).status).toBe(403);
    expect((await prove(await edges.person(tenantId, people[2]!, ['finance']))).status).toBe(200);
    expect((await prove(token, engine.newId())).status).toBe(404);
  });

  it('gets a statement that verifies with nothing but the key, through all that can happen to a commission', async () => {
    const shop = await edges.tenant(7);
    const { tenantId, people } = shop;
    const sales = [await buy(shop), await buy(shop, '0.37'), await buy(shop, '1000000000.00')];
    await giveBack(shop, sales[0].id, '33.33');
    await keeper.settle();
    const { vkey, size } = await own(shop);
    await giveBack(shop, sales[0].id);
    await engine.setStatus(tenantId, people[3]!, 'suspended');
    await giveBack(shop, sales[2].id, '0.000001');
    await keeper.settle();
    const ask = async (person: UserId, query = '') =>
      bytesOf(`/v1/transparency/statement${query}`, { authorization: await edges.person(tenantId, person) });
    for (const level of [1, 2, 4, 5, 6, 7]) {
      const { status, headers, bytes } = await ask(people[level]!, `?earlier=${size}`);
      expect([status, headers.get('cache-control')]).toEqual([200, 'private, no-store']);
      const report = verifyStatement(bytes, { keys: [vkey] });
      expect(report.findings).toEqual([]);
      expect(report.checked).toMatchObject({ entries: 3, earlier: true });
      expect(JSON.stringify(bytes.toString())).not.toContain(people[0]!);
    }
    const edited = (await ask(people[1]!)).bytes;
    expect(verifyStatement(Buffer.concat([edited, Buffer.from(' ')]), { keys: [vkey] }).ok).toBe(false);
  });

  it('gets parts of one statement, for one signed tree, and finance gets anybody’s', async () => {
    const shop = await edges.tenant(1);
    const { tenantId, people } = shop;
    for (let n = 0; n < 4; n += 1) await buy(shop);
    await keeper.settle();
    const { vkey, size } = await own(shop);
    await buy(shop);
    await keeper.settle();
    const as = await edges.person(tenantId, people[1]!);
    const ask = async (query: string, authorization = as) =>
      bytesOf(`/v1/transparency/statement${query}`, { authorization });
    const whole = JSON.parse((await ask(`?size=${size}`)).bytes.toString());
    expect([whole.ordinals, whole.totals[0].entries]).toEqual([{ from: 1, to: 4, last: 4 }, 4]);
    const rest = (await ask(`?size=${size}&from=3`)).bytes;
    expect(JSON.parse(rest.toString()).ordinals).toEqual({ from: 3, to: 4, last: 4 });
    expect(verifyStatement(rest, { keys: [vkey] }).findings.map(({ code }) => code)).toContain('PART_MISSING');
    expect((await ask('?size=3')).status).toBe(404);
    expect((await ask(`?size=${size}&earlier=5`)).status).toBe(400);
    expect((await ask('?from=0')).status).toBe(400);
    expect((await ask('?page=1')).status).toBe(400);
    const finance = await edges.person(tenantId, people[0]!, ['finance']);
    const named = (await ask(`?beneficiaryId=${people[1]}`, finance)).bytes;
    expect(verifyStatement(named, { keys: [vkey] })).toMatchObject({ ok: true, checked: { entries: 5 } });
    const nothing = (await ask('', finance)).bytes;
    expect(verifyStatement(nothing, { keys: [vkey] })).toMatchObject({ ok: true, checked: { entries: 0 } });
    expect((await ask(`?beneficiaryId=${people[1]}`, await edges.person(tenantId, people[0]!))).status).toBe(403);
  });

  it('with more leaves than a file holds gets them in several, which verify together', async () => {
    const shop = await edges.tenant(1);
    const { tenantId, people } = shop;
    await sell(shop, 8);
    await keeper.settle();
    const { vkey, size } = await own(shop);
    const statements = prove(edges.runtime, 3);
    const viewer = { tenantId, userId: people[1]!, isFinance: false };
    const part = (from: number) =>
      statements.statement(viewer, { beneficiaryId: undefined, from, size, earlier: undefined });
    // Asked for together they are made one after the other.
    const parts = await Promise.all([part(1), part(4), part(7)]);
    const ordinals = parts.map((bytes) => JSON.parse(Buffer.from(bytes).toString()).ordinals);
    expect(ordinals).toEqual([
      { from: 1, to: 3, last: 8 },
      { from: 4, to: 6, last: 8 },
      { from: 7, to: 8, last: 8 },
    ]);
    expect(verifyStatement(parts, { keys: [vkey] })).toMatchObject({ ok: true, checked: { entries: 8 } });
    expect(verifyStatement(parts.slice(1), { keys: [vkey] }).ok).toBe(false);
    const many = await Promise.allSettled(Array.from({ length: 20 }, () => part(1)));
    expect(many.filter(({ status }) => status === 'fulfilled')).toHaveLength(16);
  });

  it('whose key was destroyed gets none', async () => {
    const shop = await edges.tenant(1);
    await buy(shop);
    await keeper.settle();
    await engine.pool.query('DELETE FROM buyer_key WHERE tenant_id = $1', [shop.tenantId]);
    const authorization = await edges.person(shop.tenantId, shop.people[1]!);
    expect((await bytesOf('/v1/transparency/statement', { authorization })).status).toBe(409);
    await buy(shop);
    await keeper.settle();
    expect((await bytesOf('/v1/transparency/statement', { authorization })).status).toBe(409);
  });

  it('is told that there is nothing, before anything is logged', async () => {
    const { tenantId, people } = await edges.tenant(1);
    const as = await edges.person(tenantId, people[1]!);
    expect((await edges.call('GET', '/v1/transparency/logs/me', { as })).status).toBe(404);
    expect((await edges.call('GET', '/v1/transparency/statement', { as })).status).toBe(404);
  });
});

describe('POST /v1/transparency/keys', () => {
  it('changes the key; whoever trusts the former one is led to the new one', async () => {
    const shop = await edges.tenant(1);
    const { tenantId, people } = shop;
    const admin = await edges.person(tenantId, people[1]!, ['admin']);
    const rotate = (key: string) => edges.call('POST', '/v1/transparency/keys', { as: admin, key });
    expect((await rotate('early')).status).toBe(404);
    await buy(shop);
    await keeper.settle();
    const { vkey: former, logId } = await own(shop);
    const made = await rotate('once');
    expect([made.status, made.body.version]).toEqual([201, 2]);
    expect((await rotate('once')).body).toEqual(made.body);
    await buy(shop);
    await keeper.settle();
    const { body } = await edges.call('GET', `/v1/transparency/${logId}/keys`);
    expect(body.keys.map(({ version, vkey }: { version: number; vkey: string }) => [version, vkey])).toEqual([
      [2, made.body.vkey],
      [1, former],
    ]);
    expect(body.keys[1].until).toBe(body.keys[0].since);
    const handover = parseCheckpoint(body.keys[0].handover)!;
    for (const vkey of [former, made.body.vkey]) expect(verifyNote(handover.note, [parseVkey(vkey)!])).toBe('verified');
    const authorization = await edges.person(tenantId, people[1]!);
    const { bytes } = await bytesOf('/v1/transparency/statement', { authorization });
    expect(verifyStatement(bytes, { keys: [made.body.vkey] }).ok).toBe(true);
    expect(verifyStatement(bytes, { keys: [former] }).findings.map(({ code }) => code)).toEqual(['KEY_UNKNOWN']);
    const partner = await edges.person(tenantId, people[1]!);
    expect((await edges.call('POST', '/v1/transparency/keys', { as: partner })).status).toBe(403);
  });
});
