import type { UserId } from '../ids.js';
import { MAX_UPLINE, type Member } from './member.js';

/** Where a newcomer stands: `upline` begins with the referrer; both are empty without one. */
export interface Placement {
  readonly referrerId: UserId | undefined;
  readonly upline: readonly UserId[];
  /** What led to the referrer. */
  readonly decidedBy: 'code' | 'click' | undefined;
}

type Candidate = Pick<Member, 'userId' | 'status' | 'upline'>;

const DAY_MS = 86_400_000;

/** The earliest click that counts for a registration at `registeredAt`; the plan says for how many days of 86,400 s. */
export function attributionStart(registeredAt: Date, windowDays: number): Date {
  return new Date(registeredAt.getTime() - windowDays * DAY_MS);
}

/**
 * Whether a member may refer a newcomer: it is active, is not the newcomer, and does not stand below the newcomer
 * (which would close a circle).
 */
export function mayRefer(candidate: Candidate, newcomer: UserId): boolean {
  return candidate.status === 'active' && candidate.userId !== newcomer && !candidate.upline.includes(newcomer);
}

/**
 * A member has at most one referrer, decided once, at registration: the owner of the code given there wins, else
 * whoever the visitor's first click within the attribution window came from. A code or click that cannot apply is as good as none; it
 * never blocks a registration.
 */
export function placeMember(newcomer: UserId, by: { code?: Candidate; click?: Candidate }): Placement {
  for (const decidedBy of ['code', 'click'] as const) {
    const candidate = by[decidedBy];
    if (candidate === undefined || !mayRefer(candidate, newcomer)) continue;
    const upline = [candidate.userId, ...candidate.upline].slice(0, MAX_UPLINE);
    return { referrerId: candidate.userId, upline, decidedBy };
  }
  return { referrerId: undefined, upline: [], decidedBy: undefined };
}
