import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Hex, parseGwei } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { type Payment, RailRefusal } from '../src/rails/rail.js';
import { ViemTokenChain } from '../src/rails/usdc/token-chain.adapter.js';
import { NONCE_LOST_AFTER_MS, type UsdcDestination, UsdcRail } from '../src/rails/usdc/usdc-rail.js';
import { UsdcTransferStore } from '../src/rails/usdc/usdc-transfer.store.js';
import { type Books, startBooks } from './books.js';
import { never, obeysTheContract, paymentTo, type RailUnderTest } from './call-rail.contract.js';
import { TokenSide } from './token/token-side.js';

const CONFIRMATIONS = 3;
const BUMP_AFTER_MS = 60_000;
const MAX_FEE_GWEI = 50n;

let books: Books;
let side: TokenSide;
let walletKey: Hex;
let rail: UsdcRail;

beforeAll(async () => {
  [books, side] = await Promise.all([startBooks(), TokenSide.start()]);
});

beforeEach(async () => {
  await side.automine(true);
  walletKey = await side.newWallet();
  rail = newRail();
});

afterAll(async () => {
  await side.stop();
  await books.stop();
});

/** A new process: what it knows is in the database. */
function newRail({ key = walletKey, token = side.token, chainId = side.node.chainId } = {}): UsdcRail {
  return new UsdcRail({
    chain: new ViemTokenChain({ rpcUrl: side.rpcUrl, chainId, token, walletKey: key }),
    book: new UsdcTransferStore(books.pool),
    rules: { confirmations: CONFIRMATIONS, maxFeePerGas: MAX_FEE_GWEI * 10n ** 9n, bumpAfterMs: BUMP_AFTER_MS },
    clock: books.clock,
  });
}

const newAddress = (): Hex => privateKeyToAccount(generatePrivateKey()).address;
const order = (amountMicros?: bigint) => paymentTo(rail.destinationOf({ address: newAddress() }), amountMicros);
const got = ({ destination }: Payment<UsdcDestination>) => side.heldBy(destination.address);
const stateOf = async (payment: Payment<UsdcDestination>) => (await newRail().find(payment, never())).state;

async function signedFor({ tenantId, reference }: Payment<UsdcDestination>) {
  const { rows } = await books.pool.query<{ nonce: bigint; hash: Hex; max_fee_per_gas: string }>(
    `SELECT nonce, hash, max_fee_per_gas FROM usdc_attempt WHERE tenant_id = $1 AND reference = $2
     ORDER BY nonce, position`,
    [tenantId, reference],
  );
  return rows;
}

async function expectPaidOnce(payment: Payment<UsdcDestination>): Promise<void> {
  await side.mine(CONFIRMATIONS);
  expect(await stateOf(payment)).toBe('settled');
  expect(await got(payment)).toEqual({ micros: payment.amountMicros, payments: 1 });
}

const refusalOf = async (work: Promise<unknown>): Promise<string> => {
  const failure = await work.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(RailRefusal);
  return (failure as RailRefusal).reason;
};

const under = (): RailUnderTest<UsdcDestination> => ({
  rail,
  newDetails: () => ({ address: newAddress().toLowerCase() }),
  refusedDetails: async () => {
    const address = newAddress();
    await side.call('blockAccount', [address]);
    return { address };
  },
  paidFor: ([payment]) => side.heldBy(payment!.destination.address),
  pass: () => side.mine(CONFIRMATIONS),
});

