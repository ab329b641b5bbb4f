import type { UserId } from '../ids.js';
import type { CodeOwnership, CodeUsed, ReferringClick } from './referral-source.js';

/** A moment at which somebody's code brought a newcomer nearer; the click is undefined for a code told at the registration. */
export interface Touch extends CodeUsed {
  readonly ownerId: UserId;
  readonly clickId: string | undefined;
  readonly touchedAt: Date;
}

/** The first and the last touch of a registration; one and the same when there was one only. */
export interface Touches {
  readonly first: Touch;
  readonly last: Touch;
}

/**
 * What led to a registration, for analytics: facts beside the referrer, which is decided by placeMember alone. Clicks are
 * those of the attribution window, in the order of time; a known code that was told at the registration comes last.
 * Undefined when nothing led there.
 */
export function touchesOf(found: {
  registeredAt: Date;
  code: CodeOwnership | undefined;
  firstClick: ReferringClick | undefined;
  lastClick: ReferringClick | undefined;
}): Touches | undefined {
  const { code, registeredAt } = found;
  const told = code && { ...usedBy(code), ownerId: code.owner.userId, clickId: undefined, touchedAt: registeredAt };
  const [earliest, latest] = [found.firstClick, found.lastClick].map((click) => click && clicked(click));
  const first = earliest ?? told;
  const last = told ?? latest;
  return first && last && { first, last };
}

function clicked(click: ReferringClick): Touch {
  return { ...usedBy(click), ownerId: click.referrerId, clickId: click.clickId, touchedAt: click.clickedAt };
}

function usedBy({ code, linkId, campaign }: CodeUsed): CodeUsed {
  return { code, linkId, campaign };
}
