import { ABI, type Chain, deploy, lastAnchor, post } from '@dailydoco/anchors';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  appendLeaves,
  EMPTY_TREE,
  leafHash,
  makeStatement,
  originHash,
  readAnchor,
  runVerifier,
  signCheckpoint,
  signerFrom,
  type TreeHead,
  tilePath,
  tileWidthAt,
} from '@dailydoco/transparency';
import { type EvmNode, startEvmNode } from '@dailydoco/testing';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Address, toFunctionSelector } from 'viem';
import { compile, readArtifact } from './compile.js';
import { postCheckpoint } from './post-checkpoint.js';

// Anvil's well-known first two accounts.
const KEY = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const OTHER_KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d';
const ORIGIN = 'growth.example/v1/transparency/a';
const SIGNER = signerFrom({ name: ORIGIN, seed: Buffer.alloc(32, 3) });

/** A log in memory, and as everybody reads it over HTTP. */
class Log {
  head: TreeHead = EMPTY_TREE;
  root: Uint8Array = Buffer.alloc(32);
  readonly tiles = new Map<string, Uint8Array>();
  url = '';
  server: Server | undefined;

  append(name: string, count: number): this {
    const leaves = Array.from({ length: count }, (_, at) => leafHash(Buffer.from(`${name} ${this.head.size + at}`)));
    const { tiles, root, ...head } = appendLeaves(this.head, leaves);
    for (const { level, index, bytes } of tiles) this.tiles.set(`${level}/${index}`, bytes);
    [this.head, this.root] = [head, root];
    return this;
  }

  checkpoint(): string {
    return signCheckpoint({ origin: ORIGIN, size: this.head.size, root: this.root }, [SIGNER]);
  }

  readonly readTile = ({ level, index }: { level: number; index: number }): Uint8Array =>
    this.tiles.get(`${level}/${index}`)!;

