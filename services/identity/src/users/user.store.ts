import { randomBytes } from 'node:crypto';
import type { Revocations } from '@dailydoco/auth';
import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing } from '@dailydoco/events';
import type { NewId } from '@dailydoco/lifecycle';
import type { RegistrationFingerprints } from '@dailydoco/proto/dailydoco/identity/events/v1/identity_events';
import { appendAudit, type AuditEntry } from '../audit/audit.store.js';
import type { Fingerprints } from '../fingerprints/fingerprints.js';
import { asTenantId, asUserId, type TenantId, type UserId } from '../ids.js';
import { KEY_BYTES, openWith, type Sealer, sealWith } from '../secrets/sealer.js';
import { endSessionsOf } from '../sessions/session-rows.store.js';
import type { AccessBook } from './manage-access.js';
import { type GrantableRole, isGrantableRole, withPartner } from './roles.js';
import type { NewUser, User, UserStatus } from './user.js';

export interface UserStoreTools {
  readonly outbox: Outbox;
  readonly newId: NewId;
  readonly sealer: Sealer;
  readonly revocations: Pick<Revocations, 'record' | 'lift'>;
  readonly clock: { now(): Date };
}

/** What a login compares. */
export interface Credentials {
  readonly user: User;
  readonly passwordHash: string;
}

/** What another service may know of a user. */
export interface RegistrationFacts {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly status: UserStatus;
  readonly referralCode: string;
  readonly visitorId: string;
  readonly clickId: string | undefined;
  readonly registeredAt: Date;
}

interface UserRow {
  id: string;
  tenant_id: string;
  status: UserStatus;
  roles: string[];
  registered_at: Date;
  sealed_key: Buffer;
  sealed: Buffer;
  email_verified_at: Date | null;
  password_hash: string;
}

const SELECT_USER = `
  SELECT u.id, u.tenant_id, u.status, u.roles, u.registered_at, p.sealed_key, p.sealed, p.email_verified_at, p.password_hash
  FROM user_account u JOIN user_profile p ON p.user_id = u.id`;

const PROFILE = 'user profile';
const PERSON_KEY = 'person key';

/** The only SQL about users. What is personal leaves it in clear and stays sealed in it. */
export class UserStore implements AccessBook {
  readonly #sql: Sql;
  readonly #tools: UserStoreTools;

