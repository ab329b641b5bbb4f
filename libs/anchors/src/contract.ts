import { type Checkpoint, originHash } from '@dailydoco/transparency';
import { readFileSync } from 'node:fs';
import {
  type Address,
  createPublicClient,
  createWalletClient,
  defineChain,
  formatGwei,
  type Hash,
  type Hex,
  http,
  isAddress,
  parseAbi,
  parseGwei,
  type TransactionReceipt,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';

/** What of the contract is called from here; the spec holds it against the compiler's. */
export const ABI = parseAbi([
  'constructor(address poster_)',
  'function anchor(bytes32 originHash, uint64 size, bytes32 root)',
  'function count(bytes32 originHash) view returns (uint256)',
  'function lastUpTo(bytes32 originHash, uint64 upTo) view returns (uint64 size, bytes32 root, uint64 anchoredAt)',
  'function poster() view returns (address)',
  'event Anchored(bytes32 indexed originHash, address indexed poster, uint64 size, bytes32 root)',
  'error NotThePoster(address caller)',
  'error SizeMustGrow(uint64 last, uint64 given)',
]);

/** The contract as it is deployed, compiled once; `infra/anchor` holds its source. */
export const ARTIFACT = new URL('../contracts/CheckpointAnchors.json', import.meta.url);

/** How long a transaction may take to stand in a block. */
const RECEIPT_TIMEOUT_MS = 180_000;
/** The largest size that the contract's uint64 and our safe integers both hold. */
const ANY_SIZE = BigInt(Number.MAX_SAFE_INTEGER);
/** An anchor takes some 75,000 units of gas; chains that count otherwise take more, and none takes this. */
const MOST_GAS = 2_000_000n;

/** The chain asks for more than may be paid. Later it may ask for less. */
export class FeeTooHigh extends Error {}

/** Where a checkpoint is posted, and who pays. */
export interface Place {
  readonly contract: Address;
  readonly key: Hex;
  /** Most that is paid per unit of gas; undefined: whatever the chain asks for. */
  readonly maxFeeGwei?: number | undefined;
}

/** Where a contract lives, and who pays for what is written there. */
export interface Chain {
  /** JSON-RPC address of a node. */
  readonly rpc: string;
  /** The chain's id, so that a wrong address cannot write to another chain: the node is asked and must agree. */
  readonly chainId: number;
}

export interface LastAnchor {
  readonly size: number;
  readonly root: Uint8Array;
}

/** Puts a new contract on the chain; the poster is the account of the key unless another is named. Returns its address. */
export async function deploy(
  chain: Chain,
  { key, poster }: { key: Hex; poster?: Address | undefined },
): Promise<Address> {
  const { wallet, account } = await walletOf(chain, key);
  const hash = await wallet.deployContract({ abi: ABI, bytecode: bytecode(), args: [poster ?? account.address] });
  const { contractAddress } = await receiptOf(chain, hash);
  if (!contractAddress) throw new Error('The chain made no contract');
  return contractAddress;
}

/** Anchors a checkpoint. Throws what the contract says (NotThePoster, SizeMustGrow), and FeeTooHigh. */
export async function post(chain: Chain, place: Place, checkpoint: Checkpoint): Promise<Hash> {
  const { wallet, account } = await walletOf(chain, place.key);
  const call = {
    address: place.contract,
    abi: ABI,
    functionName: 'anchor',
    args: [hexOf(originHash(checkpoint.origin)), BigInt(checkpoint.size), hexOf(checkpoint.root)],
    account,
  } as const;
  // Tried first, so that a refusal has a name and costs nothing.
  const { request } = await readerOf(chain).simulateContract(call);
  const fees = place.maxFeeGwei === undefined ? {} : await feesWithin(chain, place.maxFeeGwei);
  if ((await readerOf(chain).estimateContractGas(call)) > MOST_GAS)
    throw new FeeTooHigh('An anchor takes too much gas');
  const hash = await wallet.writeContract({ ...request, ...fees, account, chain: wallet.chain });
  await receiptOf(chain, hash);
  return hash;
}

/** The last anchor of a log; undefined when it has none. */
export async function lastAnchor(chain: Chain, contract: Address, origin: string): Promise<LastAnchor | undefined> {
  const [size, root] = await readerOf(chain).readContract({
    address: contract,
    abi: ABI,
    functionName: 'lastUpTo',
    args: [hexOf(originHash(origin)), ANY_SIZE],
  });
  return size === 0n ? undefined : { size: Number(size), root: Buffer.from(root.slice(2), 'hex') };
}

/** The address if it is one. */
export function addressOf(text: string): Address {
  if (!isAddress(text)) throw new Error(`${text} is no address`);
  return text;
}

/** A private key out of text: 32 bytes in hex, with or without 0x; undefined when it is none. */
export function keyOf(text: string): Hex | undefined {
  const match = /^(?:0x)?([0-9a-fA-F]{64})$/.exec(text.trim());
  return match === null ? undefined : `0x${match[1]}`;
}

async function feesWithin(
  chain: Chain,
  maxFeeGwei: number,
): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
  const { maxFeePerGas, maxPriorityFeePerGas } = await readerOf(chain).estimateFeesPerGas();
  if (maxFeePerGas > parseGwei(String(maxFeeGwei)))
    throw new FeeTooHigh(`The chain asks for ${formatGwei(maxFeePerGas)} gwei, more than ${maxFeeGwei}`);
  return { maxFeePerGas, maxPriorityFeePerGas };
}

function bytecode(): Hex {
  return (JSON.parse(readFileSync(ARTIFACT, 'utf8')) as { bytecode: Hex }).bytecode;
}

function readerOf({ rpc, chainId }: Chain) {
  return createPublicClient({ chain: chainOf(rpc, chainId), transport: http(rpc) });
}

async function walletOf({ rpc, chainId }: Chain, key: Hex) {
  const account = privateKeyToAccount(key);
  const wallet = createWalletClient({ account, chain: chainOf(rpc, chainId), transport: http(rpc) });
  const said = await wallet.getChainId();
  if (said !== chainId) throw new Error(`The node is of chain ${said}, not of ${chainId}`);
  return { wallet, account };
}

function chainOf(rpc: string, id: number) {
  const nativeCurrency = { name: 'gas', symbol: 'GAS', decimals: 18 };
  return defineChain({ id, name: `chain ${id}`, nativeCurrency, rpcUrls: { default: { http: [rpc] } } });
}

async function receiptOf(chain: Chain, hash: Hash): Promise<TransactionReceipt> {
  const receipt = await readerOf(chain).waitForTransactionReceipt({ hash, timeout: RECEIPT_TIMEOUT_MS });
  if (receipt.status !== 'success') throw new Error(`The chain refused transaction ${hash}`);
  return receipt;
}

function hexOf(bytes: Uint8Array): Hex {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
