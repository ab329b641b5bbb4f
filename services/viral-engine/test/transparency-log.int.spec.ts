import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { eventually, startTcpProxy } from '@dailydoco/testing';
import { LogTree, parseCheckpoint, type TileRef, verifyConsistency } from '@dailydoco/transparency';
import { DueStore } from '../src/commissions/due.store.js';
import { releaseDue } from '../src/commissions/release-due.js';
import { settleHolds } from '../src/commissions/settle-holds.js';
import type { PurchaseId, TenantId } from '../src/ids.js';
import { recordRefund } from '../src/refunds/record-refund.js';
import { RecordPurchase } from '../src/purchases/record-purchase.js';
import { RefundStore } from '../src/refunds/refund.store.js';
import { restoreChargeback, undoRefund } from '../src/refunds/restore-chargeback.js';
import { logPurchases } from '../src/transparency/log-purchases.js';
import { lockLog, withLog } from '../src/transparency/log.store.js';
import { rotateKey } from '../src/transparency/rotate-key.js';
import { sweepPage } from '../src/transparency/sweep.store.js';
import { logTools } from '../src/transparency/transparency.module.js';
import { addWaiting } from '../src/transparency/waiting.store.js';
import { type Edges, startEdges } from './edges.js';
import { type Engine, START, startEngine, usd } from './engine.js';
import { LogKeeper } from './log-keeper.js';

const DAY = 86_400_000;
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

const query = async <R>(sql: string, values: unknown[] = []): Promise<R[]> =>
  (await engine.pool.query(sql, values)).rows;

async function refund(
  tenantId: TenantId,
  purchaseId: PurchaseId,
  other: { amount?: string; end?: 'won' | 'failed' } = {},
) {
  const { outbox, pool, clock, newId } = engine;
  const reason = other.end === 'won' ? ('chargeback' as const) : ('requested' as const);
  const requested = other.amount === undefined ? undefined : usd(other.amount);
  const order = { tenantId, purchaseId, externalId: newId(), reason, requested };
  const recorded = await inDatabaseTransaction(pool, (tx) =>
    recordRefund(new RefundStore(tx, outbox), order, { now: clock.now(), newId }),
  );
  if (other.end === undefined) return;
  const comeToNothing = other.end === 'won' ? restoreChargeback : undoRefund;
  await inDatabaseTransaction(pool, (tx) =>
    comeToNothing(new RefundStore(tx, outbox), { tenantId, refundId: recorded.refund.id, at: clock.now() }),
  );
}

const due = () =>
  inDatabaseTransaction(engine.pool, async (tx) => {
    const now = engine.clock.now();
    await settleHolds(new DueStore(tx, engine.outbox), { now, limit: 500 });
    await releaseDue(new DueStore(tx, engine.outbox), { now, limit: 500 });
  });

/** Everything that must hold of a tenant's log; returns how many leaves it has. */
async function checkLog(tenantId: TenantId): Promise<number> {
  const lacking = await query(
    `SELECT c.id, 0::bigint AS sequence FROM commission c WHERE c.tenant_id = $1
     UNION ALL SELECT g.commission_id, g.purchase_sequence FROM commission_change g WHERE g.tenant_id = $1
     EXCEPT ALL SELECT l.commission_id, l.purchase_sequence FROM log_leaf l WHERE l.tenant_id = $1`,
    [tenantId],
  );
  expect(lacking).toEqual([]);
  const leaves = await query<{ leaf_index: bigint; ordinal: bigint; beneficiary_id: string; commitment: Uint8Array }>(
    'SELECT leaf_index, ordinal, beneficiary_id, commitment FROM log_leaf WHERE tenant_id = $1 ORDER BY leaf_index',
    [tenantId],
  );
  expect(leaves.map((leaf) => Number(leaf.leaf_index))).toEqual(leaves.map((_, index) => index));
  for (const own of Map.groupBy(leaves, (leaf) => leaf.beneficiary_id).values()) {
    expect(own.map((leaf) => Number(leaf.ordinal))).toEqual(own.map((_, index) => index + 1));
  }
  const facts = await query<{ count: number }>(
    `SELECT ((SELECT count(*) FROM commission WHERE tenant_id = $1)
           + (SELECT count(*) FROM commission_change WHERE tenant_id = $1))::int AS count`,
    [tenantId],
  );
  expect(leaves).toHaveLength(facts[0]!.count);
  await checkTrees(tenantId, leaves.length);
  return leaves.length;
}

