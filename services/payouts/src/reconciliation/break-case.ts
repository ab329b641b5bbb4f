import { DomainError } from '@dailydoco/errors';
import type { BreakId, JournalId, RunId, TenantId, UserId } from '../ids.js';

// What must hold, numbered; this service's README says each in words.
const OF_THE_LEDGER = ['I1', 'I2', 'I3', 'I4', 'I5', 'I6'] as const;
const OF_RAILS = ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'] as const;
const OF_BANKS = ['B1', 'B2', 'B3', 'B4', 'B5'] as const;
export const INVARIANTS = [...OF_THE_LEDGER, ...OF_RAILS, ...OF_BANKS] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** A difference between the books and what they should equal, as one run finds it. */
export interface Break {
  readonly invariant: Invariant;
  /** What it is about: a kind of thing, a space and its id, such as `payout 0197…`. */
  readonly subject: string;
  readonly detail: string;
}

/**
 * How a case stands.
 * - `open`: the last run found it.
 * - `corrected`: finance named journals that mend it, and no run has looked since. Found again, it is open again.
 * - `accepted`: it stands, and finance said why it may. It stays in every report for as long as it stands.
 * - `resolved`: a run no longer found it. Found again later, it is another case.
 */
export const BREAK_STATUSES = ['open', 'corrected', 'accepted', 'resolved'] as const;
export type BreakStatus = (typeof BREAK_STATUSES)[number];

/** A break over all runs that find it: its identity is the invariant and the subject. */
export interface BreakCase extends Break {
  readonly tenantId: TenantId;
  readonly id: BreakId;
  readonly status: BreakStatus;
  readonly openedAt: Date;
  readonly lastSeenAt: Date;
  readonly timesSeen: number;
  readonly ownerId: UserId | undefined;
  readonly answeredAt: Date | undefined;
  readonly resolvedAt: Date | undefined;
  /** How many steps it has had. */
  readonly steps: number;
}

export interface BreakStep {
  readonly position: number;
  readonly kind: 'opened' | 'taken' | 'noted' | 'corrected' | 'accepted' | 'found_again' | 'resolved';
  /** Undefined: a run. */
  readonly userId: UserId | undefined;
  readonly runId: RunId | undefined;
  readonly text: string | undefined;
  readonly journalIds: readonly JournalId[];
  readonly takenAt: Date;
}

/** What finance says of a case: which journals mend it, or why it may stand. */
export type BreakAnswer =
  | { readonly outcome: 'corrected'; readonly journalIds: readonly JournalId[]; readonly reason: string }
  | { readonly outcome: 'accepted'; readonly reason: string };

interface By {
  readonly userId: UserId;
  readonly at: Date;
}

/** A case with the step that brought it there. */
export interface SteppedBreak {
  readonly breakCase: BreakCase;
  readonly step: BreakStep;
}

/** The person owns the case from here on. Throws BREAK_RESOLVED. */
export function take(breakCase: BreakCase, by: By): SteppedBreak {
  return stepped({ ...standing(breakCase), ownerId: by.userId }, { kind: 'taken', ...by });
}

/** Something worth knowing about the case. Throws BREAK_RESOLVED. */
export function note(breakCase: BreakCase, { text, ...by }: By & { text: string }): SteppedBreak {
  return stepped(standing(breakCase), { kind: 'noted', ...by, text });
}

/**
 * Finance answers for a case; whoever answers for one that nobody owns owns it. The books decide whether it is
 * resolved: only a run that no longer finds it ends the case. Throws BREAK_RESOLVED.
 */
export function answer(breakCase: BreakCase, { said, ...by }: By & { said: BreakAnswer }): SteppedBreak {
  const answered: BreakCase = {
    ...standing(breakCase),
    status: said.outcome,
    ownerId: breakCase.ownerId ?? by.userId,
    answeredAt: by.at,
  };
  const journalIds = said.outcome === 'corrected' ? said.journalIds : [];
  return stepped(answered, { kind: said.outcome, ...by, text: said.reason, journalIds });
}

function standing(breakCase: BreakCase): BreakCase {
  if (breakCase.status === 'resolved') throw new DomainError('BREAK_RESOLVED');
  return breakCase;
}

function stepped(
  before: BreakCase,
  step: By & { kind: BreakStep['kind']; text?: string; journalIds?: readonly JournalId[] },
): SteppedBreak {
  const { kind, userId, at: takenAt, text, journalIds = [] } = step;
  const position = before.steps + 1;
  return {
    breakCase: { ...before, steps: position },
    step: { position, kind, userId, runId: undefined, text, journalIds, takenAt },
  };
}

/** One finding per invariant and subject: what several checks say of one thing is one case. */
export function mergeBreaks(breaks: readonly Break[]): Break[] {
  const merged = new Map<string, Break>();
  for (const found of breaks) {
    const key = `${found.invariant} ${found.subject}`;
    const known = merged.get(key);
    const isTold = known === undefined || known.detail.split('; ').includes(found.detail);
    merged.set(key, isTold ? (known ?? found) : { ...known, detail: `${known.detail}; ${found.detail}` });
  }
  return [...merged.values()];
}
