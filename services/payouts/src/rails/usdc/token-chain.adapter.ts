import {
  BaseError,
  type Chain,
  ContractFunctionRevertedError,
  createPublicClient,
  defineChain,
  encodeFunctionData,
  ExecutionRevertedError,
  getAddress,
  http,
  InsufficientFundsError,
  isAddress,
  keccak256,
  NonceTooLowError,
  parseAbi,
  parseEventLogs,
  type PublicClient,
  TransactionReceiptNotFoundError,
} from 'viem';
import { type PrivateKeyAccount, privateKeyToAccount } from 'viem/accounts';
import type {
  Broadcast,
  Hex,
  Inclusion,
  SignedTransfer,
  TokenChain,
  UnsignedTransfer,
  WalletState,
} from './token-chain.js';

/** What of ERC-20 is used. */
const ERC20 = parseAbi([
  'function transfer(address to, uint256 value) returns (bool)',
  'function balanceOf(address owner) view returns (uint256)',
  'function decimals() view returns (uint8)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
]);
/** Micros are the token's units only then. */
const DECIMALS = 6;
const TIMEOUT_MS = 20_000;

export interface TokenChainSettings {
  /** JSON-RPC address of a node. */
  readonly rpcUrl: string;
  readonly chainId: number;
  readonly token: string;
  readonly walletKey: Hex;
}

interface Transfer {
  readonly recipient: Hex;
  readonly amountMicros: bigint;
}

/** An ERC-20 token through viem. The node must be of the chain and the token have six decimals, or nothing is asked. */
export class ViemTokenChain implements TokenChain {
  readonly chainId: number;
  readonly token: Hex;
  readonly wallet: Hex;
  readonly #account: PrivateKeyAccount;
  readonly #settings: TokenChainSettings;
  readonly #chain: Chain;
  #checked = false;

