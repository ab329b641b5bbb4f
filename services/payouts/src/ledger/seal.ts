import { createHash } from 'node:crypto';
import type { JournalId, TenantId } from '../ids.js';

/** A journal with its postings as the database has them, every part as text. */
export interface JournalText {
  readonly journalId: JournalId;
  /** The columns of the journal in the order that docs/ledger.md fixes; null where there is none. */
  readonly columns: readonly (string | null)[];
  /** `account amount position balance` of each posting, ordered by account; the balance is `-` on accounts of the house. */
  readonly postings: readonly string[];
}

export interface Seal {
  readonly number: bigint;
  readonly journalId: JournalId;
  readonly hash: Uint8Array;
}

/** A seal beside what stands now; undefined: the journal is not there. */
export interface SealedJournal extends Seal {
  readonly journal: JournalText | undefined;
}

/** Something that is wrong with the seals, in the words of reconciliation: I3, no posting is ever changed or deleted. */
export interface SealBreak {
  readonly invariant: 'I3';
  readonly subject: string;
  readonly detail: string;
}

const FORMAT = 'dailydoco.ledger.seal.v1';

/** What the first seal of a tenant follows. */
export const NO_SEAL: Pick<Seal, 'number' | 'hash'> = { number: 0n, hash: new Uint8Array(32) };

/** The hash that seals a journal behind the seal `before`. The format is fixed in docs/ledger.md. */
export function sealHash(
  before: Uint8Array,
  { tenantId, number, journal }: { tenantId: TenantId; number: bigint; journal: JournalText },
): Uint8Array {
  const { journalId, columns, postings } = journal;
  const text = JSON.stringify([FORMAT, tenantId, number.toString(), journalId, columns, postings]);
  return createHash('sha256').update(before).update(text).digest();
}

/** Seals journals in the given order behind the last seal. */
export function sealInOrder(
  tenantId: TenantId,
  last: Pick<Seal, 'number' | 'hash'>,
  journals: readonly JournalText[],
): Seal[] {
  let before = last;
  return journals.map((journal) => {
    const number = before.number + 1n;
    const seal = { number, journalId: journal.journalId, hash: sealHash(before.hash, { tenantId, number, journal }) };
    before = seal;
    return seal;
  });
}

/**
 * What is wrong with a run of seals, ascending, behind the seal `before`. Each is compared with the stored hash before it,
 * so that one change is told once and not by every seal that follows.
 */
export function checkRun(
  tenantId: TenantId,
  before: Pick<Seal, 'number' | 'hash'>,
  run: readonly SealedJournal[],
): SealBreak[] {
  const breaks: SealBreak[] = [];
  const tell = (journalId: JournalId, detail: string) =>
    breaks.push({ invariant: 'I3', subject: `journal ${journalId}`, detail });
  let previous = before;
  for (const seal of run) {
    const { number, journalId, journal, hash } = seal;
    if (number !== previous.number + 1n) {
      tell(journalId, `seal ${number} follows seal ${previous.number}: those between are missing`);
    } else if (journal === undefined) {
      tell(journalId, `it was sealed as number ${number} and is not there any more`);
    } else if (!Buffer.from(sealHash(previous.hash, { tenantId, number, journal })).equals(hash)) {
      tell(journalId, `seal ${number} does not fit: the journal, its postings or its place in the chain was changed`);
    }
    previous = seal;
  }
  return breaks;
}
