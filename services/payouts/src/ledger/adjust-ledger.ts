import { DomainError } from '@dailydoco/errors';
import type { CurrencyCode } from '@dailydoco/money';
import { type AdjustmentId, asAdjustmentId, type JournalId, type TenantId, type UserId } from '../ids.js';
import {
  type Adjustment,
  type AdjustmentDecision,
  type AdjustmentStatus,
  type AdjustmentTerms,
  type BookedJournal,
  checkApproval,
  checkReversible,
  checkUndecided,
  conflict,
  journalOfAdjustment,
} from './adjustment.js';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import type { Journal } from './journal.js';

/** Adjustments and the books, in one open database transaction. */
export interface AdjustmentBook {
  add(adjustment: Adjustment): Promise<void>;
  /** Undefined for one that the tenant does not have. Deciders of one adjustment wait for each other here. */
  lock(tenantId: TenantId, id: AdjustmentId): Promise<Adjustment | undefined>;
  decide(adjustment: Adjustment, decision: AdjustmentDecision): Promise<void>;
  findJournal(tenantId: TenantId, id: JournalId): Promise<BookedJournal | undefined>;
  /** Undefined for a person who never had that account. */
  availableOf(tenantId: TenantId, personId: UserId, currency: CurrencyCode): Promise<bigint | undefined>;
  write(journal: Journal): Promise<JournalId>;
}

export interface AdjustmentReads {
  find(tenantId: TenantId, id: AdjustmentId): Promise<Adjustment | undefined>;
  /** Newest first, below the id `before`. */
  list(query: {
    tenantId: TenantId;
    status: AdjustmentStatus | undefined;
    before: AdjustmentId | undefined;
    limit: number;
  }): Promise<Adjustment[]>;
}

/** `currency` undefined: that of the journal it reverses. */
export interface Proposal {
  readonly tenantId: TenantId;
  readonly terms: AdjustmentTerms;
  readonly currency: CurrencyCode | undefined;
  readonly reason: string;
  /** Undefined: now. */
  readonly effectiveAt: Date | undefined;
  readonly by: UserId;
}

interface Wanted {
  readonly tenantId: TenantId;
  readonly id: AdjustmentId;
  readonly by: UserId;
}

interface Answering<Body> {
  readonly call: IdempotentCall;
  readonly answer: (adjustment: Adjustment) => { status: number; body: Body };
}