describe('The USDC rail', () => {
  obeysTheContract(under, {
    bad: [
      ['address', undefined],
      ['address', { address: '0x00' }],
      ['address', { address: '0x0000000000000000000000000000000000000000' }],
      // EIP-55's first example, with the case of one letter changed.
      ['address', { address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD'.replace('5aA', '5AA') }],
      ['address', { address: '5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' }],
      ['memo', { address: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed', memo: 'x' }],
    ],
  });

  it('pays neither the token nor itself, and reads an address in one case as EIP-55 spells it', () => {
    for (const address of [side.token, privateKeyToAccount(walletKey).address.toLowerCase()]) {
      expect(() => rail.destinationOf({ address })).toThrow('not valid');
    }
    const address = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';
    for (const text of [address, address.toLowerCase(), `0x${address.slice(2).toUpperCase()}`]) {
      expect(rail.destinationOf({ address: text })).toEqual({ address });
    }
  });

  it('settles a payment only when enough blocks stand on it, and keeps what it cost', async () => {
    const payment = order();
    expect(await rail.submit(payment, never())).toMatchObject({ state: 'processing', reason: undefined });
    for (let block = 1; block < CONFIRMATIONS; block += 1) {
      expect(await rail.find(payment, never())).toMatchObject({ state: 'processing', reason: 'confirming' });
      await side.mine(1);
    }
    const hash = (await signedFor(payment))[0]!.hash;
    expect(await rail.find(payment, never())).toEqual({
      state: 'settled',
      reason: undefined,
      askAgainAfterMs: undefined,
      railReference: hash,
    });
    const { rows } = await books.pool.query(
      'SELECT moved, hash, fee_wei > 0 AS paid_gas FROM usdc_transfer WHERE reference = $1',
      [payment.reference],
    );
    expect(rows).toEqual([{ moved: true, hash, paid_gas: true }]);
  });

  it.each(['lost_before', 'lost_after'] as const)(
    'sends the very same transaction again when the line was cut (%s)',
    async (fault) => {
      const payment = order();
      side.loseNext(fault);
      await expect(rail.submit(payment, never())).rejects.toThrow();
      expect((await got(payment)).payments).toBe(fault === 'lost_after' ? 1 : 0);
      // Another replica, after a crash, once by asking and once by submitting.
      expect(await stateOf(payment)).toBe('processing');
      await newRail().submit(payment, never());
      await expectPaidOnce(payment);
      expect(await signedFor(payment)).toHaveLength(1);
    },
  );

  it('pays each of many once when two replicas pay them all at once', async () => {
    const payments = Array.from({ length: 6 }, () => order());
    const replicas = [newRail(), newRail()];
    const submitted = await Promise.allSettled(
      payments.flatMap((payment) => replicas.map((replica) => replica.submit(payment, never()))),
    );
    expect(submitted.filter(({ status }) => status === 'fulfilled')).toHaveLength(12);
    for (const payment of payments) await stateOf(payment);
    for (const payment of payments) await expectPaidOnce(payment);
    const nonces = (await Promise.all(payments.map(signedFor))).flat().map(({ nonce }) => Number(nonce));
    expect(nonces.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it('sends again what the chain forgot in a reorganisation', async () => {
    const payment = order();
    const before = await side.rpc('evm_snapshot');
    await rail.submit(payment, never());
    expect((await got(payment)).payments).toBe(1);
    await side.rpc('evm_revert', before);
    expect((await got(payment)).payments).toBe(0);
    expect(await rail.find(payment, never())).toMatchObject({ state: 'processing', reason: undefined });
    await expectPaidOnce(payment);
    expect(await signedFor(payment)).toHaveLength(1);
  });

  it('offers more for what no block takes: same nonce, same recipient, paid once', async () => {
    await side.automine(false);
    const payment = order();
    await rail.submit(payment, never());
    books.clock.advance(BUMP_AFTER_MS - 1);
    await rail.find(payment, never());
    expect(await signedFor(payment)).toHaveLength(1);
    books.clock.advance(1);
    await Promise.all([newRail().find(payment, never()), newRail().find(payment, never())]);
    const signed = await signedFor(payment);
    expect(signed.map(({ nonce }) => nonce)).toEqual([0n, 0n]);
    const [first, second] = signed.map((each) => BigInt(each.max_fee_per_gas)) as [bigint, bigint];
    expect(second * 100n).toBeGreaterThan(first * 110n);
    await side.mine(1);
    await expectPaidOnce(payment);
    expect((await rail.find(payment, never())).railReference).toBe(signed[1]!.hash);
  });

  it('signs nothing while the chain asks for more than the cap, and pays when it no longer does', async () => {
    const payment = order();
    await side.automine(false);
    await side.rpc('anvil_setNextBlockBaseFeePerGas', `0x${parseGwei('60').toString(16)}`);
    await side.mine(1);
    expect(await rail.submit(payment, never())).toMatchObject({ state: 'processing', reason: 'fee_above_cap' });
    expect(await signedFor(payment)).toEqual([]);
    expect(await stateOf(payment)).toBe('absent');
    await side.rpc('anvil_setNextBlockBaseFeePerGas', `0x${parseGwei('1').toString(16)}`);
    await side.mine(1);
    await rail.submit(payment, never());
    await side.mine(1);
    await expectPaidOnce(payment);
  });

  it('refuses what the wallet cannot pay before it signs anything, what is under way counted', async () => {
    walletKey = await side.newWallet({ micros: 50_000_000n });
    rail = newRail();
    await side.automine(false);
    const [first, second, third] = [order(30_000_000n), order(30_000_000n), order(20_000_000n)];
    await rail.submit(first, never());
    expect(await refusalOf(rail.submit(second, never()))).toBe('insufficient_funds');
    expect(await signedFor(second)).toEqual([]);
    expect(await refusalOf(rail.submit(order(60_000_000n), never()))).toBe('insufficient_funds');
    await rail.submit(third, never());
    await side.mine(1);
    for (const payment of [first, third]) await expectPaidOnce(payment);
    await side.automine(true);
    walletKey = await side.newWallet({ wei: 1n });
    expect(await refusalOf(newRail().submit(order(), never()))).toBe('insufficient_gas');
  });

  it('takes a new nonce only when another transaction provably has the old one', async () => {
    await side.automine(false);
    const payment = order();
    await rail.submit(payment, never());
    // Somebody else sends from the wallet, and offers more.
    const stranger = { to: newAddress(), value: 1n, nonce: 0, gas: 21_000n };
    const fees = { maxFeePerGas: parseGwei('40'), maxPriorityFeePerGas: parseGwei('20') };
    await side.wallet(walletKey).sendTransaction({ ...stranger, ...fees });
    await side.mine(1);
    for (let block = 1; block < CONFIRMATIONS; block += 1) {
      expect(await stateOf(payment)).toBe('processing');
      await side.mine(1);
    }
    // One look may have been at a node that lags behind.
    expect(await stateOf(payment)).toBe('processing');
    books.clock.advance(NONCE_LOST_AFTER_MS - 1);
    expect(await stateOf(payment)).toBe('processing');
    books.clock.advance(1);
    expect(await stateOf(payment)).toBe('absent');
    await Promise.all([newRail().submit(payment, never()), newRail().submit(payment, never())]);
    await side.mine(1);
    await expectPaidOnce(payment);
    expect((await signedFor(payment)).map(({ nonce }) => nonce)).toEqual([0n, 1n]);
  });

  it('fails a payment that the token undid on the chain', async () => {
    await side.automine(false);
    const payment = order();
    await rail.submit(payment, never());
    // Whoever mines chooses the order: the recipient is blocked first.
    await side.rpc('anvil_dropAllTransactions');
    await side.automine(true);
    await side.call('blockAccount', [payment.destination.address]);
    await rail.find(payment, never());
    await side.mine(CONFIRMATIONS);
    expect(await rail.find(payment, never())).toMatchObject({ state: 'failed', reason: 'transaction_undone' });
    expect((await got(payment)).payments).toBe(0);
  });

  it('pays nothing on another chain, in another token, or from another wallet than it began', async () => {
    const payment = order();
    await expect(newRail({ chainId: 1 }).submit(payment, never())).rejects.toThrow('the node is of chain 31337');
    const cents = await side.deploy(2);
    await expect(newRail({ token: cents }).submit(payment, never())).rejects.toThrow('the token has 2 decimals');
    expect(await signedFor(payment)).toEqual([]);
    side.loseNext('lost_before');
    await expect(rail.submit(payment, never())).rejects.toThrow();
    const other = newRail({ key: await side.newWallet() });
    await expect(other.find(payment, never())).rejects.toThrow('the payout is under way from');
    await expect(other.submit(payment, never())).rejects.toThrow('the payout is under way from');
    expect((await got(payment)).payments).toBe(0);
    await rail.find(payment, never());
    await expectPaidOnce(payment);
  });
});

describe('The tables of the USDC rail', () => {
  it('keep what was signed and how it ended, from the service as from their owner', async () => {
    const payment = order();
    await rail.submit(payment, never());
    const change = (sql: string) =>
      books.pool.query(sql).then(
        () => 'done',
        (error: { code?: string }) => error.code,
      );
    expect(await change('UPDATE usdc_attempt SET nonce = 7')).toBe('42501');
    expect(await change('DELETE FROM usdc_transfer')).toBe('42501');
    expect(await change('UPDATE usdc_transfer SET amount_micros = 1')).toBe('42501');
    // A nonce that is not lost stays the payout's.
    expect(await change(`UPDATE usdc_transfer SET nonce = 99 WHERE reference = '${payment.reference}'`)).toBe('23001');
    await expectPaidOnce(payment);
    expect(await change(`UPDATE usdc_transfer SET moved = false WHERE reference = '${payment.reference}'`)).toBe(
      '23001',
    );
  });
});