  constructor(settings: TokenChainSettings) {
    this.#settings = settings;
    this.chainId = settings.chainId;
    this.token = getAddress(settings.token);
    this.#account = privateKeyToAccount(settings.walletKey);
    this.wallet = this.#account.address;
    this.#chain = defineChain({
      id: settings.chainId,
      name: `chain ${settings.chainId}`,
      nativeCurrency: { name: 'gas', symbol: 'GAS', decimals: 18 },
      rpcUrls: { default: { http: [settings.rpcUrl] } },
    });
  }

  addressOf(text: string): Hex | undefined {
    // One case alone carries no checksum.
    const digits = text.slice(2);
    const mixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase();
    return text.startsWith('0x') && isAddress(text, { strict: mixed }) ? getAddress(text) : undefined;
  }

  stateOfWallet(signal: AbortSignal): Promise<WalletState> {
    return this.#ask(signal, (client) => this.#stateOfWallet(client));
  }

  async #stateOfWallet(client: PublicClient): Promise<WalletState> {
    const block = await client.getBlock({ blockTag: 'latest' });
    const at = { blockNumber: block.number };
    const [nonce, tokenMicros, nativeWei, maxPriorityFeePerGas] = await Promise.all([
      client.getTransactionCount({ address: this.wallet, ...at }),
      client.readContract({
        address: this.token,
        abi: ERC20,
        functionName: 'balanceOf',
        args: [this.wallet],
        ...at,
      }),
      client.getBalance({ address: this.wallet, ...at }),
      client.estimateMaxPriorityFeePerGas(),
    ]);
    const baseFeePerGas = block.baseFeePerGas ?? 0n;
    const fees = { maxFeePerGas: 2n * baseFeePerGas + maxPriorityFeePerGas, maxPriorityFeePerGas };
    return { block: block.number, nonce, tokenMicros, nativeWei, fees, baseFeePerGas };
  }

  gasOf({ recipient, amountMicros }: Transfer, signal: AbortSignal): Promise<bigint | undefined> {
    return this.#ask(signal, async (client) => {
      try {
        return await client.estimateContractGas({
          address: this.token,
          abi: ERC20,
          functionName: 'transfer',
          args: [recipient, amountMicros],
          account: this.#account.address,
          // Not on top of what is pending, which may never come to be: what is under way is counted by its nonces.
          blockTag: 'latest',
        });
      } catch (error) {
        if (isCausedBy(error, ContractFunctionRevertedError, ExecutionRevertedError)) return undefined;
        throw error;
      }
    });
  }

  async sign(transfer: UnsignedTransfer): Promise<SignedTransfer> {
    const { nonce, gasLimit, maxFeePerGas, maxPriorityFeePerGas, recipient, amountMicros } = transfer;
    const bytes = await this.#account.signTransaction({
      type: 'eip1559',
      chainId: this.chainId,
      nonce,
      gas: gasLimit,
      maxFeePerGas,
      maxPriorityFeePerGas,
      to: this.token,
      value: 0n,
      data: encodeFunctionData({ abi: ERC20, functionName: 'transfer', args: [recipient, amountMicros] }),
    });
    return { bytes, hash: keccak256(bytes) };
  }

  broadcast({ bytes }: SignedTransfer, signal: AbortSignal): Promise<Broadcast> {
    return this.#ask(signal, async (client) => {
      try {
        await client.sendRawTransaction({ serializedTransaction: bytes });
        return 'taken';
      } catch (error) {
        return broadcastRefusal(error);
      }
    });
  }

  latestBlock(signal: AbortSignal): Promise<bigint> {
    // Without viem's memory of the last seconds.
    return this.#ask(signal, (client) => client.getBlockNumber({ cacheTime: 0 }));
  }

  inclusionOf(hash: Hex, transfer: Transfer, signal: AbortSignal): Promise<Inclusion | undefined> {
    return this.#ask(signal, (client) => this.#inclusionOf(client, hash, transfer));
  }

  async #inclusionOf(client: PublicClient, hash: Hex, transfer: Transfer): Promise<Inclusion | undefined> {
    try {
      const receipt = await client.getTransactionReceipt({ hash });
      const moves = parseEventLogs({ abi: ERC20, eventName: 'Transfer', logs: receipt.logs });
      const moved = moves.some(
        ({ address, args }) =>
          getAddress(address) === this.token &&
          args.from === this.wallet &&
          args.to === transfer.recipient &&
          args.value === transfer.amountMicros,
      );
      return {
        hash,
        block: receipt.blockNumber,
        moved: receipt.status === 'success' && moved,
        feeWei: receipt.gasUsed * receipt.effectiveGasPrice,
      };
    } catch (error) {
      if (isCausedBy(error, TransactionReceiptNotFoundError)) return undefined;
      throw error;
    }
  }

  nonceAt(block: bigint, signal: AbortSignal): Promise<number> {
    return this.#ask(signal, (client) => client.getTransactionCount({ address: this.wallet, blockNumber: block }));
  }

  /** What goes wrong is told without the node's address and the call: the one may hold a key, the other names who is paid. */
  async #ask<T>(signal: AbortSignal, work: (client: PublicClient) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#client(signal));
    } catch (error) {
      throw error instanceof BaseError ? new Error(`the node: ${error.shortMessage}`) : error;
    }
  }

  /** A client whose calls end with the signal. Asked twice by itself, it would only make a lost answer later. */
  async #client(signal: AbortSignal): Promise<PublicClient> {
    // viem knows a time or a signal, not both.
    const fetchOptions = { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) };
    const transport = http(this.#settings.rpcUrl, { retryCount: 0, timeout: 0, fetchOptions });
    const client: PublicClient = createPublicClient({ chain: this.#chain, transport });
    if (!this.#checked) {
      const said = await client.getChainId();
      if (said !== this.chainId) throw new Error(`the node is of chain ${said}, not of ${this.chainId}`);
      const decimals = await client.readContract({ address: this.token, abi: ERC20, functionName: 'decimals' });
      if (decimals !== DECIMALS) throw new Error(`the token has ${decimals} decimals, not ${DECIMALS}`);
      this.#checked = true;
    }
    return client;
  }
}

/** What a node means by its words; every kind of node has its own. An error that is no node's word is thrown again. */
function broadcastRefusal(error: unknown): Broadcast {
  if (!(error instanceof BaseError)) throw error;
  const rpc = error.walk((each) => typeof (each as { code?: unknown }).code === 'number');
  if (rpc === null) throw error;
  const words = `${error.details} ${rpc.message}`.toLowerCase();
  if (/already known|already imported|known transaction/.test(words)) return 'taken';
  if (isCausedBy(error, NonceTooLowError) || words.includes('nonce too low')) return 'nonce_used';
  if (isCausedBy(error, InsufficientFundsError) || words.includes('insufficient funds')) return 'gas_missing';
  if (/underpriced|fee too low|less than block base fee|max fee per gas/.test(words)) return 'fee_too_low';
  return 'refused';
}

function isCausedBy(error: unknown, ...kinds: readonly (new (...args: never[]) => Error)[]): boolean {
  if (!(error instanceof BaseError)) return false;
  return error.walk((each) => kinds.some((kind) => each instanceof kind)) !== null;
}

/** A private key out of a setting: 64 hex digits, with or without 0x. */
export function walletKeyOf(text: string): Hex {
  return `0x${text.replace(/^0x/, '')}`;
}