/** Finance changes the books by hand: one person proposes, another approves, and only then a journal is written. */
export class AdjustLedger {
  readonly #given: {
    once: OncePerKey<AdjustmentBook>;
    reads: AdjustmentReads;
    clock: { now(): Date };
    newId: () => string;
  };

  constructor(given: {
    once: OncePerKey<AdjustmentBook>;
    reads: AdjustmentReads;
    clock: { now(): Date };
    newId: () => string;
  }) {
    this.#given = given;
  }

  /**
   * Moves nothing. Throws NOT_FOUND for a journal or a person that the tenant's books do not have, CONFLICT for a journal
   * that may not be reversed, CURRENCY_MISMATCH for a link to another currency, VALIDATION_FAILED for a write-off past
   * zero and an effective date ahead.
   */
  propose<Body>(proposal: Proposal, { call, answer }: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#given;
    return once(call, async (book) => {
      const now = clock.now();
      const { tenantId, terms, reason, effectiveAt = now, by: proposedBy } = proposal;
      if (effectiveAt > now) throw invalid('effectiveAt', 'must not lie ahead');
      const currency = await currencyOfProposal(book, proposal);
      const adjustment: Adjustment = {
        tenantId,
        id: asAdjustmentId(newId()),
        terms,
        currency,
        reason,
        effectiveAt,
        proposedBy,
        proposedAt: now,
        decision: undefined,
        journalId: undefined,
      };
      await checkTerms(book, adjustment, () => invalid('amount.amount', 'is more than the balance is below zero'));
      await book.add(adjustment);
      return answer(adjustment);
    });
  }

  /** Writes the journal. Throws NOT_FOUND, SELF_APPROVAL, and CONFLICT for what is decided or no longer possible. */
  approve<Body>(wanted: Wanted, { call, answer }: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#given.once(call, async (book) => {
      const adjustment = await locked(book, wanted);
      checkApproval(adjustment, wanted.by);
      const reversed = await checkTerms(book, adjustment, () =>
        conflict('The balance is not so far below zero any more.'),
      );
      const decision = this.#decision('approved', wanted.by, undefined);
      await book.decide(adjustment, decision);
      const journalId = await book.write(journalOfAdjustment(adjustment, reversed));
      await checkNotAboveZero(book, adjustment);
      return answer({ ...adjustment, decision, journalId });
    });
  }

  /** By anybody of finance, the proposer included. Throws NOT_FOUND, and CONFLICT when it is decided already. */
  reject<Body>(wanted: Wanted & { reason: string }, by: Answering<Body>): Promise<ReplayableAnswer<Body>> {
    return this.#given.once(by.call, async (book) => {
      const adjustment = await locked(book, wanted);
      checkUndecided(adjustment);
      const decision = this.#decision('rejected', wanted.by, wanted.reason);
      await book.decide(adjustment, decision);
      return by.answer({ ...adjustment, decision });
    });
  }

  /** Throws NOT_FOUND. */
  async find(tenantId: TenantId, id: AdjustmentId): Promise<Adjustment> {
    const found = await this.#given.reads.find(tenantId, id);
    if (found === undefined) throw new DomainError('NOT_FOUND');
    return found;
  }

  list(query: Parameters<AdjustmentReads['list']>[0]): Promise<Adjustment[]> {
    return this.#given.reads.list(query);
  }

  #decision(decision: AdjustmentDecision['decision'], by: UserId, reason: string | undefined): AdjustmentDecision {
    return { decision, reason, decidedBy: by, decidedAt: this.#given.clock.now() };
  }
}

async function locked(book: AdjustmentBook, { tenantId, id }: Wanted): Promise<Adjustment> {
  const adjustment = await book.lock(tenantId, id);
  if (adjustment === undefined) throw new DomainError('NOT_FOUND');
  return adjustment;
}

async function currencyOfProposal(
  book: AdjustmentBook,
  { tenantId, terms, currency }: Proposal,
): Promise<CurrencyCode> {
  const linked = terms.kind === 'reversal' ? terms.reverses : terms.kind === 'transfer' ? terms.corrects : undefined;
  const journal = linked === undefined ? undefined : await book.findJournal(tenantId, linked);
  if (linked !== undefined && journal === undefined) throw new DomainError('NOT_FOUND');
  if (journal !== undefined && currency !== undefined && journal.currency !== currency) {
    throw new DomainError('CURRENCY_MISMATCH');
  }
  const known = currency ?? journal?.currency;
  if (known === undefined) throw new Error('an amount has its currency');
  return known;
}

/** Whether the books allow it as they stand now; resolves to the journal that a reversal takes back. */
async function checkTerms(
  book: AdjustmentBook,
  { tenantId, terms, currency }: Adjustment,
  tooMuch: () => DomainError,
): Promise<BookedJournal | undefined> {
  if (terms.kind === 'reversal') {
    const journal = await book.findJournal(tenantId, terms.reverses);
    if (journal === undefined) throw new DomainError('NOT_FOUND');
    checkReversible(journal);
    return journal;
  }
  if (terms.kind === 'write_off') {
    const available = await book.availableOf(tenantId, terms.personId, currency);
    if (available === undefined) throw new DomainError('NOT_FOUND');
    if (available + terms.amountMicros > 0n) throw tooMuch();
  }
  return undefined;
}

/** The look before the journal holds no lock of the balance; this one comes after it, under the journal's own. */
async function checkNotAboveZero(book: AdjustmentBook, { tenantId, terms, currency }: Adjustment): Promise<void> {
  if (terms.kind !== 'write_off') return;
  const after = await book.availableOf(tenantId, terms.personId, currency);
  if (after === undefined || after > 0n) throw conflict('The balance is not so far below zero any more.');
}

function invalid(path: string, message: string): DomainError {
  return new DomainError('VALIDATION_FAILED', { fieldErrors: [{ path, message }] });
}
