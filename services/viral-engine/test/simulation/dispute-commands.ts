import { asCommissionId, asDisputeId, asUserId } from '../../src/ids.js';
import type { Commission } from '../../src/commissions/commission.js';
import type { DisputeReport } from '../../src/disputes/dispute.js';
import type { Act } from './act-auditor.js';
import { insist } from './broken.js';
import type { About, Decision, Dispute, Wanted, Words } from './model-disputes.js';
import type { Entry } from './model-life.js';
import { giveBack, winBack } from './refund-commands.js';
import { refusal } from './refusal.js';
import { callOf } from './sale-commands.js';
import type { ServiceProcess } from './service-process.js';
import { show } from './show.js';
import type { World } from './world.js';

/** How somebody asks. */
export interface How {
  readonly keyed: boolean;
  /** How many times it is sent at once. */
  readonly copies: number;
}

export interface OpenInput extends How {
  readonly entry: number | Entry;
  readonly about: About;
  readonly evidence: 'none' | 'address' | 'words';
  readonly stranger: boolean;
}

export interface EndInput extends How {
  readonly dispute: number;
  readonly staff: number;
  readonly outcome: 'upheld' | 'rejected';
  readonly forfeits: boolean;
  /** Whoever decides takes it first. */
  readonly takes: boolean;
}

/** A partner questions an entry of their own, or of somebody else. */
export async function open(world: World, input: OpenInput, id: number): Promise<Act | undefined> {
  const entry = pick(world.entries, input.entry, isAlive);
  if (entry === undefined) return undefined;
  const who = input.stranger ? world.one(world.people, id) : entry.beneficiary;
  const { about, evidence } = input;
  return tell(world, id, { kind: 'open', who, commissionId: entry.id, about, words: wordsOf(id, evidence) }, input);
}

/** Somebody of the staff takes a dispute on, or tries to take one on that is their own. */
export async function take(world: World, input: How & { dispute: number; staff: number }, id: number): Promise<void> {
  const dispute = anyDispute(world, input.dispute);
  if (dispute === undefined) return;
  await tell(world, id, { kind: 'take', who: staffOf(world, input.staff, dispute), disputeId: dispute.id }, input);
}

/** The partner, the staff or somebody else says something more. */
export async function note(world: World, input: How & { dispute: number; by: number }, id: number): Promise<void> {
  const dispute = anyDispute(world, input.dispute);
  if (dispute === undefined) return;
  const others = [dispute.openedBy, ...world.staff, world.one(world.people, input.by)];
  const who = world.one(others, input.by);
  const isStaff = world.staff.includes(who);
  const words = wordsOf(id, 'words');
  await tell(world, id, { kind: 'note', who, disputeId: dispute.id, isStaff, words }, input);
}

/** Finance decides about a dispute. */
export async function decide(world: World, input: EndInput, id: number): Promise<void> {
  const dispute = anyDispute(world, input.dispute);
  if (dispute === undefined) return;
  const who = staffOf(world, input.staff, dispute);
  if (input.takes) await tell(world, id, { kind: 'take', who, disputeId: dispute.id }, { keyed: true, copies: 1 });
  await tell(world, id, decisionOf(dispute, who, input, id), input);
}

/** The partner takes a dispute back, or somebody else tries to. */
export async function withdraw(
  world: World,
  input: How & { dispute: number; stranger: boolean },
  id: number,
): Promise<void> {
  const dispute = anyDispute(world, input.dispute);
  if (dispute === undefined) return;
  const who = input.stranger ? world.one(world.people, input.dispute) : dispute.openedBy;
  await tell(world, id, { kind: 'withdraw', who, disputeId: dispute.id }, input);
}

/** A dispute from its opening to its end, with whatever the others do meanwhile. */
export async function dispute(world: World, [first, last]: readonly [OpenInput, EndInput], id: number): Promise<void> {
  const opened = (await open(world, { ...first, stranger: false }, id))?.opened;
  if (opened === undefined) return;
  const about = world.desk.dispute(opened);
  const who = world.one(world.staff, last.staff);
  const once = { keyed: last.keyed, copies: 1 };
  await tell(world, id, { kind: 'take', who, disputeId: opened }, once);
  await tell(world, id, { kind: 'note', who, disputeId: opened, isStaff: true, words: wordsOf(id, 'words') }, once);
  await tell(world, id, decisionOf(about, who, last, id), last);
}

