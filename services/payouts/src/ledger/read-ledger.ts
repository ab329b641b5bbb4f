import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import type { AccountId, JournalId, PayoutId, PurchaseId, RefundId, TenantId, UserId } from '../ids.js';
import type { Account, PersonKind } from './account.js';

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
  readonly reason: string | undefined;
  readonly occurredAt: Date;
  readonly recordedAt: Date;
}

export interface LedgerReads {
  balancesOf(tenantId: TenantId, personId: UserId): Promise<Balance[]>;
  trialBalance(tenantId: TenantId): Promise<TrialBalance[]>;
  findAccount(tenantId: TenantId, accountId: AccountId): Promise<Account | undefined>;
  /** Newest first, below the position `before`. */
  statement(query: {
    tenantId: TenantId;
    accountId: AccountId;
    before: bigint | undefined;
    limit: number;
  }): Promise<StatementLine[]>;
}

export interface Viewer {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly isFinance: boolean;
}

/** The ledger for the eyes of one person. */
export class ReadLedger {
  readonly #reads: LedgerReads;

  constructor(reads: LedgerReads) {
    this.#reads = reads;
  }

  balancesOf({ tenantId, userId }: Viewer): Promise<Balance[]> {
    return this.#reads.balancesOf(tenantId, userId);
  }

  trialBalance({ tenantId }: Viewer): Promise<TrialBalance[]> {
    return this.#reads.trialBalance(tenantId);
  }

  /** Throws NOT_FOUND for an account that the tenant does not have, FORBIDDEN for another person's. */
  async statement(
    viewer: Viewer,
    query: { accountId: AccountId; before: bigint | undefined; limit: number },
  ): Promise<{ account: Account; lines: StatementLine[] }> {
    const { tenantId, userId, isFinance } = viewer;
    const account = await this.#reads.findAccount(tenantId, query.accountId);
    if (account === undefined) throw new DomainError('NOT_FOUND');
    if (!isFinance && account.ownerId !== userId) {
      throw new DomainError('FORBIDDEN', { detail: 'This is somebody else’s account.' });
    }
    return { account, lines: await this.#reads.statement({ ...query, tenantId }) };
  }
}
