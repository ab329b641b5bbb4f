// Disputes of partners and decisions of finance about entries, after the words of docs/operations/commissions.md: who may
// do what to which entry, what it does, and what is kept of it.
import { type Entry, forfeit, hold, lift, releaseEarly } from './model-life.js';
import type { Model, Sale, Told } from './model.js';
import { show } from './show.js';

export type Decision = 'hold' | 'lift' | 'release' | 'forfeit';

export type Refused =
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'DISPUTE_OPEN'
  | 'DISPUTE_DECIDED'
  | 'DISPUTE_NOT_TAKEN'
  | 'COMMISSION_RELEASED'
  | 'COMMISSION_CLOSED'
  | 'COMMISSION_HELD'
  | 'COMMISSION_NOT_HELD';

export type About = 'amount' | 'hold' | 'reversal' | 'forfeiture' | 'other';

/** What somebody wrote. */
export interface Words {
  readonly text: string;
  readonly evidence: readonly (
    | { readonly name: string; readonly url: string }
    | { readonly name: string; readonly text: string }
  )[];
}

/** What somebody wants to be done. */
export type Wanted =
  | {
      readonly kind: 'open';
      readonly who: string;
      readonly commissionId: string;
      readonly about: About;
      readonly words: Words;
    }
  | { readonly kind: 'take' | 'withdraw'; readonly who: string; readonly disputeId: string }
  | {
      readonly kind: 'note';
      readonly who: string;
      readonly disputeId: string;
      readonly isStaff: boolean;
      readonly words: Words;
    }
  | {
      readonly kind: 'decide';
      readonly who: string;
      readonly disputeId: string;
      readonly outcome: 'upheld' | 'rejected';
      readonly forfeits: boolean;
      readonly words: Words;
    }
  | {
      readonly kind: 'finance';
      readonly who: string;
      readonly commissionId: string;
      readonly decision: Decision;
      readonly reason: string;
    };

export interface Step {
  readonly kind: 'opened' | 'taken' | 'noted' | 'escalated' | 'decided' | 'withdrawn';
  readonly by: 'partner' | 'staff' | 'system';
  readonly who: string | undefined;
  readonly outcome: string | undefined;
  readonly entry: 'held' | 'lifted' | 'forfeited' | 'unchanged' | undefined;
  readonly at: number;
  readonly words: Words | undefined;
}

export interface Dispute {
  readonly id: string;
  readonly commissionId: string;
  readonly saleId: string;
  readonly openedBy: string;
  readonly about: About;
  readonly hold: 'held' | 'already_available' | 'nothing_left';
  readonly openedAt: number;
  readonly dueAt: number;
  status: 'open' | 'in_review' | 'decided';
  owner: string | undefined;
  outcome: string | undefined;
  decidedAt: number | undefined;
  escalatedAt: number | undefined;
  readonly steps: Step[];
}

/** What the audit keeps of a decision. */
export interface Audited {
  readonly commissionId: string;
  readonly saleId: string;
  readonly decision: Decision;
  readonly cause: 'dispute' | 'finance' | undefined;
  readonly reason: string;
  readonly by: string;
  readonly at: number;
  /** The last event that came of it; undefined: it moved nothing. */
  readonly sequence: bigint | undefined;
}

/** An event about a dispute: that it was opened, or that it has ended. */
export interface Notice {
  readonly name: 'DisputeOpened' | 'DisputeDecided';
  readonly key: string;
  readonly disputeId: string;
  readonly commissionId: string;
  readonly saleId: string;
  readonly userId: string;
  readonly hold: string;
  readonly about: About | undefined;
  readonly outcome: string | undefined;
  readonly at: number;
  readonly openedAt: number;
  readonly decidedAt: number | undefined;
}

const DEADLINE_MS = 14 * 86_400_000;

export class Desk {
  readonly disputes = new Map<string, Dispute>();
  readonly audit: Audited[] = [];
  /** The commissions of disputes that have ended, in that order. */
  readonly ended: string[] = [];
  /** What neighbours are to be told and were not yet. */
  readonly notices: Notice[] = [];
  readonly #model: Model;

  constructor(model: Model) {
    this.#model = model;
  }

  /** The entry of a commission that exists. */
  entry(commissionId: string): { sale: Sale; entry: Entry } {
    for (const sale of this.#model.sales.values()) {
      const entry = sale.entries.find(({ id }) => id === commissionId);
      if (entry !== undefined) return { sale, entry };
    }
    throw new Error(`there is no commission ${commissionId}`);
  }

