import type { LinkId, UserId } from '../ids.js';
import type { Member } from './member.js';

/** A code that somebody came by. The link is undefined for a member's own code. */
export interface CodeUsed {
  readonly code: string;
  readonly linkId: LinkId | undefined;
  readonly campaign: string | undefined;
}

/** By what a registration found its referrer; the click is undefined when the code was told at the registration. */
export interface RegistrationSource extends CodeUsed {
  readonly clickId: string | undefined;
}

/** A click on a code, and the code's owner at that time. */
export interface ReferringClick extends CodeUsed {
  readonly clickId: string;
  readonly referrerId: UserId;
  readonly clickedAt: Date;
}

/** A code's owner now. */
export interface CodeOwnership extends CodeUsed {
  readonly owner: Member;
}
