import { DomainError } from '@dailydoco/errors';
import { currencyOf } from '@dailydoco/money';
import { type CallRail, type Payment, type RailAnswer, type RailCapabilities, RailRefusal } from '../rail.js';
import type { GasFees, Hex, TokenChain, WalletState } from './token-chain.js';
import type { Attempt, NewTransfer, TokenTransfer, TransferBook } from './transfer-book.js';

export interface UsdcDestination {
  /** Spelled with its checksum (EIP-55). */
  readonly address: Hex;
}

export interface UsdcRules {
  /** Blocks that have to stand on a payment, its own counted, before it is settled. */
  readonly confirmations: number;
  /** Most that is ever paid per unit of gas, in wei. While the chain asks for more, nothing is signed. */
  readonly maxFeePerGas: bigint;
  /** A transaction that is in no block for so long is signed again with a higher fee. */
  readonly bumpAfterMs: number;
}

export interface UsdcGiven {
  readonly chain: TokenChain;
  readonly book: TransferBook;
  readonly rules: UsdcRules;
  readonly clock: { now(): Date };
}

const USD = currencyOf('USD');
const ZERO = '0x0000000000000000000000000000000000000000';
/**
 * A nonce that another transaction seems to have is looked at again after this long before it is believed: nodes behind
 * one address do not all stand at the same block, and a payment that is wrongly called absent would be paid twice.
 */
export const NONCE_LOST_AFTER_MS = 10 * 60_000;
const ASK_AGAIN_MS = 15_000;
const WAITING_ASK_AGAIN_MS = 60_000;
/** Nodes replace a transaction only by one that offers a tenth more. */
const BUMP_PERCENT = 112n;
/** What one estimate may be short of when the transfer runs some blocks later. */
const GAS_MARGIN_PERCENT = 125n;

export const USDC_CAPABILITIES: RailCapabilities = {
  limits: new Map([
    [USD, { minimumMicros: 1_000_000n, maximumMicros: 1_000_000_000_000n, fee: { fixedMicros: 0n, bps: 0 } }],
  ]),
  countries: 'any',
  typicalHours: 1,
  returnableHours: 0,
  patienceHours: 24,
};

/**
 * Pays US dollars as USDC, one for one, from a hot wallet. A chain knows no references: a payout is paid by one nonce of
 * the wallet, and a nonce is used once by the rules of the chain. So the transaction is durable before it is sent, whatever
 * follows sends the same one again, and a new nonce is taken only when the old one provably paid for something else.
 */
export class UsdcRail implements CallRail<UsdcDestination> {
  readonly kind = 'usdc';
  readonly mode = 'call';
  readonly capabilities = USDC_CAPABILITIES;
  readonly #given: UsdcGiven;

  constructor(given: UsdcGiven) {
    this.#given = given;
  }

  /** Reads `{ address }`: not the zero address, not the token, not the wallet that pays. */
  readonly destinationOf = (details: unknown): UsdcDestination => {
    const { chain } = this.#given;
    const given: Readonly<Record<string, unknown>> =
      typeof details === 'object' && details !== null ? { ...details } : {};
    const { address: text, ...others } = given;
    const address = typeof text === 'string' ? chain.addressOf(text) : undefined;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw refused(unknown, 'is not known');
    if (address === undefined)
      throw refused('address', 'must be 0x and 40 hex digits, in mixed case with a right checksum');
    if (address === ZERO) throw refused('address', 'must not be the zero address');
    if (address === chain.token) throw refused('address', 'must not be the token’s own contract');
    if (address === chain.wallet) throw refused('address', 'must not be the wallet that pays');
    return { address };
  };

  readonly countryOf = (): undefined => undefined;
  readonly mask = ({ address }: UsdcDestination): string => `0x••••${address.slice(-4)}`;
  readonly fingerprintOf = ({ address }: UsdcDestination): string => address.toLowerCase();

  async submit(payment: Payment<UsdcDestination>, signal: AbortSignal): Promise<RailAnswer> {
    const { book } = this.#given;
    if (payment.currency !== USD) throw new RailRefusal('currency_not_carried');
    const known = await book.find(payment);
    if (known === undefined) return this.#begin(payment, undefined, signal);
    const answer = await this.#look(payment, known, signal);
    return answer.state === 'absent' ? this.#begin(payment, known, signal) : answer;
  }

