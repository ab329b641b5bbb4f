import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { sourceHooks } from '@dailydoco/testing';
import type { Hex } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { payoutRound } from '../src/payouts/payout-work.module.js';
import { ASK_UNKNOWN_AFTER_MS } from '../src/payouts/record-answers.js';
import { readConfig } from '../src/config.js';
import { chainOf } from '../src/rails/usdc/usdc-rail.module.js';
import { readWalletLevel } from '../src/rails/usdc/wallet-level.js';
import { WantedStore } from '../src/rails/usdc/wallet-level.store.js';
import { type Books, startBooks } from './books.js';
import { never } from './call-rail.contract.js';
import { type Edges, specEnv, startEdges } from './edges.js';
import { type Partner, RailStory } from './rail-story.js';
import { type LineFault, TokenSide } from './token/token-side.js';

const CONFIRMATIONS = 3;
const ASK_AGAIN_MS = 15_000;
const BUMP_AFTER_MS = 60_000;
/** A claim of a worker that died has run out. */
const CLAIM_OVER_MS = 30_000;

let books: Books;
let side: TokenSide;
let edges: Edges;
let story: RailStory;
let walletKey: Hex;

beforeAll(async () => {
  [books, side] = await Promise.all([startBooks(), TokenSide.start()]);
  walletKey = await side.newWallet();
  edges = await startEdges(books, { env: env() });
  story = new RailStory(books, edges);
});

beforeEach(() => side.automine(true));

afterAll(async () => {
  await edges.stop();
  await side.stop();
  await books.stop();
});

const env = (key = walletKey) => ({
  PAYOUT_CANCEL_WINDOW_MS: '0',
  USDC_RPC_URL: side.rpcUrl,
  USDC_CHAIN_ID: String(side.node.chainId),
  USDC_TOKEN_ADDRESS: side.token,
  USDC_WALLET_KEY: key,
  USDC_CONFIRMATIONS: String(CONFIRMATIONS),
  USDC_BUMP_AFTER_MS: String(BUMP_AFTER_MS),
});

interface Holder extends Partner {
  readonly address: Hex;
}

/** A partner with an address of their own, given in small letters. */
async function holder(): Promise<Holder> {
  const { address } = privateKeyToAccount(generatePrivateKey());
  return { ...(await story.partner('usdc', { address: address.toLowerCase() })), address };
}

async function signedFor(id: string) {
  const { rows } = await books.pool.query<{ nonce: bigint; hash: Hex }>(
    'SELECT nonce, hash FROM usdc_attempt WHERE reference = $1 ORDER BY nonce, position',
    [id],
  );
  return rows;
}

/** What the chain says that the holder got, beside what the ledger says that the house paid. */
async function expectPaidOnce(here: Holder, id: string, amount = '30.00'): Promise<void> {
  await side.mine(CONFIRMATIONS);
  await story.round(ASK_AGAIN_MS);
  await story.expectPaid(here, id, amount);
  expect(await side.heldBy(here.address)).toEqual({ micros: await story.cashOf(here), payments: 1 });
}

/** A worker in a process of its own, killed when its transaction is on the line. */
async function killWorkerAt(fault: LineFault): Promise<void> {
  const file = fileURLToPath(new URL('rail-worker-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=@dailydoco/source', '--import', sourceHooks, file, String(books.clock.now().getTime())],
    { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH: process.env['PATH'], ...specEnv(books), ...env() } },
  );
  side.loseNextAnd(fault, () => child.kill('SIGKILL'));
  const [, signal] = await once(child, 'exit');
  expect(signal).toBe('SIGKILL');
}