/** Both sides end a dispute at once, while its purchase is refunded and a chargeback is won. */
export async function endTwice(world: World, input: EndInput, id: number): Promise<void> {
  const about = anyDispute(world, input.dispute);
  if (about === undefined) return;
  const who = world.one(world.staff, input.staff);
  await tell(world, id, { kind: 'take', who, disputeId: about.id }, { keyed: true, copies: 1 });
  const sale = world.sales.findIndex((each) => each.id === about.saleId);
  const refund = { sale, part: null, chargeback: true, keyed: false, copies: 1, otherCurrency: false };
  await Promise.all([
    tell(world, id, decisionOf(about, who, input, id), input),
    tell(world, id, { kind: 'withdraw', who: about.openedBy, disputeId: about.id }, input),
    input.takes ? giveBack(world, refund) : winBack(world, [input.dispute, false]),
  ]);
}

/** An entry in dispute is reversed by a chargeback of all that is left, which is won before the dispute has ended. */
export async function winDisputed(
  world: World,
  [choice, input]: readonly [number, OpenInput],
  id: number,
): Promise<void> {
  if (choice % 2 === 0) await open(world, { ...input, stranger: false }, id);
  const about = anyDispute(world, choice);
  if (about === undefined) return;
  const { sales, model } = world;
  const sale = sales.findIndex((each) => each.id === about.saleId);
  await giveBack(world, { sale, part: null, chargeback: true, keyed: true, copies: 1, otherCurrency: false });
  const chargebacks = [...model.refunds.values()].filter(({ chargeback }) => chargeback);
  const last = chargebacks.findLastIndex(({ saleId }) => saleId === about.saleId);
  if (last >= 0) await winBack(world, [last, choice % 3 === 0]);
}

/** Finance decides about an entry, perhaps several things at once. */
export async function decideAbout(
  world: World,
  input: How & { entry: number | Entry; decisions: readonly Decision[] },
  id: number,
): Promise<void> {
  const lifts = input.decisions[0] === 'lift';
  const entry = pick(world.entries, input.entry, lifts ? ({ causes }) => causes.includes('finance') : isAlive);
  if (entry === undefined) return;
  const who = world.one(world.staff, id);
  const before = world.told.acts.get(id)?.length ?? 0;
  await Promise.all(
    input.decisions.map((decision, n) => {
      // Each has a reason of its own, by which it is known again.
      const reason = `simulated ${id}.${before + n}`;
      return tell(world, id, { kind: 'finance', who, commissionId: entry.id, decision, reason }, input);
    }),
  );
}

/** Something that was told under a key is told again, as it was or with other content. */
export async function tellAgain(world: World, [choice, same]: readonly [number, boolean], id: number): Promise<void> {
  const keyed = [...world.told.acts.values()].flat().filter(({ key }) => key !== undefined);
  const done = keyed.filter(({ answer }) => answer !== undefined);
  const act = pick(same ? keyed : done, choice, ({ answer }) => answer !== undefined);
  if (act === undefined) return;
  world.told.acts.set(id, [act]);
  if (same) return once(world, act);
  try {
    await world.attempt((process) => ask(world, process, { act, content: `other ${id}` }));
    insist(false, () => `other content was taken under the key of ${show(act)}`);
  } catch (error) {
    refusal(error, 'IDEMPOTENCY_KEY_REUSED');
    world.tally.count('refused: IDEMPOTENCY_KEY_REUSED');
  }
}

async function tell(world: World, id: number, wanted: Wanted, { keyed, copies }: How): Promise<Act> {
  const told = world.told.acts.get(id) ?? [];
  const key = keyed ? `act ${id}.${told.length}` : undefined;
  const act: Act = { wanted, key, answer: undefined, opened: undefined };
  world.told.acts.set(id, [...told, act]);
  await Promise.all(Array.from({ length: copies }, () => once(world, act)));
  return act;
}

/** What is answered is what was done, and what is refused is to be refused as things stand. */
async function once(world: World, act: Act): Promise<void> {
  const { desk, tally } = world;
  const { wanted, key } = act;
  const ended = desk.ended.length;
  try {
    const { body, replayed } = await world.attempt((process) => ask(world, process, { act, content: 'the same' }));
    tally.count(`answers: ${replayed ? 'replayed' : wanted.kind}`);
    insist(act.answer !== undefined, () => `${show(wanted)} was answered and not committed`);
    insist(body.view === act.answer, () => `${show(wanted)} was answered with ${body.view}, not ${act.answer}`);
  } catch (error) {
    const reason = refusal(error, ...REFUSALS);
    tally.count(`refused: ${reason} (${wanted.kind})`);
    insist(key === undefined || act.answer === undefined, () => `${show(wanted)} was done and refused under its key`);
    // Whether a dispute is open is asked without a lock of it, so it may have ended until the refusal is heard.
    const isOver = wanted.kind === 'open' && desk.ended.slice(ended).includes(wanted.commissionId);
    const right = desk.refuse(wanted) ?? (isOver ? 'DISPUTE_OPEN' : undefined);
    insist(reason === right, () => `${show(wanted)} was refused with ${reason}, and is to be with ${right}`);
  }
}

