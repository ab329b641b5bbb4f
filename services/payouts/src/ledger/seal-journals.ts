import type { TenantId } from '../ids.js';
import {
  checkRun,
  type JournalText,
  NO_SEAL,
  type Seal,
  type SealBreak,
  type SealedJournal,
  sealInOrder,
} from './seal.js';

/** The chain of seals of a tenant, and what is not in it yet. */
export interface SealBook {
  /** Undefined: nothing is sealed yet. */
  last(tenantId: TenantId): Promise<Seal | undefined>;
  /**
   * Committed journals without a seal, the oldest first. `whole` looks at all of them, otherwise at those recorded not
   * long before the newest seal, which finds everything but a writer that took minutes to commit.
   */
  unsealed(tenantId: TenantId, query: { whole: boolean; limit: number }): Promise<JournalText[]>;
  /** Fails when somebody else sealed meanwhile. */
  add(tenantId: TenantId, seals: readonly Seal[]): Promise<void>;
}

export interface SealReads {
  /** Seals above the number, ascending, beside the journals as they stand now. */
  after(tenantId: TenantId, number: bigint, limit: number): Promise<SealedJournal[]>;
  at(tenantId: TenantId, number: bigint): Promise<Seal | undefined>;
}

const PAGE = 1_000;

/** Seals one page of a tenant's journals; true when there may be more. */
export async function sealPage(
  book: SealBook,
  tenantId: TenantId,
  { whole, limit = PAGE }: { whole: boolean; limit?: number },
): Promise<boolean> {
  const journals = await book.unsealed(tenantId, { whole, limit });
  if (journals.length === 0) return false;
  const last = (await book.last(tenantId)) ?? NO_SEAL;
  await book.add(tenantId, sealInOrder(tenantId, last, journals));
  return journals.length === limit;
}

export interface Walked {
  readonly breaks: SealBreak[];
  /** The seal at which the walk ended. */
  readonly head: Pick<Seal, 'number' | 'hash'>;
}

/** Walks the chain above the number `from`, at most `most` seals. Stops telling after `mostBreaks`, not walking. */
export async function walkSeals(
  reads: SealReads,
  tenantId: TenantId,
  { from = 0n, most = Number.POSITIVE_INFINITY, mostBreaks = 20 } = {},
): Promise<Walked> {
  let head: Pick<Seal, 'number' | 'hash'> = (from > 0n ? await reads.at(tenantId, from) : undefined) ?? NO_SEAL;
  const breaks: SealBreak[] = [];
  for (let walked = 0; walked < most; ) {
    const run = await reads.after(tenantId, head.number, Math.min(PAGE, most - walked));
    breaks.push(...checkRun(tenantId, head, run).slice(0, mostBreaks - breaks.length));
    head = run.at(-1) ?? head;
    walked += run.length;
    if (run.length < PAGE) break;
  }
  return { breaks, head };
}