async function checkTrees(tenantId: TenantId, size: number): Promise<void> {
  const readTile = async ({ level, index, width }: TileRef) => {
    const [tile] = await query<{ hashes: Uint8Array }>(
      'SELECT hashes FROM log_tile WHERE tenant_id = $1 AND level = $2 AND tile_index = $3',
      [tenantId, level, index],
    );
    return tile!.hashes.subarray(0, width * 32);
  };
  const checkpoints = await keeper.checkpoints(tenantId);
  expect(checkpoints.at(-1)?.size).toBe(size);
  const latest = new LogTree(size, readTile);
  for (const from of checkpoints) {
    const proof = await latest.consistencyProof(from.size);
    expect(verifyConsistency({ from, to: checkpoints.at(-1)!, proof })).toBe(true);
  }
}

describe('The log', () => {
  it('has one leaf for each commission and each change, in the order of what happened, however often it is told', async () => {
    const tenantId = engine.newTenant();
    const people = await engine.line(tenantId, 7);
    const purchase = await engine.record(engine.order(tenantId, people[0]!));
    await keeper.settle();
    expect(await checkLog(tenantId)).toBe(7);
    await refund(tenantId, purchase.id, { amount: '10.00' });
    await refund(tenantId, purchase.id, { amount: '5.00', end: 'won' });
    await refund(tenantId, purchase.id, { amount: '4.00', end: 'failed' });
    await engine.setStatus(tenantId, people[2]!, 'suspended');
    await due();
    engine.clock.set(new Date(START.getTime() + 31 * DAY));
    await due();
    await keeper.settle();
    // Five changes of everybody's net, one hold, six releases.
    expect(await checkLog(tenantId)).toBe(7 + 35 + 1 + 6);
    await refund(tenantId, purchase.id);
    await keeper.tell({ again: true });
    await keeper.keep();
    expect(await checkLog(tenantId)).toBe(7 + 35 + 1 + 6 + 7);
    const order = await query<{ purchase_sequence: bigint }>(
      'SELECT purchase_sequence FROM log_leaf WHERE tenant_id = $1 ORDER BY leaf_index',
      [tenantId],
    );
    const sequences = order.map((leaf) => leaf.purchase_sequence);
    expect(sequences).toEqual(sequences.toSorted((a, b) => Number(a - b)));
    engine.clock.set(START);
  });

  it('is one of its own for each tenant, and says nothing of who is in it', async () => {
    const tenants = [engine.newTenant(), engine.newTenant()];
    for (const tenantId of tenants) {
      const [buyer] = await engine.line(tenantId, 2);
      await engine.record(engine.order(tenantId, buyer!));
    }
    await keeper.settle();
    const heads = await query<{ log_id: string; origin: string; size: bigint }>(
      'SELECT log_id, origin, size FROM log_head WHERE tenant_id = ANY ($1) ORDER BY tenant_id',
      [tenants],
    );
    expect(heads.map(({ size }) => size)).toEqual([2n, 2n]);
    expect(new Set(heads.map(({ log_id }) => log_id)).size).toBe(2);
    for (const { log_id, origin } of heads) expect(origin).toBe(`127.0.0.1:8000/v1/transparency/${log_id}`);
    // The same sale twice gives other commitments: each leaf has its own blinding.
    const commitments = await query('SELECT DISTINCT commitment FROM log_leaf WHERE tenant_id = ANY ($1)', [tenants]);
    expect(commitments).toHaveLength(4);
  });

  it('goes on over many tiles, and every batch is signed', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 7);
    for (let n = 0; n < 3; n += 1) {
      const sales = Array.from({ length: 25 }, () =>
        edges.get(RecordPurchase).record(engine.order(tenantId, buyer!), { mayBackdate: true }),
      );
      await Promise.all(sales);
      await keeper.settle();
    }
    expect(await checkLog(tenantId)).toBe(525);
    expect((await keeper.checkpoints(tenantId)).map(({ size }) => size)).toEqual([175, 350, 525]);
    const tiles = await query(
      'SELECT level, tile_index, length(hashes) / 32 AS width FROM log_tile WHERE tenant_id = $1 ORDER BY 1, 2',
      [tenantId],
    );
    expect(tiles).toEqual([
      { level: 0, tile_index: 0n, width: 256 },
      { level: 0, tile_index: 1n, width: 256 },
      { level: 0, tile_index: 2n, width: 13 },
      { level: 1, tile_index: 0n, width: 2 },
    ]);
  });

  it('cannot be changed or forgotten, only continued', async () => {
    const refusal = (sql: string) =>
      engine.pool.query(sql).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
    expect(await refusal('UPDATE log_tile SET hashes = substring(hashes FOR 32)')).toBe('23001');
    expect(
      await refusal("UPDATE log_tile SET hashes = decode(repeat('00', 8192), 'hex') WHERE length(hashes) < 8192"),
    ).toBe('23001');
    expect(await refusal('UPDATE log_head SET size = size - 1 WHERE size > 0')).toBe('23001');
    expect(await refusal("UPDATE log_head SET origin = 'elsewhere'")).toBe('42501');
    expect(await refusal('DELETE FROM log_tile')).toBe('42501');
    expect(await refusal('DELETE FROM log_head')).toBe('42501');
    const fork = `INSERT INTO log_checkpoint SELECT tenant_id, size, key_version + 1, sha256('fork'), note, signed_at
      FROM log_checkpoint LIMIT 1`;
    await query('INSERT INTO log_key SELECT tenant_id, version + 1, vkey, sealed, created_by, created_at FROM log_key');
    expect(await refusal(fork)).toBe('23001');
  });
});

