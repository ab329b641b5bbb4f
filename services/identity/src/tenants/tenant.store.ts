import type { Sql } from '@dailydoco/database';
import { events, outgoing } from '@dailydoco/events';
import { asTenantId, type TenantId, type UserId } from '../ids.js';
import { mailVerification } from '../recovery/recovery.js';
import { RecoveryStore } from '../recovery/recovery.store.js';
import type { NewUser, User } from '../users/user.js';
import { UserStore, type UserStoreTools } from '../users/user.store.js';
import type { BootstrapBook, Tenant } from './tenant.js';

const BOOTSTRAP_LOCK = 4_127_002;

/** The only SQL about tenants; it registers their people through the users' store. */
export class TenantStore implements BootstrapBook {
  readonly #sql: Sql;
  readonly #tools: UserStoreTools;

  constructor(sql: Sql, tools: UserStoreTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  async lockBootstrap(): Promise<void> {
    await this.#sql.query('SELECT pg_advisory_xact_lock($1)', [BOOTSTRAP_LOCK]);
  }

  async findDefaultTenant(): Promise<TenantId | undefined> {
    const { rows } = await this.#sql.query<{ id: string }>('SELECT id FROM tenant WHERE is_default');
    return rows[0] && asTenantId(rows[0].id);
  }

  /** The tenant of a normalised host. */
  async findByHost(host: string): Promise<TenantId | undefined> {
    const { rows } = await this.#sql.query<{ tenant_id: string }>('SELECT tenant_id FROM tenant_host WHERE host = $1', [
      host,
    ]);
    return rows[0] && asTenantId(rows[0].tenant_id);
  }

  async hasUserWithEmail(email: string): Promise<boolean> {
    return (await this.#users().findByEmail(email)) !== undefined;
  }

  async addTenant({ id, name, isDefault, createdAt }: Tenant & { isDefault: boolean }): Promise<void> {
    await this.#sql.query('INSERT INTO tenant (id, name, is_default, created_at) VALUES ($1, $2, $3, $4)', [
      id,
      name,
      isDefault,
      createdAt,
    ]);
    await this.#tools.outbox.append(this.#sql, [
      outgoing({
        type: events.tenantCreated,
        key: id,
        tenantId: id,
        occurredAt: createdAt,
        payload: { tenantId: id, createdAt },
      }),
    ]);
  }

  async addHost(host: string, tenantId: TenantId): Promise<boolean> {
    const { rowCount } = await this.#sql.query(
      'INSERT INTO tenant_host (host, tenant_id) VALUES ($1, $2) ON CONFLICT (host) DO NOTHING',
      [host, tenantId],
    );
    return rowCount === 1;
  }

  addUser(user: NewUser): Promise<boolean> {
    return this.#users().addUser(user);
  }

  askToVerify(user: Pick<User, 'tenantId' | 'id' | 'email' | 'displayName'>): Promise<void> {
    return mailVerification(new RecoveryStore(this.#sql, this.#tools), user, this.#tools.clock.now());
  }

  audit(entry: { tenantId: TenantId; actor: string; action: string; subjectId: UserId }): Promise<void> {
    return this.#users().audit(entry);
  }

  #users(): UserStore {
    return new UserStore(this.#sql, this.#tools);
  }
}
