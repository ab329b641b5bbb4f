import { DomainError } from '@dailydoco/errors';
import type { TenantId, UserId } from '../ids.js';
import type { NewUser, User } from './user.js';

/** What registration needs of the database transaction it is part of. */
export interface RegistrationBook {
  /** Stores the user and tells UserRegistered; false when the e-mail address is taken. */
  addUser(user: NewUser): Promise<boolean>;
  /** Queues the mail that asks the person to confirm the address. */
  askToVerify(user: Pick<User, 'tenantId' | 'id' | 'email' | 'displayName'>): Promise<void>;
  audit(entry: { tenantId: TenantId; actor: string; action: string; subjectId: UserId }): Promise<void>;
}

/** Adds a user; throws EMAIL_TAKEN. */
export async function addUser(book: RegistrationBook, user: NewUser, actor: string): Promise<User> {
  if (!(await book.addUser(user))) throw new DomainError('EMAIL_TAKEN');
  await book.audit({ tenantId: user.tenantId, actor, action: 'user_registered', subjectId: user.id });
  const { tenantId, id, roles, email, displayName, registeredAt } = user;
  const added: User = {
    tenantId,
    id,
    status: 'active',
    roles,
    email,
    displayName,
    emailVerifiedAt: undefined,
    registeredAt,
  };
  await book.askToVerify(added);
  return added;
}

/** Whether a referrer would be applied, as viral-engine says. */
export type ReferralVerdict = { readonly applied: boolean; readonly pending?: true };

export interface ReferralQuestion {
  readonly tenantId: TenantId;
  readonly referralCode: string | undefined;
  readonly visitorId: string | undefined;
  readonly clickId?: string | undefined;
}

/** Asks viral-engine; undefined when it cannot be asked in time. */
export type AskReferral = (question: ReferralQuestion) => Promise<boolean | undefined>;

/**
 * A registration never waits for the referral: when viral-engine cannot be asked, the code is carried by the event and
 * applied later, and the answer says that it is pending.
 */
export async function checkReferral(ask: AskReferral, question: ReferralQuestion): Promise<ReferralVerdict> {
  const { referralCode, visitorId, clickId } = question;
  if (referralCode === undefined && visitorId === undefined && clickId === undefined) return { applied: false };
  const applies = await ask(question);
  return applies === undefined ? { applied: false, pending: true } : { applied: applies };
}