describe('Many writers', () => {
  it('race for one log: no leaf twice, none lost, one history', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 3);
    const buying = { now: true };
    const buys = (async () => {
      for (let n = 0; n < 12; n += 1) {
        const sold = await Promise.all([1, 2, 3].map(() => engine.record(engine.order(tenantId, buyer!))));
        await refund(tenantId, sold[0]!.id, { amount: '7.77' });
        await keeper.tell();
      }
    })().finally(() => (buying.now = false));
    const replicas = [keeper.replica(), keeper.replica(), keeper.replica()];
    await Promise.all([
      buys,
      ...replicas.map(async ({ keep }) => {
        while (buying.now) await keep();
      }),
    ]);
    await keeper.tell({ again: true });
    await keeper.keep();
    expect(await checkLog(tenantId)).toBe(36 * 3 + 12 * 3);
    const sizes = (await keeper.checkpoints(tenantId)).map(({ size }) => size);
    expect(new Set(sizes).size).toBe(sizes.length);
  });

  it('lose the connection at every step, before and after the server hears of it, and nothing is done twice', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 2);
    const { hostname, port } = new URL(engine.appUrl);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    const through = Object.assign(new URL(engine.appUrl), { host: `127.0.0.1:${proxy.port}` });
    let completed = false;
    for (let step = 0; !completed; step += 1) {
      const purchase = await engine.record(engine.order(tenantId, buyer!));
      if (step % 3 === 0) await refund(tenantId, purchase.id, { amount: '1.00' });
      await keeper.tell();
      for (const cut of ['before', 'after'] as const) {
        let chunk = 0;
        proxy.cutAt(() => (chunk++ === step ? cut : undefined));
        const pool = keeper.pool(through.href);
        await keeper
          .replica(pool)
          .keep()
          .catch(() => undefined);
        completed = chunk <= step;
        await pool.end();
      }
    }
    proxy.cutAt(() => undefined);
    await keeper.keep();
    await proxy.close();
    expect(await checkLog(tenantId)).toBeGreaterThan(20);
  });

  const waitsForARow = async () =>
    (
      await query<{ count: number }>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
         WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO log_waiting%' AND datname = current_database()`,
      )
    )[0]!.count;

  it('do not lose what is told while the purchase is just being logged', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    const { id: purchaseId } = await engine.record(engine.order(tenantId, buyer!));
    await keeper.tell();
    const tools = logTools(edges.runtime);
    const given = { now: engine.clock.now(), randomBytes: edges.runtime.randomBytes, breathe: () => Promise.resolve() };
    await keeper.replica().keep();
    await addWaiting(engine.pool, [{ tenantId, purchaseId, since: START }]);
    const telling = await withLog(engine.pool, tenantId, {
      tools,
      work: async (book) => {
        await logPurchases(book, [purchaseId], given);
        await refund(tenantId, purchaseId);
        const told = keeper.tell();
        await eventually(async () => expect(await waitsForARow()).toBe(1));
        return { told };
      },
    });
    await telling!.told;
    expect(await query('SELECT 1 FROM log_waiting WHERE tenant_id = $1', [tenantId])).toHaveLength(1);
    await keeper.keep();
    expect(await checkLog(tenantId)).toBe(2);
  });
});