  constructor(sql: Sql, tools: UserStoreTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  async addUser(user: NewUser): Promise<boolean> {
    const { outbox, sealer } = this.#tools;
    const digest = this.#emailDigest(user.email);
    // Two registrations of one address queue up here, before either has written anything.
    await this.#sql.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [digest.toString('hex')]);
    const { rows } = await this.#sql.query('SELECT 1 FROM user_profile WHERE email_digest = $1', [digest]);
    if (rows.length > 0) return false;
    const { tenantId, id, roles, referralCode, visitorId, clickId, registeredAt } = user;
    await this.#sql.query(
      `INSERT INTO user_account (id, tenant_id, status_changed_at, roles, referral_code, visitor_id, registered_at, click_id)
       VALUES ($1, $2, $3, $4, $5, $6, $3, $7)`,
      [id, tenantId, registeredAt, roles, referralCode ?? null, visitorId ?? null, clickId ?? null],
    );
    const personKey = randomBytes(KEY_BYTES);
    const profile = JSON.stringify({ email: user.email, displayName: user.displayName });
    await this.#sql.query(
      `INSERT INTO user_profile (user_id, tenant_id, sealed_key, sealed, email_digest, password_hash, password_changed_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [
        id,
        tenantId,
        sealer.seal(personKey, `${PERSON_KEY} ${id}`),
        sealWith(personKey, profile, PROFILE),
        digest,
        user.passwordHash,
        registeredAt,
      ],
    );
    const payload = {
      userId: id,
      referralCode: referralCode ?? '',
      visitorId: visitorId ?? '',
      clickId,
      registeredAt,
      fingerprints: user.fingerprints && toldFingerprints(user.fingerprints),
    };
    await outbox.append(this.#sql, [
      outgoing({ type: events.userRegistered, key: id, tenantId, occurredAt: registeredAt, payload }),
    ]);
    return true;
  }

  async find(tenantId: TenantId, userId: UserId): Promise<User | undefined> {
    const { rows } = await this.#sql.query<UserRow>(`${SELECT_USER} WHERE u.tenant_id = $1 AND u.id = $2`, [
      tenantId,
      userId,
    ]);
    return rows[0] && this.#toUser(rows[0]);
  }

  /** By address over the whole installation: addresses are unique there. */
  async findByEmail(email: string): Promise<Credentials | undefined> {
    const { rows } = await this.#sql.query<UserRow>(`${SELECT_USER} WHERE p.email_digest = $1`, [
      this.#emailDigest(email),
    ]);
    return rows[0] && { user: this.#toUser(rows[0]), passwordHash: rows[0].password_hash };
  }

  async findFacts(userId: UserId): Promise<RegistrationFacts | undefined> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      status: UserStatus;
      referral_code: string | null;
      visitor_id: string | null;
      click_id: string | null;
      registered_at: Date;
    }>('SELECT tenant_id, status, referral_code, visitor_id, click_id, registered_at FROM user_account WHERE id = $1', [
      userId,
    ]);
    const [row] = rows;
    return (
      row && {
        tenantId: asTenantId(row.tenant_id),
        userId,
        status: row.status,
        referralCode: row.referral_code ?? '',
        visitorId: row.visitor_id ?? '',
        clickId: row.click_id ?? undefined,
        registeredAt: row.registered_at,
      }
    );
  }

  async lockUser(tenantId: TenantId, userId: UserId): Promise<User | undefined> {
    // Whoever takes away an owner holds all owners, so that two cannot take away the last two at once.
    await this.#sql.query(
      `SELECT id FROM user_account WHERE tenant_id = $1 AND (id = $2 OR 'owner' = ANY (roles)) ORDER BY id FOR UPDATE`,
      [tenantId, userId],
    );
    return this.find(tenantId, userId);
  }

  async countActiveOwners(tenantId: TenantId): Promise<number> {
    const { rows } = await this.#sql.query<{ owners: number }>(
      `SELECT count(*)::integer AS owners FROM user_account
       WHERE tenant_id = $1 AND 'owner' = ANY (roles) AND status = 'active'`,
      [tenantId],
    );
    return rows[0]?.owners ?? 0;
  }

  async saveRoles({ tenantId, id: userId }: User, roles: readonly GrantableRole[], at: Date): Promise<void> {
    await this.#sql.query('UPDATE user_account SET roles = $3 WHERE tenant_id = $1 AND id = $2', [
      tenantId,
      userId,
      roles,
    ]);
    const payload = { userId, roles: withPartner(roles), changedAt: at };
    await this.#tools.outbox.append(this.#sql, [
      outgoing({ type: events.userRolesChanged, key: userId, tenantId, occurredAt: at, payload }),
    ]);
  }

  async saveStatus({ tenantId, id: userId }: User, status: UserStatus, at: Date): Promise<void> {
    const { outbox, revocations } = this.#tools;
    await this.#sql.query(
      'UPDATE user_account SET status = $3, status_changed_at = $4 WHERE tenant_id = $1 AND id = $2',
      [tenantId, userId, status, at],
    );
    const event = { key: userId, tenantId, occurredAt: at };
    if (status === 'suspended') {
      // Each by itself too: a person who is reactivated soon must not find the old access tokens working again.
      for (const subjectId of await endSessionsOf(this.#sql, { tenantId, userId, reason: 'suspended', at }))
        await revocations.record(this.#sql, { subjectKind: 'session', subjectId, revokedAt: at });
      await revocations.record(this.#sql, { subjectKind: 'user', subjectId: userId, revokedAt: at });
      await outbox.append(this.#sql, [
        outgoing({ ...event, type: events.userSuspended, payload: { userId, suspendedAt: at } }),
      ]);
    } else {
      await revocations.lift(this.#sql, { subjectKind: 'user', subjectId: userId, liftedAt: at });
      await outbox.append(this.#sql, [
        outgoing({ ...event, type: events.userReactivated, payload: { userId, reactivatedAt: at } }),
      ]);
    }
  }

  /** Whether this is still the person's password; if so, it stays so until the database transaction ends. */
  async holdPassword(userId: UserId, passwordHash: string): Promise<boolean> {
    const { rows } = await this.#sql.query(
      'SELECT 1 FROM user_profile WHERE user_id = $1 AND password_hash = $2 FOR SHARE',
      [userId, passwordHash],
    );
    return rows.length > 0;
  }

  async savePassword(userId: UserId, passwordHash: string, at: Date): Promise<void> {
    await this.#sql.query('UPDATE user_profile SET password_hash = $2, password_changed_at = $3 WHERE user_id = $1', [
      userId,
      passwordHash,
      at,
    ]);
  }

  async saveVerified(userId: UserId, at: Date): Promise<void> {
    await this.#sql.query(
      'UPDATE user_profile SET email_verified_at = coalesce(email_verified_at, $2) WHERE user_id = $1',
      [userId, at],
    );
  }

  audit(entry: AuditEntry): Promise<void> {
    return appendAudit(this.#sql, entry, { id: this.#tools.newId(), at: this.#tools.clock.now() });
  }

  #emailDigest(email: string): Buffer {
    return this.#tools.sealer.digest(email, 'email');
  }

  #toUser(row: UserRow): User {
    const personKey = this.#tools.sealer.open(row.sealed_key, `${PERSON_KEY} ${row.id}`);
    const profile = JSON.parse(openWith(personKey, row.sealed, PROFILE).toString()) as {
      email: string;
      displayName: string;
    };
    return {
      tenantId: asTenantId(row.tenant_id),
      id: asUserId(row.id),
      status: row.status,
      roles: row.roles.filter(isGrantableRole),
      ...profile,
      emailVerifiedAt: row.email_verified_at ?? undefined,
      registeredAt: row.registered_at,
    };
  }
}

function toldFingerprints({ email, emailDisposable, address, agent, device }: Fingerprints): RegistrationFingerprints {
  const told = (print: Uint8Array | undefined): Buffer => Buffer.from(print ?? []);
  return { email: told(email), emailDisposable, address: told(address), agent: told(agent), device: told(device) };
}
