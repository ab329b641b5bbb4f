// Holds what became of disputes and decisions against the model.
import { Broken, insist } from './broken.js';
import type { DecisionRow, DisputeRow, Snapshot, StepRow } from './books.js';
import { type Desk, type Dispute, viewDispute, viewEntry, type Wanted } from './model-disputes.js';
import type { Told } from './model.js';
import { show } from './show.js';

/** Something that a client wants to be done about an entry or a dispute. */
export interface Act {
  readonly wanted: Wanted;
  /** Told again under its key it does nothing more; without a key it may be done again. */
  readonly key: string | undefined;
  /** What whoever asked must be answered; undefined: nothing was done yet. */
  answer: string | undefined;
  /** The dispute that it opened. */
  opened: string | undefined;
}

export class ActAuditor {
  readonly #desk: Desk;
  readonly #seen = new Set<string>();

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** Leads the model through what was committed, which must be one of the acts; returns the events of money. */
  lead(found: Snapshot, acts: readonly Act[], now: number): Told[] {
    const decisions = found.decisions.filter(({ id }) => !this.#seen.has(id));
    for (const { id } of decisions) this.#seen.add(id);
    const steps = found.steps.filter(
      (step) => step.position > (this.#desk.disputes.get(step.dispute_id)?.steps.length ?? 0),
    );
    const taken = steps.filter((step) => step.kind !== 'escalated');
    for (const step of steps) if (step.kind === 'escalated') this.#escalate(step, now);
    const [step] = taken;
    const [decision] = decisions;
    insist(taken.length < 2 && decisions.length < 2, () => `committed together: ${show([taken, decisions])}`);
    if (step === undefined && decision === undefined) return this.#idle(acts);
    const act = acts.find((each) => isFree(each) && this.#isOf(each.wanted, found, { step, decision }));
    insist(act !== undefined, () => `nobody wanted ${show([step, decision])}, or it was done before`);
    return this.#carryOut(act, step?.dispute_id ?? '', now);
  }

  /** What stands is what the model has. */
  compare(found: Snapshot): void {
    const desk = this.#desk;
    const audit = found.decisions.map((row) => show({ ...row, id: undefined, decided_at: row.decided_at.getTime() }));
    const kept = desk.audit.map(({ cause = null, sequence = null, ...each }) =>
      show({
        commission_id: each.commissionId,
        purchase_id: each.saleId,
        decision: each.decision,
        cause,
        reason: each.reason,
        decided_by: each.by,
        decided_at: each.at,
        purchase_sequence: sequence,
      }),
    );
    same('the audit of decisions', audit.toSorted(), kept.toSorted());
    const stepsOf = Map.groupBy(found.steps, (row) => row.dispute_id);
    const stand = found.disputes.map((row) => show(toDispute(row, stepsOf.get(row.id) ?? [])));
    const should = [...desk.disputes.values()].map((dispute) => {
      const steps = dispute.steps.map(({ words, ...rest }) => ({ ...rest, written: words !== undefined }));
      return show({ ...dispute, steps });
    });
    same('the disputes', stand.toSorted(), should.toSorted());
    same('what neighbours are told of disputes', found.notices.map(show), desk.notices.splice(0).map(show));
  }

  #escalate({ dispute_id: id, position }: StepRow, now: number): void {
    const dispute = this.#desk.dispute(id);
    insist(this.#desk.isOverdue(dispute, now), () => `the dispute ${id} was escalated, and is ${show(dispute)}`);
    this.#desk.escalate(dispute, now);
    insist(dispute.steps.length === position, () => `the dispute ${id} was escalated at ${position}`);
  }

  /** A commit that wrote nothing: an answer given again, or an act that had nothing to do. */
  #idle(acts: readonly Act[]): Told[] {
    for (const act of acts) {
      if (isFree(act) && this.#desk.isIdle(act.wanted) && this.#desk.refuse(act.wanted) === undefined) {
        act.answer = this.#view(act);
      }
    }
    return [];
  }

  #isOf(
    wanted: Wanted,
    { disputes }: Snapshot,
    { step, decision }: { step: StepRow | undefined; decision: DecisionRow | undefined },
  ): boolean {
    if (step === undefined) {
      return (
        wanted.kind === 'finance' &&
        wanted.commissionId === decision?.commission_id &&
        wanted.reason === decision.reason
      );
    }
    if (wanted.kind === 'open') {
      const row = disputes.find(({ id }) => id === step.dispute_id);
      return step.kind === 'opened' && row?.commission_id === wanted.commissionId && row.kind === wanted.about;
    }
    const kinds = { take: 'taken', note: 'noted', decide: 'decided', withdraw: 'withdrawn', finance: undefined };
    return (
      wanted.kind !== 'finance' &&
      step.kind === kinds[wanted.kind] &&
      step.dispute_id === wanted.disputeId &&
      step.user_id === wanted.who
    );
  }

  #carryOut(act: Act, disputeId: string, now: number): Told[] {
    const { wanted } = act;
    const refused = this.#desk.refuse(wanted);
    if (refused !== undefined) throw new Broken(`${show(wanted)} was done, and is to be refused with ${refused}`);
    const told = this.#desk.carryOut(wanted, disputeId, now);
    if (wanted.kind === 'open') act.opened = disputeId;
    act.answer = this.#view(act);
    return told;
  }

  #view({ wanted, opened }: Act): string {
    const desk = this.#desk;
    if (wanted.kind === 'finance') return viewEntry(desk.entry(wanted.commissionId).entry);
    return viewDispute(desk.dispute(wanted.kind === 'open' ? String(opened) : wanted.disputeId));
  }
}

/** Whether it may be done now. */
function isFree({ key, answer }: Act): boolean {
  return key === undefined || answer === undefined;
}

function toDispute(row: DisputeRow, steps: readonly StepRow[]): unknown {
  const dispute: Omit<Dispute, 'steps'> = {
    id: row.id,
    commissionId: row.commission_id,
    saleId: row.purchase_id,
    openedBy: row.opened_by,
    about: row.kind,
    hold: row.hold,
    openedAt: row.opened_at.getTime(),
    dueAt: row.due_at.getTime(),
    status: row.status,
    owner: row.owner_id ?? undefined,
    outcome: row.outcome ?? undefined,
    decidedAt: row.decided_at?.getTime(),
    escalatedAt: row.escalated_at?.getTime(),
  };
  insist(row.steps === steps.length, () => `the dispute ${row.id} counts ${row.steps} steps, and has ${steps.length}`);
  return {
    ...dispute,
    steps: steps.map((step) => ({
      kind: step.kind,
      by: step.taken_by,
      who: step.user_id ?? undefined,
      outcome: step.outcome ?? undefined,
      entry: step.entry ?? undefined,
      at: step.taken_at.getTime(),
      written: step.written,
    })),
  };
}

function same(what: string, is: readonly string[], should: readonly string[]): void {
  const [more, missing] = [is.filter((each) => !should.includes(each)), should.filter((each) => !is.includes(each))];
  insist(
    is.length === should.length && more.length + missing.length === 0,
    () => `${what}: there are ${String(more)}, missing are ${String(missing)} (${is.length} and ${should.length})`,
  );
}
