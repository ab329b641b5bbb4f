import type { GasFees, TokenChain } from './token-chain.js';

/** What the wallet has, beside what it will be asked for. */
export interface WalletLevel {
  /** Tokens that it has, in micros of a dollar. */
  readonly balanceMicros: bigint;
  /** What payouts that have not ended come to, without those that the chain has taken from the balance already. */
  readonly wantedMicros: bigint;
  /** How many transfers its gas would pay now, whole ones. */
  readonly transfersByGas: bigint;
}

export interface WantedReads {
  /** What USDC payouts that have not ended come to, without those whose nonce of this wallet the chain has passed. */
  wantedMicros(payer: { chainId: number; wallet: string; chainNonce: number }): Promise<bigint>;
}

/** A transfer of USDC takes 45,000 to 65,000 units of gas; a recipient's first one is the dearest. */
const GAS_OF_A_TRANSFER = 70_000n;

/** Reads the chain first: what it takes meanwhile is wanted once more, and never missed. */
export async function readWalletLevel(
  { chain, reads, maxFeePerGas }: { chain: TokenChain; reads: WantedReads; maxFeePerGas: bigint },
  signal: AbortSignal,
): Promise<WalletLevel> {
  const { tokenMicros, nativeWei, nonce, fees } = await chain.stateOfWallet(signal);
  const { chainId, wallet } = chain;
  return {
    balanceMicros: tokenMicros,
    wantedMicros: await reads.wantedMicros({ chainId, wallet, chainNonce: nonce }),
    transfersByGas: transfersBy(nativeWei, fees, maxFeePerGas),
  };
}

/** By what a transfer is offered now; never more than the cap, above which nothing is signed. */
function transfersBy(nativeWei: bigint, { maxFeePerGas }: GasFees, cap: bigint): bigint {
  const price = maxFeePerGas < cap ? maxFeePerGas : cap;
  return price === 0n ? nativeWei : nativeWei / (GAS_OF_A_TRANSFER * price);
}
