import type { PayoutId, TenantId, UserId } from '../ids.js';
import type { Payout } from '../payouts/payout.js';
import type { Finding, PayoutScreen } from '../payouts/screen.js';
import type { ListKind, Match, SanctionsList, Subject } from './sanctions-list.js';

export interface Person {
  readonly tenantId: TenantId;
  readonly personId: UserId;
}

/** A person with what is looked for; `digest` changes when that does, and tells nothing. */
export interface KnownPerson extends Person {
  readonly subject: Subject;
  readonly digest: Uint8Array;
}

export interface Hit {
  readonly id: string;
  readonly kind: ListKind;
  readonly list: string;
  readonly entryName: string;
  readonly program: string | undefined;
  readonly score: number;
  readonly status: 'open' | 'cleared' | 'confirmed';
}

/** By what somebody was screened last, and what was found. */
export interface Screened {
  readonly digest: Uint8Array;
  readonly state: string;
  readonly hits: readonly Hit[];
}

/** What is remembered of screening, in an open database transaction. Keys are `personKey`. */
export interface ScreeningBook {
  subjectsOf(people: readonly Person[]): Promise<readonly KnownPerson[]>;
  screenedOf(people: readonly Person[]): Promise<ReadonlyMap<string, Screened>>;
  /** Remembers what was matched; a pair that was decided before stays decided. Returns the hits as they stand. */
  remember(
    found: readonly { person: KnownPerson; state: string; matches: readonly Match[] }[],
  ): Promise<ReadonlyMap<string, readonly Hit[]>>;
}

export function personKey({ tenantId, personId }: Person): string {
  return `${tenantId} ${personId}`;
}

/**
 * The hits of people, by what is known of them now and the lists in force now. Who was held against the same lists
 * under the same names is not compared again. Nobody is in the answer whose tenant has no list; a person without a name
 * is there with `undefined`.
 */
export async function screenPeople(
  people: readonly Person[],
  { lists, book }: { lists: SanctionsList; book: ScreeningBook },
): Promise<ReadonlyMap<string, readonly Hit[] | undefined>> {
  const states = await lists.stateOf([...new Set(people.map(({ tenantId }) => tenantId))]);
  const screenable = people.filter(({ tenantId }) => states.has(tenantId));
  if (screenable.length === 0) return new Map();
  const known = await book.subjectsOf(screenable);
  const before = await book.screenedOf(known);
  const found = new Map<string, readonly Hit[] | undefined>();
  const changed: KnownPerson[] = [];
  for (const person of known) {
    const last = before.get(personKey(person));
    if (last !== undefined && last.state === states.get(person.tenantId) && isEqual(last.digest, person.digest)) {
      found.set(personKey(person), last.hits);
    } else changed.push(person);
  }
  for (const [key, hits] of await compare(changed, { lists, book, states })) found.set(key, hits);
  // Who has no name matches nobody, and is remembered as such; but that is no answer.
  for (const person of known) {
    const isNamed = person.subject.names.length > 0;
    found.set(personKey(person), isNamed ? (found.get(personKey(person)) ?? []) : undefined);
  }
  return found;
}

async function compare(
  people: readonly KnownPerson[],
  by: { lists: SanctionsList; book: ScreeningBook; states: ReadonlyMap<TenantId, string> },
): Promise<ReadonlyMap<string, readonly Hit[]>> {
  if (people.length === 0) return new Map();
  const outcomes: { person: KnownPerson; state: string; matches: readonly Match[] }[] = [];
  for (const [tenantId, own] of Map.groupBy(people, (person) => person.tenantId)) {
    const matches = await by.lists.matches(
      tenantId,
      own.map(({ subject }) => subject),
    );
    const state = by.states.get(tenantId) ?? '';
    own.forEach((person, at) => outcomes.push({ person, state, matches: matches[at] ?? [] }));
  }
  return by.book.remember(outcomes);
}

/** Stops payouts to people who match an entry of a list, until somebody has looked at the pair and cleared it. */
export class ScreeningScreen implements PayoutScreen {
  readonly #given: { lists: SanctionsList; book: ScreeningBook };

  constructor(given: { lists: SanctionsList; book: ScreeningBook }) {
    this.#given = given;
  }

  async findingsOf(payouts: readonly Payout[]): Promise<ReadonlyMap<PayoutId, readonly Finding[]>> {
    const people = new Map(payouts.map((payout) => [personKey(payout), payout]));
    const hits = await screenPeople([...people.values()], this.#given);
    return new Map(
      payouts.flatMap((payout): [PayoutId, Finding[]][] => {
        const key = personKey(payout);
        return hits.has(key) ? [[payout.id, findingsOfHits(hits.get(key))]] : [];
      }),
    );
  }
}

const CODES: Readonly<Record<ListKind, string>> = { sanctions: 'sanctions_hit', pep: 'pep_hit' };
/** More hits than these say nothing more. */
const MAX_FINDINGS = 10;

function findingsOfHits(hits: readonly Hit[] | undefined): Finding[] {
  if (hits === undefined) {
    const detail = 'No name is known of the person, by tax record or payout method, so that no list could be searched.';
    return [{ source: 'screening', code: 'name_missing', detail }];
  }
  return hits
    .filter(({ status }) => status !== 'cleared')
    .slice(0, MAX_FINDINGS)
    .map(({ id, kind, list, entryName, program, score, status }) => {
      const why = program === undefined ? '' : ` (${program})`;
      const said = status === 'confirmed' ? ', and somebody confirmed it' : '';
      const detail = `The person matches ${entryName}${why} of the list ${list} with ${score} of 100${said}; hit ${id}.`;
      return { source: 'screening', code: CODES[kind], detail, hitId: id };
    });
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
