import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { AccountId, AdjustmentId, JournalId, PayoutId, PurchaseId, RefundId, TenantId, UserId } from '../ids.js';
import type { Account, AccountKind, PersonKind } from './account.js';

/** What a person has in one currency, in micros. `available` is negative when more was taken back than was there. */
export interface Balance {
  readonly currency: CurrencyCode;
  readonly pendingMicros: bigint;
  readonly heldMicros: bigint;
  readonly availableMicros: bigint;
  readonly inTransitMicros: bigint;
  /** Settled and not returned, over all time. */
  readonly paidMicros: bigint;
  /** The accounts that have been opened so far. */
  readonly accounts: ReadonlyMap<PersonKind, AccountId>;
}

/** All debit balances beside all credit balances of one currency, in micros. */
export interface TrialBalance {
  readonly currency: CurrencyCode;
  readonly debitMicros: bigint;
  readonly creditMicros: bigint;
}

/** One posting with what caused it. */
export interface StatementLine {
  readonly journalId: JournalId;
  readonly position: bigint;
  readonly amountMicros: bigint;
  readonly balanceMicros: bigint;
  readonly eventType: string;
  readonly purchaseId: PurchaseId | undefined;
  readonly purchaseSequence: bigint | undefined;
  readonly refundId: RefundId | undefined;
  readonly payoutId: PayoutId | undefined;
  readonly payoutStep: string | undefined;
  readonly adjustmentId: AdjustmentId | undefined;
  readonly reverses: JournalId | undefined;
  readonly corrects: JournalId | undefined;
  readonly reason: string | undefined;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
}

/** An account with what stands on it; a debit balance is negative. */
export interface AccountBalance extends Account {
  readonly balanceMicros: bigint;
}

export interface AccountsQuery {
  readonly tenantId: TenantId;
  readonly ownerId: UserId | TenantId | undefined;
  readonly kind: AccountKind | undefined;
  /** Only balances below zero. */
  readonly negative: boolean;
  /** Ids above this one, ascending. */
  readonly after: AccountId | undefined;
  readonly limit: number;
}

export interface StatementQuery {
  readonly tenantId: TenantId;
  readonly accountId: AccountId;
  /** Recorded at this moment or later. */
  readonly from: Date | undefined;
  /** Recorded before this moment. */
  readonly to: Date | undefined;
  readonly before: bigint | undefined;
  readonly limit: number;
}

export interface LedgerReads {
  balancesOf(tenantId: TenantId, personId: UserId): Promise<Balance[]>;
  trialBalance(tenantId: TenantId): Promise<TrialBalance[]>;
  findAccount(tenantId: TenantId, accountId: AccountId): Promise<Account | undefined>;
  accounts(query: AccountsQuery): Promise<AccountBalance[]>;
  /** Newest first, below the position `before`. */
  statement(query: StatementQuery): Promise<StatementLine[]>;
}

/** The books as they stood at a moment: what was recorded until then, that moment included. */
export interface EarlierBooks {
  balancesOf(tenantId: TenantId, personId: UserId, asOf: Date): Promise<Balance[]>;
  trialBalance(tenantId: TenantId, asOf: Date): Promise<TrialBalance[]>;
}

export interface Viewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isFinance: boolean;
}

/** The ledger for the eyes of one person. */
export class ReadLedger {
  readonly #reads: LedgerReads;
  readonly #earlier: EarlierBooks;
  readonly #clock: { now(): Date };

  constructor(reads: LedgerReads, earlier: EarlierBooks, clock: { now(): Date }) {
    this.#reads = reads;
    this.#earlier = earlier;
    this.#clock = clock;
  }

  /** As they stand, or as they stood at `asOf`; VALIDATION_FAILED for a moment ahead. */
  balancesOf({ tenantId, userId }: Omit<Viewer, 'isFinance'>, asOf: Date | undefined): Promise<Balance[]> {
    if (asOf === undefined) return this.#reads.balancesOf(tenantId, userId);
    this.#checkPast(asOf);
    return this.#earlier.balancesOf(tenantId, userId, asOf);
  }

  /** As it stands, or as it stood at `asOf`; VALIDATION_FAILED for a moment ahead. */
  trialBalance({ tenantId }: Pick<Viewer, 'tenantId'>, asOf: Date | undefined): Promise<TrialBalance[]> {
    if (asOf === undefined) return this.#reads.trialBalance(tenantId);
    this.#checkPast(asOf);
    return this.#earlier.trialBalance(tenantId, asOf);
  }

  /** Accounts of the tenant's persons and of the house. */
  accounts(query: AccountsQuery): Promise<AccountBalance[]> {
    return this.#reads.accounts(query);
  }

  /** Throws NOT_FOUND for an account that the tenant does not have, FORBIDDEN for another person's. */
  async statement(
    viewer: Viewer,
    query: Omit<StatementQuery, 'tenantId'>,
  ): Promise<{ account: Account; lines: StatementLine[] }> {
    const { tenantId, userId, isFinance } = viewer;
    const account = await this.#reads.findAccount(tenantId, query.accountId);
    if (account === undefined) throw new DomainError('NOT_FOUND');
    if (!isFinance && account.ownerId !== userId) {
      throw new DomainError('FORBIDDEN', { detail: 'This is somebody else’s account.' });
    }
    return { account, lines: await this.#reads.statement({ ...query, tenantId }) };
  }

  #checkPast(asOf: Date): void {
    if (asOf <= this.#clock.now()) return;
    throw new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path: 'asOf', message: 'must not lie ahead' }] });
  }
}
