import { type Dispute, type Stepped, stepOf } from './dispute.js';

/** Disputes past their deadline, in an open database transaction. */
export interface EscalationBook {
  /** Undecided, past their deadline, not escalated yet, the oldest first; those that nobody else has in hand. */
  lockOverdue(now: Date, limit: number): Promise<Dispute[]>;
  save(stepped: Stepped): Promise<void>;
}

/**
 * Notes in every dispute that is past its deadline that it is, once; the partner sees it too. Returns true when there may
 * be more at once.
 */
export async function escalateDisputes(
  book: EscalationBook,
  { now, limit }: { now: Date; limit: number },
): Promise<boolean> {
  const overdue = await book.lockOverdue(now, limit);
  for (const dispute of overdue) {
    await book.save(stepOf(dispute, { kind: 'escalated', by: 'system', at: now }, { escalatedAt: now }));
  }
  return overdue.length === limit;
}