  /**
   * Asks the chain. What submit signed and no block has is sent again, as it was or with a higher fee: it uses the same
   * nonce, so it pays nothing that was not ordered and nothing twice.
   */
  async find(payment: Payment<UsdcDestination>, signal: AbortSignal): Promise<RailAnswer> {
    const known = await this.#given.book.find(payment);
    if (known === undefined) return { state: 'absent', reason: undefined, askAgainAfterMs: undefined };
    return this.#look(payment, known, signal);
  }

  async #begin(
    payment: Payment<UsdcDestination>,
    lost: TokenTransfer | undefined,
    signal: AbortSignal,
  ): Promise<RailAnswer> {
    const { chain, book, rules, clock } = this.#given;
    const { tenantId, reference, amountMicros } = payment;
    const order = orderOf(payment);
    const state = await chain.stateOfWallet(signal);
    if (state.tokenMicros < amountMicros) throw new RailRefusal('insufficient_funds');
    const estimate = await chain.gasOf(order, signal);
    if (estimate === undefined) throw new RailRefusal('token_refuses');
    const fees = feesWithin(state, rules);
    // Nothing is signed: a nonce that waits for cheaper gas would hold up all after it.
    if (fees === undefined) return processing('fee_above_cap', WAITING_ASK_AGAIN_MS);
    const gasLimit = (estimate * GAS_MARGIN_PERCENT) / 100n;
    if (state.nativeWei < gasLimit * fees.maxFeePerGas) throw new RailRefusal('insufficient_gas');
    const wanted: NewTransfer = {
      tenantId,
      reference,
      amountMicros,
      from: { chainId: chain.chainId, wallet: chain.wallet, token: chain.token },
      chainNonce: state.nonce,
      tokenMicros: state.tokenMicros,
      at: clock.now(),
      sign: (nonce) => this.#sign(order, { nonce, gasLimit, ...fees }),
    };
    const begun = await (lost === undefined ? book.begin(wanted) : book.beginAnew(wanted, lost));
    if (begun === undefined) throw new RailRefusal('insufficient_funds');
    return this.#send(payment, begun, signal);
  }

  /** What the chain holds of a transfer, and what has to be done about it. */
  async #look(payment: Payment<UsdcDestination>, transfer: TokenTransfer, signal: AbortSignal): Promise<RailAnswer> {
    if (transfer.amountMicros !== payment.amountMicros) throw new Error('the reference was used for another amount');
    if (transfer.ending !== undefined) return answerOf(transfer.ending);
    const { chain, book, rules, clock } = this.#given;
    const { chainId, wallet, token } = transfer.from;
    // Asked about another wallet's nonce, the chain would tell lies.
    if (chainId !== chain.chainId || wallet !== chain.wallet || token !== chain.token) {
      throw new Error(`the payout is under way from ${wallet} on chain ${chainId} in ${token}, which this rail is not`);
    }
    const latest = await chain.latestBlock(signal);
    for (const { hash } of transfer.attempts.toReversed()) {
      const inclusion = await chain.inclusionOf(hash, orderOf(payment), signal);
      if (inclusion === undefined) continue;
      if (latest - inclusion.block + 1n < rules.confirmations) return processing('confirming', ASK_AGAIN_MS, hash);
      await book.end(transfer, { ...inclusion, at: clock.now() });
      return answerOf(inclusion);
    }
    const lost = await this.#isNonceLost(transfer, latest, signal);
    if (lost === 'surely') return { state: 'absent', reason: 'nonce_used', askAgainAfterMs: undefined };
    if (lost === 'seemingly') return processing('nonce_used', WAITING_ASK_AGAIN_MS);
    return this.#send(payment, await this.#bumped(payment, transfer, signal), signal);
  }

  /** Whether another transaction of the wallet has the nonce, deep enough to stay, and was seen to have it twice. */
  async #isNonceLost(
    transfer: TokenTransfer,
    latest: bigint,
    signal: AbortSignal,
  ): Promise<'no' | 'seemingly' | 'surely'> {
    const { chain, book, rules, clock } = this.#given;
    const settledBlock = latest - BigInt(rules.confirmations) + 1n;
    const used = settledBlock < 0n ? 0 : await chain.nonceAt(settledBlock, signal);
    const [seenAt, now] = [transfer.nonceLostAt, clock.now()];
    if (used <= transfer.nonce) {
      if (seenAt !== undefined) await book.noteNonceLost(transfer, undefined);
      return 'no';
    }
    if (seenAt === undefined) await book.noteNonceLost(transfer, now);
    return seenAt !== undefined && now.getTime() - seenAt.getTime() >= NONCE_LOST_AFTER_MS ? 'surely' : 'seemingly';
  }

  /** Signs anew, with the same nonce, what no block took in time; nothing changes while the cap forbids more. */
  async #bumped(
    payment: Payment<UsdcDestination>,
    transfer: TokenTransfer,
    signal: AbortSignal,
  ): Promise<TokenTransfer> {
    const { chain, book, rules, clock } = this.#given;
    const last = lastOf(transfer);
    if (clock.now().getTime() - last.signedAt.getTime() < rules.bumpAfterMs) return transfer;
    const { fees } = await chain.stateOfWallet(signal);
    const next = {
      maxFeePerGas: higher(last.maxFeePerGas, fees.maxFeePerGas),
      maxPriorityFeePerGas: higher(last.maxPriorityFeePerGas, fees.maxPriorityFeePerGas),
    };
    if (next.maxFeePerGas > rules.maxFeePerGas) return transfer;
    const attempt = await this.#sign(orderOf(payment), { nonce: last.nonce, gasLimit: last.gasLimit, ...next });
    const kept = await book.addAttempt(transfer, attempt, last);
    // Another replica was quicker: its attempt is as good.
    if (!kept) return (await book.find(transfer)) ?? transfer;
    return { ...transfer, attempts: [...transfer.attempts, attempt] };
  }

  async #send(payment: Payment<UsdcDestination>, transfer: TokenTransfer, signal: AbortSignal): Promise<RailAnswer> {
    const { chain } = this.#given;
    const last = lastOf(transfer);
    const signed = await chain.sign({ ...last, ...orderOf(payment) });
    // The key or the destination is another than it was: the same nonce would still pay once, but somebody else.
    if (signed.hash !== last.hash) throw new Error('the transaction cannot be made again as it was signed');
    const said = await chain.broadcast(signed, signal);
    return processing(said === 'taken' ? undefined : said, ASK_AGAIN_MS, last.hash);
  }

  async #sign(
    order: { recipient: Hex; amountMicros: bigint },
    terms: { nonce: number; gasLimit: bigint } & GasFees,
  ): Promise<Attempt> {
    const { hash } = await this.#given.chain.sign({ ...order, ...terms });
    return { ...terms, hash, signedAt: this.#given.clock.now() };
  }
}

