import type { PayoutId, TenantId } from '../../ids.js';
import type { GasFees, Hex } from './token-chain.js';

export interface Reference {
  readonly tenantId: TenantId;
  readonly reference: PayoutId;
}

/** A transaction that was signed for a payout. All attempts of one nonce pay the same to the same recipient. */
export interface Attempt extends GasFees {
  readonly nonce: number;
  readonly hash: Hex;
  readonly gasLimit: bigint;
  readonly signedAt: Date;
}

/** A wallet, its chain, and the token that it pays in. */
export interface Payer {
  readonly chainId: number;
  readonly wallet: Hex;
  readonly token: Hex;
}

/** A payout on the chain. */
export interface TokenTransfer extends Reference {
  readonly amountMicros: bigint;
  /** Who pays what: the nonce is this wallet's on this chain. */
  readonly from: Payer;
  readonly nonce: number;
  /** Of this nonce, the oldest first; at least one. */
  readonly attempts: readonly Attempt[];
  /** When somebody else's transaction was first seen to have the nonce for good. */
  readonly nonceLostAt: Date | undefined;
  /** How it ended; nothing about it is asked of the chain again. */
  readonly ending: { readonly moved: boolean; readonly hash: Hex } | undefined;
}

export interface NewTransfer extends Reference {
  readonly amountMicros: bigint;
  readonly from: Payer;
  /** The nonce that the chain waited for, read before. */
  readonly chainNonce: number;
  readonly tokenMicros: bigint;
  readonly at: Date;
  /** Makes the first attempt of the nonce that was allotted: the same bytes whenever it is made again. */
  readonly sign: (nonce: number) => Promise<Attempt>;
}

/**
 * What was signed, durable before it is sent. One row per payout, so that a payout has one live nonce whoever works on it;
 * one counter per wallet, so that a nonce has one payout.
 */
export interface TransferBook {
  find(transfer: Reference): Promise<TokenTransfer | undefined>;
  /**
   * Allots the next nonce and keeps what `sign` makes of it, in one database transaction. Of two at once for one payout
   * the second gets what the first has made. Undefined, nothing kept: what is signed and not in the chain yet leaves too
   * little of `tokenMicros`.
   */
  begin(transfer: NewTransfer): Promise<TokenTransfer | undefined>;
  /** The same for a payout whose nonce was lost to another transaction: `lost` is given up and a new nonce allotted. */
  beginAnew(transfer: NewTransfer, lost: TokenTransfer): Promise<TokenTransfer | undefined>;
  /** Keeps one more attempt of the same nonce; returns false, nothing kept, when another was kept since `after`. */
  addAttempt(transfer: TokenTransfer, attempt: Attempt, after: Attempt): Promise<boolean>;
  noteNonceLost(transfer: Reference, at: Date | undefined): Promise<void>;
  end(
    transfer: Reference,
    ending: { moved: boolean; hash: Hex; block: bigint; feeWei: bigint; at: Date },
  ): Promise<void>;
}