describe('The search for what is not logged', () => {
  it('finds what was before there was a log, and what no event told of', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 2);
    const first = await engine.record(engine.order(tenantId, buyer!));
    const sweep = async (afterMs: number) => {
      const now = new Date(engine.clock.now().getTime() + afterMs);
      const found = { earlier: 0, late: 0 };
      for (;;) {
        const swept = await inDatabaseTransaction(engine.pool, (tx) =>
          sweepPage(tx, { now, before: new Date(now.getTime() - 60_000), page: 50, pauseMs: 0 }),
        );
        found.earlier += swept!.earlier;
        found.late += swept!.late;
        if (swept!.looked < 50) return found;
      }
    };
    expect(await sweep(30_000)).toEqual({ earlier: 0, late: 0 });
    expect(await sweep(61_000)).toEqual({ earlier: 1, late: 0 });
    await keeper.keep();
    expect(await checkLog(tenantId)).toBe(2);
    engine.clock.set(new Date(START.getTime() + 1_000));
    await refund(tenantId, first.id, { amount: '1.00' });
    await engine.record(engine.order(tenantId, buyer!));
    expect(await sweep(61_000)).toEqual({ earlier: 0, late: 2 });
    await keeper.keep();
    expect(await checkLog(tenantId)).toBe(6);
    expect(await sweep(61_000)).toEqual({ earlier: 0, late: 0 });
    engine.clock.set(START);
  });
});

describe('Keys', () => {
  it('are changed with both signing the tree as it stands', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    await engine.record(engine.order(tenantId, buyer!));
    await keeper.settle();
    const { version } = await inDatabaseTransaction(engine.pool, async (tx) =>
      rotateKey(await lockLog(tx, tenantId, logTools(edges.runtime)), { createdBy: 'spec', now: engine.clock.now() }),
    );
    expect(version).toBe(2);
    await engine.record(engine.order(tenantId, buyer!));
    await keeper.settle();
    const notes = await query<{ note: string }>(
      'SELECT note FROM log_checkpoint WHERE tenant_id = $1 ORDER BY size, key_version',
      [tenantId],
    );
    const signers = notes.map(({ note }) => parseCheckpoint(note)!.note.signatures.map(({ keyId }) => keyId));
    const [[former], [next]] = [signers[0]!, signers[2]!];
    expect(signers).toEqual([[former], [next, former], [next]]);
    expect(await checkLog(tenantId)).toBe(2);
  });
});

describe('Blindings', () => {
  it('are gone with their person’s key, and the log goes on', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = await engine.line(tenantId, 1);
    const purchase = await engine.record(engine.order(tenantId, buyer!));
    await keeper.settle();
    await query('DELETE FROM buyer_key WHERE tenant_id = $1', [tenantId]);
    await refund(tenantId, purchase.id);
    await keeper.settle();
    expect(await checkLog(tenantId)).toBe(2);
  });
});