  async serve(): Promise<this> {
    this.server = createServer((request, response) => {
      if (request.url === '/checkpoint') return response.end(this.checkpoint());
      for (const [name, bytes] of this.tiles) {
        const [level, index] = name.split('/').map(Number);
        const width = tileWidthAt(this.head.size, { level: level!, index: index! });
        if (request.url === `/${tilePath({ level: level!, index: index!, width })}`) return response.end(bytes);
      }
      response.statusCode = 404;
      return response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => this.server?.once('listening', listening));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  statement(earlier?: string): Promise<Uint8Array> {
    return makeStatement(
      {
        beneficiaryId: '0190aaaa-0000-7000-8000-00000000000a',
        madeAt: new Date(0),
        checkpoint: this.checkpoint(),
        earlier,
        leaves: [],
        last: 0,
        totals: [],
        readTile: this.readTile,
      },
      SIGNER,
    );
  }
}

describe('the contract', () => {
  it('is the one that its source gives, and is called by the names that it has', () => {
    const artifact = readArtifact();
    expect(compile()).toEqual(artifact);
    const kept = artifact.abi as { name?: string; type: string }[];
    const names = (abi: readonly { readonly name?: string; readonly type: string }[]) =>
      abi.map(({ type, name }) => `${type} ${name ?? ''}`).toSorted();
    expect(names(ABI)).toEqual(names(kept));
    expect(toFunctionSelector('lastUpTo(bytes32,uint64)')).toBe('0x86ec7556');
  });
});

describe('on a chain', () => {
  let node: EvmNode;
  let chain: Chain;
  const logs: Log[] = [];
  const makeLog = async () => {
    const log = await new Log().serve();
    logs.push(log);
    return log;
  };
  /** What `verify` prints and returns, given this statement and contract. */
  const verify = async (statement: Uint8Array, contract: Address) => {
    let out = '';
    const code = await runVerifier(['s', '--key', SIGNER.vkey, '--rpc', chain.rpc, '--contract', contract], {
      read: () => statement,
      write: (text) => (out += text),
      complain: (text) => (out += text),
      fetch,
    });
    return { code, out };
  };

  beforeAll(async () => {
    node = await startEvmNode();
    chain = node;
  });
  afterAll(async () => {
    for (const { server } of logs) server?.close();
    await node[Symbol.asyncDispose]();
  });

  it('a checkpoint is anchored by the poster alone, and sizes only grow', async () => {
    const contract = await deploy(chain, { key: KEY });
    const place = { contract, key: KEY } as const;
    const head = (size: number) => ({ origin: ORIGIN, size, root: Buffer.alloc(32, size) });
    expect(await lastAnchor(chain, contract, ORIGIN)).toBeUndefined();
    for (const size of [3, 7, 8, 200, 201]) await post(chain, place, head(size));
    await post(chain, place, { ...head(5), origin: `${ORIGIN}2` });
    await expect(post(chain, place, head(201))).rejects.toThrow('SizeMustGrow');
    await expect(post(chain, place, head(9))).rejects.toThrow('SizeMustGrow');
    await expect(post(chain, place, { ...head(0), origin: 'new' })).rejects.toThrow('SizeMustGrow');
    await expect(post(chain, { contract, key: OTHER_KEY }, head(300))).rejects.toThrow('NotThePoster');
    await expect(post({ ...chain, chainId: 1 }, place, head(300))).rejects.toThrow(
      'The node is of chain 31337, not of 1',
    );
    expect(await lastAnchor(chain, contract, ORIGIN)).toEqual({ size: 201, root: Buffer.alloc(32, 201) });
    // Whatever is asked, the answer is the last anchor up to it.
    const found = [2, 3, 4, 7, 8, 9, 199, 200, 201, 9_000].map((size) =>
      readAnchor({ ...head(0), size }, { rpc: chain.rpc, contract, fetch }),
    );
    expect((await Promise.all(found)).map((anchor) => anchor?.size)).toEqual([
      undefined,
      3,
      3,
      7,
      8,
      8,
      8,
      200,
      201,
      201,
    ]);
    expect(originHash(ORIGIN)).toHaveLength(32);
  });

  it('a log is anchored while it goes on, and no more once its history was rewritten', async () => {
    const place = { contract: await deploy(chain, { key: KEY }), key: KEY } as const;
    const log = (await makeLog()).append('leaf', 300);
    const known = { url: log.url, vkey: SIGNER.vkey };
    expect(await postCheckpoint(known, chain, place)).toMatchObject({ kind: 'posted', size: 300 });
    expect(await postCheckpoint(known, chain, place)).toEqual({ kind: 'unchanged', size: 300 });
    log.append('leaf', 300);
    expect(await postCheckpoint(known, chain, place)).toMatchObject({ kind: 'posted', size: 600 });
    const other = signerFrom({ name: ORIGIN, seed: Buffer.alloc(32, 4) });
    await expect(postCheckpoint({ ...known, vkey: other.vkey }, chain, place)).rejects.toThrow(
      'not signed by the log’s key',
    );
    const rewritten = (await makeLog()).append('another', 700);
    await expect(postCheckpoint({ ...known, url: rewritten.url }, chain, place)).rejects.toThrow(
      'its history was rewritten',
    );
    const shrunk = (await makeLog()).append('leaf', 500);
    await expect(postCheckpoint({ ...known, url: shrunk.url }, chain, place)).rejects.toThrow(
      'its history was rewritten',
    );
  });

  it('a statement verifies against its anchor, and another history does not', async () => {
    const contract = await deploy(chain, { key: KEY });
    const log = new Log().append('leaf', 100);
    const [anchored, statement] = [log.checkpoint(), await log.statement()];
    expect(await verify(statement, contract)).toMatchObject({
      code: 1,
      out: expect.stringContaining('✖ ANCHOR_MISSING'),
    });
    await post(chain, { contract, key: KEY }, { origin: ORIGIN, size: 100, root: log.root });
    expect(await verify(statement, contract)).toMatchObject({
      code: 0,
      out: expect.stringContaining('anchor      100 leaves, on the chain since 20'),
    });
    log.append('leaf', 50);
    // A later one is as good when it proves that it goes on from the anchored one.
    expect((await verify(await log.statement(anchored), contract)).code).toBe(0);
    expect((await verify(await log.statement(), contract)).out).toContain('the nearest has 100 leaves');
    const rewritten = await new Log().append('another', 100).statement();
    expect(await verify(rewritten, contract)).toMatchObject({
      code: 1,
      out: expect.stringContaining('✖ ANCHOR_DIFFERS'),
    });
    const nowhere = await verify(statement, `0x${'1'.repeat(40)}`);
    expect(nowhere).toMatchObject({
      code: 2,
      out: expect.stringContaining('There is no contract of anchors at 0x1111'),
    });
  });
});
