import { asPayoutBatchId, type PayoutBatchId, type PayoutId, type TenantId } from '../ids.js';
import { bankReferenceOf, idOfReference } from '../rails/bank-reference.js';
import type { RailKind } from '../rails/rail.js';
import type { BankFact, NamedPayout } from './bank-file.js';
import type { BankFileKind, FileFact } from './read-file.js';

/** What the tenant's payouts are, to somebody who knows only a reference. */
export interface NameBook {
  payoutsById(tenantId: TenantId, ids: readonly PayoutId[]): Promise<NamedPayout[]>;
  /** By the last 15 hexadecimal digits of their ids, in small letters. */
  payoutsByTail(tenantId: TenantId, tails: readonly string[]): Promise<ReadonlyMap<string, readonly NamedPayout[]>>;
  payoutsOfBatches(tenantId: TenantId, ids: readonly PayoutBatchId[]): Promise<NamedPayout[]>;
}

export interface NamedFact {
  readonly from: FileFact;
  readonly fact: BankFact;
}

interface Naming {
  readonly tenantId: TenantId;
  readonly sha256: string;
  readonly facts: readonly FileFact[];
  /** On a statement stands much that is not ours; what names nothing of ours is no fact there, just a line. */
  readonly kind: BankFileKind;
}

/** The rails of whose payouts a kind of file can tell; a reference to a payout of another rail names nothing in it. */
const TELLS_OF: Readonly<Record<BankFileKind, readonly RailKind[]>> = {
  'pain.002': ['sepa'],
  'camt.053': ['sepa', 'ach'],
  nacha: ['ach'],
};

interface Known {
  readonly byId: ReadonlyMap<PayoutId, NamedPayout>;
  readonly byTail: ReadonlyMap<string, readonly NamedPayout[]>;
  readonly byBatch: ReadonlyMap<PayoutBatchId | undefined, readonly NamedPayout[]>;
}

/**
 * Finds the payouts that the facts of a file are about. A batch's fact becomes one for each of its payouts that the file
 * does not name one by one, but only if an amount it tells is theirs together, or that of those
 * which have not failed. A report's id is the file's hash and the
 * fact's place in it, with the payout's id for a batch: the same file makes the same reports.
 */
export async function nameFacts(book: NameBook, naming: Naming): Promise<NamedFact[]> {
  const known = await lookUp(book, naming);
  const isStatement = naming.kind === 'camt.053';
  const named: NamedFact[] = [];
  const add = (from: FileFact, about: Pick<BankFact, 'reference' | 'named' | 'outcome'>): void => {
    const { fileLine, state, reason, currency, occurredAt } = from;
    const amountMicros = 'payment' in from.about ? from.amountMicros : undefined;
    const position = named.length + 1;
    named.push({ from, fact: { position, fileLine, state, reason, amountMicros, currency, occurredAt, ...about } });
  };
  const single = payoutsNamed(naming.facts, known);
  for (const [n, from] of naming.facts.entries()) {
    const reportId = `${naming.sha256}:${n + 1}`;
    const outcome = from.state === 'noted' ? 'noted' : undefined;
    if ('payment' in from.about) {
      const reference = from.about.payment.slice(0, 70);
      const payout = payoutOf(reference, known);
      if (payout !== undefined) add(from, { reference, named: { ...payout, reportId }, outcome });
      else if (!isStatement) add(from, { reference, named: undefined, outcome: outcome ?? 'unknown_reference' });
      continue;
    }
    const reference = from.about.batch.slice(0, 70);
    const members = membersOf(from, reference, known).filter(({ id }) => !single.has(id));
    for (const { id, rail } of members) {
      add(from, { reference, named: { payoutId: id, rail, reportId: `${reportId}:${id}` }, outcome });
    }
    const isUnknown = members.length === 0 && !known.byBatch.has(batchIdOf(reference));
    if (isUnknown && !isStatement) add(from, { reference, named: undefined, outcome: 'unknown_reference' });
  }
  return named;
}

async function lookUp(book: NameBook, { tenantId, facts, kind }: Naming): Promise<Known> {
  const [ids, tails, batchIds] = [new Set<PayoutId>(), new Set<string>(), new Set<PayoutBatchId>()];
  for (const { about } of facts) {
    if ('batch' in about) {
      const id = batchIdOf(about.batch);
      if (id !== undefined) batchIds.add(id);
      continue;
    }
    const reference = bankReferenceOf(about.payment);
    if (reference?.kind === 'whole') ids.add(reference.id);
    if (reference?.kind === 'short') tails.add(reference.tail);
  }
  const told = (payouts: readonly NamedPayout[]) => payouts.filter(({ rail }) => TELLS_OF[kind].includes(rail));
  const byId = told(await book.payoutsById(tenantId, [...ids]));
  const byTail = await book.payoutsByTail(tenantId, [...tails]);
  const ofBatches = told(await book.payoutsOfBatches(tenantId, [...batchIds]));
  return {
    byId: new Map(byId.map((payout) => [payout.id, payout])),
    byTail: new Map([...byTail].map(([tail, payouts]) => [tail, told(payouts)])),
    byBatch: Map.groupBy(ofBatches, ({ batchId }) => batchId),
  };
}

/** What a reference means; undefined when it means nothing of this tenant's, or more than one payout. */
function payoutOf(text: string, known: Known): Pick<NonNullable<BankFact['named']>, 'payoutId' | 'rail'> | undefined {
  const reference = bankReferenceOf(text);
  if (reference === undefined) return undefined;
  const found = reference.kind === 'whole' ? [known.byId.get(reference.id)] : (known.byTail.get(reference.tail) ?? []);
  const [only, ...others] = found;
  return only === undefined || others.length > 0 ? undefined : { payoutId: only.id, rail: only.rail };
}

function payoutsNamed(facts: readonly FileFact[], known: Known): ReadonlySet<PayoutId> {
  const named = new Set<PayoutId>();
  for (const { about } of facts) {
    const payout = 'payment' in about ? payoutOf(about.payment, known) : undefined;
    if (payout !== undefined) named.add(payout.payoutId);
  }
  return named;
}

function membersOf(from: FileFact, reference: string, known: Known): readonly NamedPayout[] {
  const members = known.byBatch.get(batchIdOf(reference)) ?? [];
  if (from.amountMicros === undefined || from.amountMicros === sumOf(members)) return members;
  // What a bank has refused before is not part of what it books for the file.
  const left = members.filter(({ hasFailed }) => !hasFailed);
  return from.amountMicros === sumOf(left) ? left : [];
}

function sumOf(payouts: readonly NamedPayout[]): bigint {
  return payouts.reduce((total, { payableMicros }) => total + payableMicros, 0n);
}

function batchIdOf(reference: string): PayoutBatchId | undefined {
  const id = idOfReference(reference);
  return id === undefined ? undefined : asPayoutBatchId(id);
}