const REFUSALS = [
  'FORBIDDEN',
  'DISPUTE_OPEN',
  'DISPUTE_DECIDED',
  'DISPUTE_NOT_TAKEN',
  'COMMISSION_RELEASED',
  'COMMISSION_CLOSED',
  'COMMISSION_HELD',
  'COMMISSION_NOT_HELD',
] as const;

type Answered = Promise<{ readonly body: { readonly view: string }; readonly replayed: boolean }>;

function ask(world: World, process: ServiceProcess, { act, content }: { act: Act; content: string }): Answered {
  const { tenantId } = world;
  const { wanted, key } = act;
  const call = callOf(world, key, content);
  if (wanted.kind === 'finance') {
    const { decision: kind, reason, who } = wanted;
    const decision = kind === 'hold' || kind === 'lift' ? ({ kind, cause: 'finance' } as const) : { kind };
    const order = { tenantId, commissionId: asCommissionId(wanted.commissionId), decision, reason };
    const answer = (commission: Commission) => ({ status: 200, body: { view: viewCommission(commission) } });
    return process.decisions.decide({ ...order, decidedBy: `user:${who}` }, { call, answer });
  }
  const by = { call, answer: (report: DisputeReport) => ({ status: 200, body: { view: viewReport(report) } }) };
  const userId = asUserId(wanted.who);
  if (wanted.kind === 'open') {
    const { commissionId, about: kind, words } = wanted;
    const order = { tenantId, openedBy: userId, commissionId: asCommissionId(commissionId), kind, written: words };
    return process.disputes.open(order, by);
  }
  const ref = { tenantId, userId, disputeId: asDisputeId(wanted.disputeId) };
  switch (wanted.kind) {
    case 'take':
      return process.disputes.take(ref, by);
    case 'withdraw':
      return process.disputes.withdraw(ref, by);
    case 'note': {
      const { isStaff, words: written } = wanted;
      return process.disputes.note({ viewer: { tenantId, userId, isStaff }, disputeId: ref.disputeId, written }, by);
    }
    case 'decide': {
      const { outcome, forfeits, words: written } = wanted;
      return process.disputes.decide({ ...ref, outcome, forfeits, written }, by);
    }
  }
}

/** As the model's `viewEntry` shows it. */
function viewCommission({ id, status, netMicros: net, availableAt, holdCauses }: Commission): string {
  return show({ id, status, net, availableAt: availableAt.getTime(), causes: holdCauses.toSorted() });
}

/** As the model's `viewDispute` shows it. */
function viewReport({ dispute, steps }: DisputeReport): string {
  const { id, status, hold: found, ownerId: owner, outcome, dueAt, escalatedAt } = dispute;
  const times = { dueAt: dueAt.getTime(), escalatedAt: escalatedAt?.getTime() };
  const taken = steps.map(({ kind, takenBy: by, userId: who, takenAt, written: words, ...step }) => {
    return { kind, by, who, outcome: step.outcome, entry: step.entry, at: takenAt.getTime(), words };
  });
  return show({ id, status, found, owner, outcome, ...times, steps: taken });
}

function decisionOf(about: Dispute, who: string, { outcome, forfeits }: EndInput, id: number): Wanted {
  return { kind: 'decide', who, disputeId: about.id, outcome, forfeits, words: wordsOf(id, 'none') };
}

function wordsOf(id: number, evidence: OpenInput['evidence']): Words {
  const shown = {
    none: [],
    address: [{ name: 'Invoice', url: `https://shop.example/${id}` }],
    words: [{ name: 'A letter', text: `what was written, ${id}` }],
  };
  return { text: `said by ${id}`, evidence: shown[evidence] };
}

/** One of those that are undecided, if there are any. */
function anyDispute(world: World, choice: number): Dispute | undefined {
  return pick([...world.desk.disputes.values()], choice, ({ status }) => status !== 'decided');
}

/** Somebody of the staff, or now and then the partner, who may not. */
function staffOf(world: World, choice: number, { openedBy }: Dispute): string {
  return world.one([...world.staff, ...world.staff, ...world.staff, openedBy], choice);
}

function isAlive({ status }: Entry): boolean {
  return status === 'pending' || status === 'held';
}

/** By number mostly one of the preferred, if there are any; undefined when there is nothing at all. */
function pick<T extends object>(
  all: readonly T[],
  choice: number | T,
  isPreferred: (each: T) => boolean,
): T | undefined {
  if (typeof choice !== 'number') return choice;
  const preferred = all.filter(isPreferred);
  const from = preferred.length > 0 && choice % 5 > 0 ? preferred : all;
  return from[choice % from.length];
}
