import type { CurrencyCode } from '@dailydoco/money';
import type { PayoutBatchId, PayoutId, TenantId } from '../ids.js';

/** The ways for money to leave. A new one is a new word here and a folder beside this file. */
export const RAIL_KINDS = ['sandbox', 'sepa', 'ach', 'stripe', 'usdc'] as const;
export type RailKind = (typeof RAIL_KINDS)[number];

/** What a rail costs and what it carries in one currency, in micros of that currency. */
export interface RailLimits {
  /** Less than this is not worth sending; asked for less, a payout is refused. */
  readonly minimumMicros: bigint;
  readonly maximumMicros: bigint;
  /** Borne by the house: `fixedMicros + ceil(amount × bps / 10000)`. An estimate; the journal books what was taken. */
  readonly fee: { readonly fixedMicros: bigint; readonly bps: number };
}

/** Where a rail reaches and how; only what it reaches is offered. */
export interface RailCapabilities {
  /** By currency; a currency that is not here is not carried. */
  readonly limits: ReadonlyMap<CurrencyCode, RailLimits>;
  /** ISO 3166-1 alpha-2 codes of where the receiving account may be; `any` for rails that know no countries. */
  readonly countries: ReadonlySet<string> | 'any';
  /** How long a payment usually takes to settle, in hours. */
  readonly typicalHours: number;
  /** How long a settled payment may still come back, in hours. */
  readonly returnableHours: number;
  /**
   * How long it may keep a payment to itself, in hours: several times what it usually takes, weekends included. One that is
   * longer under way is a break of the books (R6).
   */
  readonly patienceHours: number;
}

/** What is to be paid, with the destination in the clear: made when it is handed to the rail, never stored or logged. */
export interface Payment<Destination> {
  readonly tenantId: TenantId;
  /** The payout's id. A rail pays once per reference, whatever it is told again. */
  readonly reference: PayoutId;
  readonly amountMicros: bigint;
  readonly currency: CurrencyCode;
  readonly destination: Destination;
  readonly requestedAt: Date;
}

/**
 * What a rail knows of a payment.
 * - `processing`: it has the payment, how it ends is open.
 * - `settled`, `failed`, `returned`: how it ended; `returned` after it was settled.
 * - `absent`: it has no payment of this reference and none will appear by what was sent before. Only then may the same
 *   reference be submitted again. A rail that cannot be sure says `processing`.
 */
export interface RailAnswer {
  readonly state: 'processing' | 'settled' | 'failed' | 'returned' | 'absent';
  /** The rail's code, such as an ISO 20022 or NACHA return reason, without personal data. */
  readonly reason: string | undefined;
  /** When it is worth asking again; undefined: nothing more will happen, or the rail tells by itself. */
  readonly askAgainAfterMs: number | undefined;
  /** The rail's own id of the payment: a transfer, a transaction hash. */
  readonly railReference?: string;
  /** What the rail took from the house for it, in micros of the payment's currency; absent: not known or nothing. */
  readonly feeMicros?: bigint;
}

interface RailBase<Destination> {
  readonly kind: RailKind;
  readonly capabilities: RailCapabilities;
  /**
   * Checks the details that a person gave and returns them in one spelling. Throws DomainError VALIDATION_FAILED
   * with the fields' paths.
   */
  readonly destinationOf: (details: unknown) => Destination;
  /** The country that `capabilities.countries` speaks of; undefined where there is none. */
  countryOf(destination: Destination): string | undefined;
  /** What may be shown of it: the last four characters at most, such as `DE•• •••• 3000`. */
  mask(destination: Destination): string;
  /** One text for each real account, whatever its spelling; it is stored as a keyed hash only, to find shared ones. */
  fingerprintOf(destination: Destination): string;
}

/** A rail that is called payment by payment. */
export interface CallRail<Destination = unknown> extends RailBase<Destination> {
  readonly mode: 'call';
  /**
   * Pays once per reference. A RailRefusal says that nothing was paid and never will be by this call. Any other error
   * says nothing: the payment may have been made, the payout is `unknown`, and only `find` tells more.
   */
  submit(payment: Payment<Destination>, signal: AbortSignal): Promise<RailAnswer>;
  /** Asks, pays nothing. */
  find(payment: Payment<Destination>, signal: AbortSignal): Promise<RailAnswer>;
}

/** A rail that takes files of many payments; how they end comes back in files or is told by finance. */
export interface FileRail<Destination = unknown> extends RailBase<Destination> {
  readonly mode: 'file';
  /** Most payments in one file. */
  readonly maxPayments: number;
  /** The file of a batch: the same batch gives the same bytes, so that it can be made again after a crash. */
  makeFile(batch: {
    readonly id: PayoutBatchId;
    readonly tenantId: TenantId;
    readonly currency: CurrencyCode;
    readonly createdAt: Date;
    readonly payments: readonly Payment<Destination>[];
  }): { readonly name: string; readonly contentType: string; readonly bytes: Uint8Array };
}

export type Rail<Destination = unknown> = CallRail<Destination> | FileRail<Destination>;

/** The rail said no before it took anything: the payout has failed, its amount is available again. */
export class RailRefusal extends Error {
  readonly reason: string;

  constructor(reason: string) {
    super(`the rail refused: ${reason}`);
    this.name = 'RailRefusal';
    this.reason = reason;
  }
}

/**
 * A fact that a rail told by itself or that a file of the bank brought: a webhook, a status report, a line of a bank
 * statement. It is stored once per (rail, reportId), and then recorded as an answer about the payout it names.
 */
export interface RailReport {
  readonly tenantId: TenantId;
  readonly rail: RailKind;
  /** The same fact told again has the same id: an event's id, or file hash and line. */
  readonly reportId: string;
  readonly reference: PayoutId;
  readonly answer: RailAnswer;
  /** What the report says was paid; undefined where it names no amount. Another amount than the payout's is a break. */
  readonly amountMicros: bigint | undefined;
  readonly currency: CurrencyCode | undefined;
  /** When it happened by the rail's word. */
  readonly occurredAt: Date;
}
