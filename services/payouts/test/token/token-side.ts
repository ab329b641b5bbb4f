import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type EvmNode, startEvmNode } from '@dailydoco/testing';
import { createWalletClient, defineChain, type Hex, http, parseAbi, publicActions } from 'viem';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { compileToken } from './compile-token.js';

export const TOKEN_ABI = parseAbi([
  'constructor(uint8 decimals_)',
  'function mint(address to, uint256 value)',
  'function blockAccount(address account)',
  'function transfer(address to, uint256 value) returns (bool)',
  'function balanceOf(address owner) view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);

// Anvil's well-known first account deploys and mints.
const DEPLOYER = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const ETHER = 10n ** 18n;

/** What the line to the node does with the next transaction that is sent. */
export type LineFault = 'lost_before' | 'lost_after';

/** A chain with a token on it, and a line to it that loses what it is told to. */
export class TokenSide {
  readonly node: EvmNode;
  readonly #faults: LineFault[] = [];
  #onSend: (() => void) | undefined;
  #server: Server | undefined;
  #token: Hex | undefined;

  private constructor(node: EvmNode) {
    this.node = node;
  }

  static async start(): Promise<TokenSide> {
    const side = new TokenSide(await startEvmNode());
    await side.#openLine();
    side.#token = await side.deploy(6);
    return side;
  }

  get token(): Hex {
    if (this.#token === undefined) throw new Error('the token is not deployed');
    return this.#token;
  }

  /** The address of the line. */
  get rpcUrl(): string {
    if (this.#server === undefined) throw new Error('nothing listens yet');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  loseNext(...faults: LineFault[]): void {
    this.#faults.push(...faults);
  }

  /** Loses the next transaction, or its answer, and calls when that happens, the sender still waiting. */
  loseNextAnd(fault: LineFault, then: () => void): void {
    this.#faults.push(fault);
    this.#onSend = then;
  }

  wallet(key: Hex) {
    const rpcUrls = { default: { http: [this.node.rpc] } };
    const nativeCurrency = { name: 'gas', symbol: 'GAS', decimals: 18 };
    const chain = defineChain({ id: this.node.chainId, name: 'spec', nativeCurrency, rpcUrls });
    return createWalletClient({ account: privateKeyToAccount(key), chain, transport: http() }).extend(publicActions);
  }

  async deploy(decimals: number): Promise<Hex> {
    const wallet = this.wallet(DEPLOYER);
    const hash = await wallet.deployContract({ abi: TOKEN_ABI, bytecode: compileToken(), args: [decimals] });
    const { contractAddress } = await wallet.waitForTransactionReceipt({ hash, pollingInterval: 20 });
    if (!contractAddress) throw new Error('the chain made no contract');
    return contractAddress;
  }

  /** A wallet of its own for each case, so that cases do not share nonces. */
  async newWallet({ micros = 1_000_000_000n, wei = ETHER } = {}): Promise<Hex> {
    const key = generatePrivateKey();
    const { address } = privateKeyToAccount(key);
    if (micros > 0n) await this.call('mint', [address, micros]);
    await this.rpc('anvil_setBalance', address, `0x${wei.toString(16)}`);
    return key;
  }

  async call(functionName: 'mint' | 'blockAccount', args: readonly unknown[]): Promise<void> {
    const wallet = this.wallet(DEPLOYER);
    const call = { address: this.token, abi: TOKEN_ABI, functionName, args } as Parameters<
      typeof wallet.writeContract
    >[0];
    const hash = await wallet.writeContract(call);
    await this.mine(0);
    await wallet.waitForTransactionReceipt({ hash, pollingInterval: 20 });
  }

  /** What an address has of the token, and by how many transfers from others it came. */
  async heldBy(address: Hex): Promise<{ micros: bigint; payments: number }> {
    const reader = this.wallet(DEPLOYER);
    const read = { address: this.token, abi: TOKEN_ABI } as const;
    const micros = await reader.readContract({ ...read, functionName: 'balanceOf', args: [address] });
    const moves = await reader.getContractEvents({
      ...read,
      eventName: 'Transfer',
      args: { to: address },
      fromBlock: 0n,
    });
    return { micros, payments: moves.length };
  }

  async mine(blocks: number): Promise<void> {
    if (blocks > 0) await this.rpc('anvil_mine', `0x${blocks.toString(16)}`);
  }

  automine(on: boolean): Promise<unknown> {
    return this.rpc('evm_setAutomine', on);
  }

  async rpc(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(this.node.rpc, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { result, error } = (await response.json()) as { result?: unknown; error?: { message: string } };
    if (error !== undefined) throw new Error(error.message);
    return result;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    this.#server?.close();
    await this.node[Symbol.asyncDispose]();
  }

  async #openLine(): Promise<void> {
    const server = createServer((request, response) => {
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = Buffer.concat(chunks).toString();
        const fault = body.includes('eth_sendRawTransaction') ? this.#faults.shift() : undefined;
        if (fault === 'lost_before') return this.#lose(response);
        const headers = { 'content-type': 'application/json' };
        const answer = await fetch(this.node.rpc, { method: 'POST', headers, body });
        const text = await answer.text();
        if (fault === 'lost_after') return this.#lose(response);
        response.writeHead(answer.status, headers);
        return response.end(text);
      })();
    });
    this.#server = server.listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
  }

  #lose(response: ServerResponse): void {
    this.#onSend?.();
    this.#onSend = undefined;
    response.destroy();
  }
}