function orderOf({ amountMicros, destination }: Payment<UsdcDestination>): { recipient: Hex; amountMicros: bigint } {
  return { recipient: destination.address, amountMicros };
}

function lastOf({ attempts }: TokenTransfer): Attempt {
  const last = attempts.at(-1);
  if (last === undefined) throw new Error('a transfer was signed at least once');
  return last;
}

/** What to offer now, at most the cap; undefined: the cap does not even pay for the next block. */
function feesWithin({ fees, baseFeePerGas }: WalletState, { maxFeePerGas: cap }: UsdcRules): GasFees | undefined {
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  if (baseFeePerGas + maxPriorityFeePerGas > cap) return undefined;
  return { maxFeePerGas: maxFeePerGas < cap ? maxFeePerGas : cap, maxPriorityFeePerGas };
}

function higher(before: bigint, now: bigint): bigint {
  const least = (before * BUMP_PERCENT) / 100n + 1n;
  return now > least ? now : least;
}

function answerOf({ moved, hash }: { moved: boolean; hash: Hex }): RailAnswer {
  return {
    state: moved ? 'settled' : 'failed',
    reason: moved ? undefined : 'transaction_undone',
    askAgainAfterMs: undefined,
    railReference: hash,
  };
}

function processing(reason: string | undefined, askAgainAfterMs: number, hash?: Hex): RailAnswer {
  return { state: 'processing', reason, askAgainAfterMs, ...(hash !== undefined && { railReference: hash }) };
}

function refused(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
