import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { ViemTokenChain } from './token-chain.adapter.js';

const RECIPIENT = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed';

describe('A node that gives no answer', () => {
  const chain = new ViemTokenChain({
    // Nothing listens at port 1.
    rpcUrl: 'http://127.0.0.1:1/v3/key-of-the-node',
    chainId: 31_337,
    token: '0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359',
    walletKey: `0x${'1'.repeat(64)}`,
  });
  const signal = new AbortController().signal;

  it.each([
    ['the wallet', () => chain.stateOfWallet(signal)],
    ['gas', () => chain.gasOf({ recipient: RECIPIENT, amountMicros: 1n }, signal)],
    ['a transaction', () => chain.broadcast({ bytes: '0x00', hash: '0x00' }, signal)],
    ['a receipt', () => chain.inclusionOf('0x00', { recipient: RECIPIENT, amountMicros: 1n }, signal)],
    ['the latest block', () => chain.latestBlock(signal)],
    ['a nonce', () => chain.nonceAt(1n, signal)],
  ])('about %s is told of without its address, which may hold a key', async (_, ask) => {
    const error: unknown = await ask().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(inspect(error, { depth: 10 })).toContain('HTTP request failed');
    expect(inspect(error, { depth: 10 })).not.toMatch(/key-of-the-node|127\.0\.0\.1:1\//);
  });
});
