import type { CommissionId, DisputeId, PurchaseId, TenantId, UserId } from '../ids.js';

/** What a partner may question about a commission. */
export const DISPUTE_KINDS = ['amount', 'hold', 'reversal', 'forfeiture', 'other'] as const;
export type DisputeKind = (typeof DISPUTE_KINDS)[number];

export const DISPUTE_STATUSES = ['open', 'in_review', 'decided'] as const;
export type DisputeStatus = (typeof DISPUTE_STATUSES)[number];

/** How it ends: the partner was right, was not, or takes it back. */
export const DISPUTE_OUTCOMES = ['upheld', 'rejected', 'withdrawn'] as const;
export type DisputeOutcome = (typeof DISPUTE_OUTCOMES)[number];

/** Whether the commission could be held when it was questioned. What is available already is not held any more. */
export const DISPUTE_HOLDS = ['held', 'already_available', 'nothing_left'] as const;
export type DisputeHold = (typeof DISPUTE_HOLDS)[number];

/** Something a partner shows: the address of a page, or the words themselves. */
export type Evidence =
  | { readonly name: string; readonly url: string }
  | { readonly name: string; readonly text: string };

/** What somebody wrote at a step. */
export interface DisputeText {
  readonly text: string;
  readonly evidence: readonly Evidence[];
}

export interface Dispute {
  readonly tenantId: TenantId;
  readonly id: DisputeId;
  readonly commissionId: CommissionId;
  readonly purchaseId: PurchaseId;
  /** The commission's beneficiary. */
  readonly openedBy: UserId;
  readonly kind: DisputeKind;
  readonly hold: DisputeHold;
  readonly openedAt: Date;
  /** Until when it is to be decided. */
  readonly dueAt: Date;
  readonly status: DisputeStatus;
  /** Who looks into it; undefined until somebody took it. */
  readonly ownerId: UserId | undefined;
  /** Undefined until it is decided. */
  readonly outcome: DisputeOutcome | undefined;
  readonly decidedAt: Date | undefined;
  /** When it was found undecided past its deadline. */
  readonly escalatedAt: Date | undefined;
  /** How many steps it has. */
  readonly steps: number;
}

export type StepKind = 'opened' | 'taken' | 'noted' | 'escalated' | 'decided' | 'withdrawn';

/** What a step did to the commission. */
export type StepEntry = 'held' | 'lifted' | 'forfeited' | 'unchanged';

/** One step of a dispute: a row that is only ever added, and that the partner sees. */
export interface DisputeStep {
  /** 1, 2, … within the dispute. */
  readonly position: number;
  readonly kind: StepKind;
  readonly takenBy: 'partner' | 'staff' | 'system';
  readonly userId: UserId | undefined;
  readonly outcome: DisputeOutcome | undefined;
  readonly entry: StepEntry | undefined;
  readonly takenAt: Date;
  /** Undefined: nothing was written, or its writer's key is gone. */
  readonly written: DisputeText | undefined;
}

/** A dispute with everything that happened to it, oldest first. */
export interface DisputeReport {
  readonly dispute: Dispute;
  readonly steps: readonly DisputeStep[];
}

/** A dispute is to be decided within two weeks; past that it is escalated. */
export const DISPUTE_DEADLINE_MS = 14 * 86_400_000;
/** Most undecided disputes of one person, and most steps of one dispute before only its end is taken. */
export const MAX_UNDECIDED = 50;
export const MAX_STEPS = 100;

/** A dispute and the step that it takes: what happened, and where that leaves it. */
export interface Stepped {
  readonly dispute: Dispute;
  readonly step: DisputeStep;
}

/** Who does something about a dispute. */
export interface Actor {
  readonly userId: UserId;
  readonly as: 'partner' | 'staff';
}

/** Adds a step to a dispute. Pure. */
export function stepOf(
  before: Dispute,
  taken: Pick<DisputeStep, 'kind'> & {
    by: Actor | 'system';
    at: Date;
    outcome?: DisputeOutcome;
    entry?: StepEntry | undefined;
    written?: DisputeText | undefined;
  },
  change: Partial<Pick<Dispute, 'status' | 'ownerId' | 'escalatedAt'>> = {},
): Stepped {
  const { kind, by, at, outcome } = taken;
  const position = before.steps + 1;
  const ended = outcome === undefined ? {} : { status: 'decided' as const, outcome, decidedAt: at };
  return {
    dispute: { ...before, ...change, ...ended, steps: position },
    step: {
      position,
      kind,
      takenBy: by === 'system' ? by : by.as,
      userId: by === 'system' ? undefined : by.userId,
      outcome,
      entry: taken.entry,
      takenAt: at,
      written: taken.written,
    },
  };
}
