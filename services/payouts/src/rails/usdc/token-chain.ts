/** `0x` and hex digits. */
export type Hex = `0x${string}`;

/** Fees of a transaction, in wei per unit of gas (EIP-1559). */
export interface GasFees {
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
}

/** A transfer of tokens as it is signed: with the wallet's key these make the same bytes and the same hash every time. */
export interface UnsignedTransfer extends GasFees {
  readonly nonce: number;
  readonly gasLimit: bigint;
  readonly recipient: Hex;
  /** Units of the token: six decimals, so micros. */
  readonly amountMicros: bigint;
}

export interface SignedTransfer {
  readonly hash: Hex;
  readonly bytes: Hex;
}

/** Where a transaction stands in the chain that the node holds to be the longest. */
export interface Inclusion {
  readonly hash: Hex;
  readonly block: bigint;
  /** The token moved the amount to the recipient; false: the transaction was undone and moved nothing. */
  readonly moved: boolean;
  /** What the wallet paid for it, in wei. */
  readonly feeWei: bigint;
}

/** What is needed to know before a nonce is taken, all of it at one block. */
export interface WalletState {
  readonly block: bigint;
  /** Transactions of the wallet in the chain: the next nonce that the chain waits for. */
  readonly nonce: number;
  readonly tokenMicros: bigint;
  readonly nativeWei: bigint;
  /** What a transaction would have to pay now to be taken soon. */
  readonly fees: GasFees;
  /** Least that a block took per gas, without anything for the one who makes it. */
  readonly baseFeePerGas: bigint;
}

/** What a node said to a transaction: it has it, or why it will not have it now. */
export type Broadcast = 'taken' | 'nonce_used' | 'gas_missing' | 'fee_too_low' | 'refused';

/** One token on one chain and the wallet that pays, through a node. Errors mean that the node could not be asked. */
export interface TokenChain {
  readonly chainId: number;
  readonly token: Hex;
  readonly wallet: Hex;
  /** In one spelling (EIP-55); undefined: not an address, or mixed case that does not fit its checksum. */
  addressOf(text: string): Hex | undefined;
  stateOfWallet(signal: AbortSignal): Promise<WalletState>;
  /** Gas of the transfer; undefined: the token refuses it (a blocked recipient, a paused token). */
  gasOf(transfer: { recipient: Hex; amountMicros: bigint }, signal: AbortSignal): Promise<bigint | undefined>;
  sign(transfer: UnsignedTransfer): Promise<SignedTransfer>;
  broadcast(transfer: SignedTransfer, signal: AbortSignal): Promise<Broadcast>;
  latestBlock(signal: AbortSignal): Promise<bigint>;
  inclusionOf(
    hash: Hex,
    transfer: { recipient: Hex; amountMicros: bigint },
    signal: AbortSignal,
  ): Promise<Inclusion | undefined>;
  /** Transactions of the wallet up to a block, that block's own among them. */
  nonceAt(block: bigint, signal: AbortSignal): Promise<number>;
}