  dispute(id: string): Dispute {
    const dispute = this.disputes.get(id);
    if (dispute === undefined) throw new Error(`there is no dispute ${id}`);
    return dispute;
  }

  undecidedAbout(commissionId: string): Dispute | undefined {
    return [...this.disputes.values()].find((each) => each.commissionId === commissionId && each.status !== 'decided');
  }

  /** Why it must be refused as things stand; undefined: it must be done. */
  refuse(wanted: Wanted): Refused | undefined {
    if (wanted.kind === 'finance') return this.#refuseDecision(this.entry(wanted.commissionId).entry, wanted.decision);
    if (wanted.kind === 'open') {
      if (this.entry(wanted.commissionId).entry.beneficiary !== wanted.who) return 'FORBIDDEN';
      return this.undecidedAbout(wanted.commissionId) === undefined ? undefined : 'DISPUTE_OPEN';
    }
    const { openedBy, status, commissionId } = this.dispute(wanted.disputeId);
    const isOwn = openedBy === wanted.who;
    const may = {
      take: !isOwn,
      decide: !isOwn,
      withdraw: isOwn,
      note: isOwn || (wanted.kind === 'note' && wanted.isStaff),
    };
    if (!may[wanted.kind]) return 'FORBIDDEN';
    if (status === 'decided') return 'DISPUTE_DECIDED';
    if (wanted.kind !== 'decide') return undefined;
    if (status === 'open') return 'DISPUTE_NOT_TAKEN';
    return wanted.forfeits ? this.#refuseDecision(this.entry(commissionId).entry, 'forfeit') : undefined;
  }

  /** Whether it would change nothing: who has taken a dispute takes it again. */
  isIdle(wanted: Wanted): boolean {
    return wanted.kind === 'take' && this.dispute(wanted.disputeId).owner === wanted.who;
  }

