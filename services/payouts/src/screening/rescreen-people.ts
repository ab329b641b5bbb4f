import type { TenantId } from '../ids.js';
import type { SanctionsList } from './sanctions-list.js';
import { type Person, screenPeople, type ScreeningBook } from './screen-people.js';

/** The state of a tenant all of whose lists are out of force: nobody matches anything. */
const NO_LISTS = 'none';

/** People in one database transaction. */
const BATCH = 200;

export interface Outdated {
  /** Tenants of whom somebody was screened. */
  tenants(): Promise<readonly TenantId[]>;
  /** People of the tenant who were screened by other lists than those of the state; nobody else takes them until the end. */
  people(tenantId: TenantId, state: string, limit: number): Promise<readonly Person[]>;
}

/**
 * Screens again whoever was screened by lists that are not in force any more, one batch of people. So a new version of
 * a list tells of a person before they next want to be paid. Returns whether there is more to do.
 */
export async function rescreenPeople(given: {
  lists: SanctionsList;
  book: ScreeningBook;
  outdated: Outdated;
}): Promise<boolean> {
  const { lists, book, outdated } = given;
  const tenants = await outdated.tenants();
  const states = await lists.stateOf(tenants);
  for (const tenantId of tenants) {
    const state = states.get(tenantId) ?? NO_LISTS;
    const people = await outdated.people(tenantId, state, BATCH);
    if (people.length === 0) continue;
    if (states.has(tenantId)) await screenPeople(people, { lists, book });
    else await book.remember((await book.subjectsOf(people)).map((person) => ({ person, state, matches: [] })));
    return true;
  }
  return false;
}