describe('A payout by USDC', () => {
  it('is asked for, approved by finance, paid on the chain and settled when it is confirmed', async () => {
    const here = await holder();
    const id = await story.ask(here, '50.00');
    await story.round();
    expect(await signedFor(id)).toEqual([]);
    await story.approve(here, id);
    await story.round();
    const [attempt] = await signedFor(id);
    expect(await story.statusOf(here, id)).toBe('submitted');
    expect((await side.heldBy(here.address)).micros).toBe(50_000_000n);
    // Nobody calls it settled before enough blocks stand on it.
    await story.round(ASK_AGAIN_MS);
    expect([await story.statusOf(here, id), await story.balanceOf(here)]).toEqual([
      'submitted',
      ['50.00', '50.00', '0.00'],
    ]);
    await expectPaidOnce(here, id, '50.00');
    expect(await story.stepsOf(here, id)).toEqual([
      'requested by the partner',
      'screened',
      'approved by finance',
      'submitted',
      'settled',
    ]);
    expect(await story.journalsOf(here, id)).toEqual([
      ['requested', { available: -50_000_000n, in_transit: 50_000_000n }],
      ['settled', { in_transit: -50_000_000n, cash: 50_000_000n }],
    ]);
    const { rows } = await books.pool.query('SELECT rail_reference FROM payout WHERE id = $1', [id]);
    expect(rows).toEqual([{ rail_reference: attempt?.hash }]);
  });

  it.each(['lost_before', 'lost_after'] as const)(
    'whose answer was lost is unknown, and pays by the same transaction (%s)',
    async (fault) => {
      const here = await holder();
      side.loseNext(fault);
      const id = await story.ask(here);
      await story.round();
      expect(await story.statusOf(here, id)).toBe('unknown');
      await story.round(ASK_UNKNOWN_AFTER_MS);
      await expectPaidOnce(here, id);
      expect(await signedFor(id)).toHaveLength(1);
    },
  );

  it.each(['lost_before', 'lost_after'] as const)(
    'of a worker that is killed after it signed is paid once by its successors, whose nonces follow (%s)',
    async (fault) => {
      const here = await holder();
      const id = await story.ask(here);
      await killWorkerAt(fault);
      expect(await story.statusOf(here, id)).toBe('submitted');
      const [attempt] = await signedFor(id);
      // Another payout takes the nonce after the one that is out.
      const next = await holder();
      const later = await story.ask(next);
      await story.round(CLAIM_OVER_MS);
      const [after] = await signedFor(later);
      expect(after?.nonce).toBe((attempt?.nonce ?? 0n) + 1n);
      await expectPaidOnce(here, id);
      await expectPaidOnce(next, later);
      expect(await signedFor(id)).toEqual([attempt]);
    },
  );

  it('that no block takes is offered for more under the same nonce, and paid once', async () => {
    await side.automine(false);
    const here = await holder();
    const id = await story.ask(here);
    await story.round();
    await side.rpc('anvil_dropAllTransactions');
    for (let n = 0; n < BUMP_AFTER_MS / ASK_AGAIN_MS; n += 1) await story.round(ASK_AGAIN_MS);
    const signed = await signedFor(id);
    expect(signed.map(({ nonce }) => nonce)).toEqual([signed[0]?.nonce, signed[0]?.nonce]);
    await side.mine(1);
    await expectPaidOnce(here, id);
  });

  it('that a reorganisation forgets is not settled, and paid again by the same transaction', async () => {
    const here = await holder();
    const id = await story.ask(here);
    const before = await side.rpc('evm_snapshot');
    await story.round();
    await story.round(ASK_AGAIN_MS);
    expect((await side.heldBy(here.address)).payments).toBe(1);
    await side.rpc('evm_revert', before);
    expect((await side.heldBy(here.address)).payments).toBe(0);
    await story.round(ASK_AGAIN_MS);
    expect(await story.statusOf(here, id)).toBe('submitted');
    await expectPaidOnce(here, id);
    expect(await signedFor(id)).toHaveLength(1);
  });

  it('that the chain undoes has failed, and the money is available again', async () => {
    await side.automine(false);
    const here = await holder();
    const id = await story.ask(here);
    await story.round();
    await side.rpc('anvil_dropAllTransactions');
    await side.automine(true);
    await side.call('blockAccount', [here.address]);
    await story.round(ASK_AGAIN_MS);
    await side.mine(CONFIRMATIONS);
    await story.round(ASK_AGAIN_MS);
    expect(await story.look(here, id)).toMatchObject({ status: 'failed', reason: 'transaction_undone' });
    expect(await story.balanceOf(here)).toEqual(['100.00', '0.00', '0.00']);
    expect([await side.heldBy(here.address), await story.breaksOf(here)]).toEqual([{ micros: 0n, payments: 0 }, []]);
  });

  it.each([
    ['insufficient_funds', { micros: 29_999_999n }],
    ['insufficient_gas', { wei: 1n }],
  ])(
    'that the wallet cannot pay has failed with %s before anything is signed, and nothing is lost',
    async (reason, has) => {
      const poor = await startEdges(books, { env: env(await side.newWallet(has)) });
      const here = await holder();
      const id = await story.ask(here);
      await payoutRound(poor.runtime);
      expect(await story.look(here, id)).toMatchObject({ status: 'failed', reason });
      expect(await story.balanceOf(here)).toEqual(['100.00', '0.00', '0.00']);
      expect([await signedFor(id), await story.breaksOf(here)]).toEqual([[], []]);
      // The wallet is funded: the partner asks again and is paid.
      const again = await story.ask(here);
      await story.round();
      await side.mine(CONFIRMATIONS);
      await story.round(ASK_AGAIN_MS);
      expect(await story.statusOf(here, again)).toBe('settled');
      expect(await side.heldBy(here.address)).toEqual({ micros: await story.cashOf(here), payments: 1 });
      await poor.stop();
    },
  );
});

describe('The wallet that pays', () => {
  it('is measured beside what is wanted of it; what the chain has taken already is wanted no more', async () => {
    const [here, next] = [await holder(), await holder()];
    const key = await side.newWallet({ micros: 100_000_000n, wei: 10n ** 16n });
    const chain = chainOf(readConfig({ ...specEnv(books), ...env(key) }))!;
    const level = () =>
      readWalletLevel({ chain, reads: new WantedStore(books.pool), maxFeePerGas: 10n ** 11n }, never());
    const own = await startEdges(books, { env: env(key) });
    const before = await level();
    await story.ask(here);
    const waiting = await story.ask(next, '50.00');
    expect(await level()).toMatchObject({
      balanceMicros: 100_000_000n,
      wantedMicros: before.wantedMicros + 80_000_000n,
    });
    // The smaller one is on the chain, though not settled; the larger waits for its approval.
    await payoutRound(own.runtime);
    const after = await level();
    expect(after).toMatchObject({ balanceMicros: 70_000_000n, wantedMicros: before.wantedMicros + 50_000_000n });
    expect(await story.statusOf(next, waiting)).toBe('screened');
    expect([before.transfersByGas > 0n, after.transfersByGas <= before.transfersByGas]).toEqual([true, true]);
    await own.stop();
  });
});