  /** Does it; `newId` is the id of a dispute that it opens. Returns the events of money. */
  carryOut(wanted: Wanted, newId: string, at: number): Told[] {
    if (wanted.kind === 'finance') {
      const { commissionId, decision, reason, who } = wanted;
      return this.#decide(commissionId, decision, { cause: 'finance', reason, by: who, at });
    }
    if (wanted.kind === 'open') return this.#open(wanted, newId, at);
    const dispute = this.dispute(wanted.disputeId);
    const { who } = wanted;
    const by = dispute.openedBy === who ? 'partner' : 'staff';
    const step = { by, who, outcome: undefined, entry: undefined, at, words: undefined } as const;
    switch (wanted.kind) {
      case 'take':
        Object.assign(dispute, { status: 'in_review', owner: who });
        dispute.steps.push({ ...step, kind: 'taken' });
        return [];
      case 'note':
        dispute.steps.push({ ...step, kind: 'noted', words: wanted.words });
        return [];
      case 'withdraw':
        return this.#end(dispute, { ...step, kind: 'withdrawn', outcome: 'withdrawn' }, false);
      case 'decide':
        return this.#end(
          dispute,
          { ...step, kind: 'decided', outcome: wanted.outcome, words: wanted.words },
          wanted.forfeits,
        );
    }
  }

  isOverdue({ status, dueAt, escalatedAt }: Dispute, now: number): boolean {
    return status !== 'decided' && dueAt <= now && escalatedAt === undefined;
  }

  escalate(dispute: Dispute, at: number): void {
    dispute.escalatedAt = at;
    const nobody = { by: 'system', who: undefined, outcome: undefined, entry: undefined, words: undefined } as const;
    dispute.steps.push({ ...nobody, kind: 'escalated', at });
  }

  #open(wanted: Extract<Wanted, { kind: 'open' }>, id: string, at: number): Told[] {
    const { commissionId, who, about, words } = wanted;
    const { sale, entry } = this.entry(commissionId);
    const isHeld = entry.status === 'pending' || entry.status === 'held';
    const told = isHeld
      ? this.#decide(commissionId, 'hold', { cause: 'dispute', reason: `Dispute ${id}: opened.`, by: who, at })
      : [];
    const still = entry.status === 'available' ? 'already_available' : 'nothing_left';
    const dispute: Dispute = {
      id,
      commissionId,
      saleId: sale.id,
      openedBy: who,
      about,
      hold: isHeld ? 'held' : still,
      openedAt: at,
      dueAt: at + DEADLINE_MS,
      status: 'open',
      owner: undefined,
      outcome: undefined,
      decidedAt: undefined,
      escalatedAt: undefined,
      steps: [
        { kind: 'opened', by: 'partner', who, outcome: undefined, entry: isHeld ? 'held' : 'unchanged', at, words },
      ],
    };
    this.disputes.set(id, dispute);
    this.#model.disputed.add(entry);
    this.notices.push(noticeOf(dispute));
    return told;
  }

  #end(dispute: Dispute, step: Omit<Step, 'entry'>, forfeits: boolean): Told[] {
    const { id, commissionId } = dispute;
    const { entry } = this.entry(commissionId);
    const lifts = entry.causes.includes('dispute');
    const reason = `Dispute ${id}: ${step.outcome}.`;
    const of = { cause: 'dispute', reason, by: step.who ?? '', at: step.at } as const;
    const told = forfeits || lifts ? this.#decide(commissionId, forfeits ? 'forfeit' : 'lift', of) : [];
    dispute.steps.push({ ...step, entry: forfeits ? 'forfeited' : lifts ? 'lifted' : 'unchanged' });
    Object.assign(dispute, { status: 'decided', outcome: step.outcome, decidedAt: step.at });
    this.#model.disputed.delete(entry);
    this.ended.push(commissionId);
    this.notices.push(noticeOf(dispute));
    return told;
  }

  #refuseDecision(entry: Entry, decision: Decision): Refused | undefined {
    const { status, causes } = entry;
    if (status === 'available') return 'COMMISSION_RELEASED';
    if (status === 'reversed' || status === 'forfeited') return 'COMMISSION_CLOSED';
    if (decision === 'hold' && causes.includes('finance')) return 'COMMISSION_HELD';
    if (decision === 'lift' && !causes.includes('finance')) return 'COMMISSION_NOT_HELD';
    const others = this.#model.isSuspended(entry) || causes.some((cause) => cause !== 'finance');
    return decision === 'release' && others ? 'COMMISSION_HELD' : undefined;
  }

  #decide(
    commissionId: string,
    decision: Decision,
    { cause, reason, by, at }: { cause: 'dispute' | 'finance'; reason: string; by: string; at: number },
  ): Told[] {
    const { sale, entry } = this.entry(commissionId);
    const told = this.#do({ sale, entry }, decision, { cause, at });
    const named = decision === 'hold' || decision === 'lift' ? cause : undefined;
    const sequence = told.at(-1)?.sequence;
    this.audit.push({ commissionId, saleId: sale.id, decision, cause: named, reason, by: `user:${by}`, at, sequence });
    return told;
  }

  #do(
    { sale, entry }: { sale: Sale; entry: Entry },
    decision: Decision,
    { cause, at }: { cause: 'dispute' | 'finance'; at: number },
  ): Told[] {
    const only = (name: string, work: () => void): Told[] =>
      this.#model.happen(sale, name, (each) => (each === entry ? work() : undefined));
    switch (decision) {
      case 'hold':
        return only('CommissionsHeld', () => hold(entry, cause, at));
      case 'lift':
        return only('CommissionsHeld', () => {
          // Whoever is suspended holds what is lifted; a suspension that is over holds it no longer.
          if (this.#model.isSuspended(entry)) hold(entry, 'beneficiary_suspended', at);
          else this.#model.sweepOne(entry);
          lift(entry, cause, at);
        });
      case 'release':
        return [
          ...only('CommissionsHeld', () => lift(entry, 'finance', at)),
          ...only('CommissionsReleased', () => releaseEarly(entry, at)),
        ];
      case 'forfeit':
        return only('CommissionsForfeited', () => forfeit(entry, at));
    }
  }
}

function noticeOf({
  id,
  commissionId,
  saleId,
  openedBy,
  about,
  outcome,
  openedAt,
  decidedAt,
  ...rest
}: Dispute): Notice {
  return {
    name: outcome === undefined ? 'DisputeOpened' : 'DisputeDecided',
    key: openedBy,
    disputeId: id,
    commissionId,
    saleId,
    userId: openedBy,
    hold: rest.hold,
    about: outcome === undefined ? about : undefined,
    outcome,
    at: decidedAt ?? openedAt,
    openedAt,
    decidedAt,
  };
}

/** A commission as whoever decides about it is shown it. */
export function viewEntry({ id, status, net, availableAt, causes }: Entry): string {
  return show({ id, status, net, availableAt, causes });
}

/** A dispute as everybody concerned is shown it. */
export function viewDispute({ id, status, hold: found, owner, outcome, dueAt, escalatedAt, steps }: Dispute): string {
  return show({ id, status, found, owner, outcome, dueAt, escalatedAt, steps });
}
