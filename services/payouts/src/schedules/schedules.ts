import { DomainError } from '@dailydoco/errors';
import type { PayoutMethodId, TenantId, UserId } from '../ids.js';
import type { RailKind } from '../rails/rail.js';
import { dayOf, firstLook, type Rhythm } from './calendar.js';
import type { Schedule, ScheduleKey, ScheduleRails } from './schedule.js';

export interface ScheduleBook {
  /** The rail of a method of the person's that is not deleted. */
  railOf(tenantId: TenantId, personId: UserId, methodId: PayoutMethodId): Promise<RailKind | undefined>;
  /** One per currency; replaces what was chosen before, and forgets how that ended. */
  put(schedule: Schedule): Promise<void>;
  delete(key: ScheduleKey): Promise<void>;
  list(tenantId: TenantId, personId: UserId): Promise<Schedule[]>;
}

/** A person's choices of when to be paid. */
export class Schedules {
  readonly #given: { book: ScheduleBook; rails: ScheduleRails; clock: { now(): Date } };

  constructor(given: { book: ScheduleBook; rails: ScheduleRails; clock: { now(): Date } }) {
    this.#given = given;
  }

  /**
   * Chooses for one currency. Throws NOT_FOUND for a method that the person does not have and RAIL_UNREACHABLE when its
   * rail does not carry the currency. A method that is held may be chosen: it is paid once it no longer is.
   */
  async choose(key: ScheduleKey, choice: { rhythm: Rhythm; methodId: PayoutMethodId }): Promise<Schedule> {
    const { book, rails, clock } = this.#given;
    const rail = await book.railOf(key.tenantId, key.personId, choice.methodId);
    if (rail === undefined) throw new DomainError('NOT_FOUND', { detail: 'There is no such payout method.' });
    if (rails.get(rail)?.capabilities.limits.has(key.currency) !== true) throw new DomainError('RAIL_UNREACHABLE');
    const now = clock.now();
    const lookAt = firstLook(choice.rhythm, now);
    const schedule = { ...key, ...choice, changedAt: now, dueOn: dayOf(lookAt), lookAt, last: undefined };
    await book.put(schedule);
    return schedule;
  }

  /** From now on the person asks for each payout; without a schedule nothing changes. */
  async end(key: ScheduleKey): Promise<void> {
    await this.#given.book.delete(key);
  }

  /** One per currency at most, by currency. */
  list(tenantId: TenantId, personId: UserId): Promise<Schedule[]> {
    return this.#given.book.list(tenantId, personId);
  }
}
