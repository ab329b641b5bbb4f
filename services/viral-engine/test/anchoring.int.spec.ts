import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deploy, lastAnchor, post } from '@dailydoco/anchors';
import { Lifecycle } from '@dailydoco/lifecycle';
import { eventually, type EvmNode, startEvmNode } from '@dailydoco/testing';
import type { Config } from '../src/config.js';
import type { TenantId, UserId } from '../src/ids.js';
import { addAnchoring, anchorLogs, anchorPlaceOf } from '../src/anchoring/anchoring.module.js';
import { type Edges, startEdges } from './edges.js';
import { type Engine, startEngine } from './engine.js';
import { LogKeeper } from './log-keeper.js';

// Anvil's well-known first account.
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const ADDRESS = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266';
const EVERY_MS = 60_000;
const PATIENCE = { timeoutMs: 30_000 };
let engine: Engine;
let edges: Edges;
let keeper: LogKeeper;
let node: EvmNode;
let contract: Awaited<ReturnType<typeof deploy>>;
let config: Config;

beforeAll(async () => {
  node = await startEvmNode();
  contract = await deploy(node, { key: KEY });
  engine = await startEngine();
  edges = await startEdges(engine, {
    settings: {
      ANCHOR_RPC_URL: node.rpc,
      ANCHOR_CHAIN_ID: String(node.chainId),
      ANCHOR_CONTRACT: contract,
      ANCHOR_KEY: KEY,
      ANCHOR_EVERY_MS: String(EVERY_MS),
    },
  });
  config = edges.runtime.config;
  keeper = new LogKeeper(engine, edges.runtime);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
  await node[Symbol.asyncDispose]();
});

/** A process of its own that anchors, as the settings say. */
const anchoring = (changed: Partial<Config> = {}) => {
  const own = { ...config, ...changed };
  const place = anchorPlaceOf(own);
  if (place === undefined) throw new Error('The settings name no chain');
  return anchorLogs({ ...edges.runtime, config: own }, place);
};

async function sell(tenantId: TenantId, buyer: UserId): Promise<void> {
  await engine.record(engine.order(tenantId, buyer));
  await keeper.settle();
}

/** How many transactions the poster has sent. */
async function postsOf(): Promise<number> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'eth_getTransactionCount',
    params: [ADDRESS, 'latest'],
  });
  const answer = await fetch(node.rpc, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return Number(((await answer.json()) as { result: string }).result);
}

/** The newest signed tree of a tenant. */
async function newest(tenantId: TenantId) {
  const checkpoint = (await keeper.checkpoints(tenantId)).at(-1);
  if (checkpoint === undefined) throw new Error('Nothing was signed');
  const { origin, size, root } = checkpoint;
  return { origin, size, root: Buffer.from(root) };
}

describe('Anchoring', () => {
  it('posts what has been signed for long enough, once, and goes on from there', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = (await engine.line(tenantId, 3)) as [UserId];
    await sell(tenantId, buyer);
    const { origin, size, root } = await newest(tenantId);
    const logs = anchoring();
    expect(await logs.runOnce()).toBe(0);
    expect(await lastAnchor(node, contract, origin)).toBeUndefined();
    engine.clock.advance(EVERY_MS);
    expect(await logs.runOnce()).toBe(0);
    expect(await lastAnchor(node, contract, origin)).toEqual({ size, root });
    await sell(tenantId, buyer);
    await sell(tenantId, buyer);
    engine.clock.advance(EVERY_MS);
    const grown = await newest(tenantId);
    // Another process knows nothing of the first one's anchor but what the chain tells.
    expect(await anchoring().runOnce()).toBe(0);
    expect(await lastAnchor(node, contract, origin)).toEqual({ size: grown.size, root: grown.root });
    // The contract refuses a second anchor of a size: nothing fails, so nothing was posted twice.
    expect(await logs.runOnce()).toBe(0);
  });

  it('waits while the chain is dearer than allowed, and says for how long', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = (await engine.line(tenantId, 1)) as [UserId];
    await sell(tenantId, buyer);
    engine.clock.advance(EVERY_MS + 5_000);
    expect(await anchoring({ ANCHOR_MAX_FEE_GWEI: 1 }).runOnce()).toBe(5_000);
    const { origin, size } = await newest(tenantId);
    expect(await lastAnchor(node, contract, origin)).toBeUndefined();
    expect(await anchoring().runOnce()).toBe(0);
    expect(await lastAnchor(node, contract, origin)).toMatchObject({ size });
  });

  it('anchors no log that does not go on from its anchor', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = (await engine.line(tenantId, 1)) as [UserId];
    await sell(tenantId, buyer);
    const { origin, size } = await newest(tenantId);
    const other = { origin, size, root: Buffer.alloc(32, 7) };
    await post(node, { contract, key: KEY }, other);
    await sell(tenantId, buyer);
    engine.clock.advance(EVERY_MS + 1_000);
    expect(await anchoring().runOnce()).toBe(1_000);
    expect(await lastAnchor(node, contract, origin)).toEqual({ size, root: other.root });
  });

  it('is done by one process of several, and by another when that one is gone', async () => {
    const tenantId = engine.newTenant();
    const [buyer] = (await engine.line(tenantId, 1)) as [UserId];
    await sell(tenantId, buyer);
    const start = async () => {
      const lifecycle = new Lifecycle({ logger: edges.runtime.logger, notReadyDelayMs: 0, drainTimeoutMs: 10_000 });
      addAnchoring({ ...edges.runtime, lifecycle, config: { ...config, ANCHOR_EVERY_MS: 1_000 } });
      await lifecycle.start();
      return lifecycle;
    };
    const replicas = [await start(), await start()];
    const isAnchored = async () => {
      const { origin, size } = await newest(tenantId);
      await eventually(async () => expect(await lastAnchor(node, contract, origin)).toMatchObject({ size }), PATIENCE);
    };
    const before = await postsOf();
    engine.clock.advance(1_000);
    await isAnchored();
    expect(await postsOf()).toBe(before + 1);
    await replicas[0]?.shutdown('spec');
    await sell(tenantId, buyer);
    engine.clock.advance(1_000);
    await isAnchored();
    expect(await postsOf()).toBe(before + 2);
    await replicas[1]?.shutdown('spec');
  });

  it('is off without settings, and refuses half of them', () => {
    const nothing = { ANCHOR_RPC_URL: undefined, ANCHOR_CHAIN_ID: undefined, ANCHOR_CONTRACT: undefined };
    expect(anchorPlaceOf({ ...config, ...nothing, ANCHOR_KEY: undefined })).toBeUndefined();
    expect(() => anchorPlaceOf({ ...config, ...nothing })).toThrow('are given together or not at all');
  });
});
