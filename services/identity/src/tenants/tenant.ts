import { DomainError } from '@dailydoco/errors';
import type { TenantId } from '../ids.js';
import { addUser, type RegistrationBook } from '../users/registration.js';
import type { NewUser, User } from '../users/user.js';

export interface Tenant {
  readonly id: TenantId;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly createdAt: Date;
}

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** A host name as it is stored and compared: lower case, without port and closing dot; undefined when it is none. */
export function normaliseHost(text: string): string | undefined {
  const host = text
    .trim()
    .toLowerCase()
    .replace(/:\d{1,5}$/, '')
    .replace(/\.$/, '');
  return HOST.test(host) ? host : undefined;
}

/** What opening a tenant needs of the database transaction it is part of. */
export interface TenantBook extends RegistrationBook {
  /** Stores the tenant and tells TenantCreated. */
  addTenant(tenant: Tenant & { isDefault: boolean }): Promise<void>;
  /** False when another tenant has the host. */
  addHost(host: string, tenantId: TenantId): Promise<boolean>;
}

/** Opens a tenant with its hosts and its first owner. Throws HOST_TAKEN, EMAIL_TAKEN. */
export async function openTenant(
  book: TenantBook,
  { tenant, owner, actor }: { tenant: Tenant; owner: NewUser; actor: string },
): Promise<{ tenant: Tenant; owner: User }> {
  await book.addTenant({ ...tenant, isDefault: false });
  // In one order, so that two tenants that want the same hosts queue up and do not lock each other out.
  for (const host of tenant.hosts.toSorted()) {
    if (!(await book.addHost(host, tenant.id)))
      throw new DomainError('HOST_TAKEN', { detail: `The host ${host} belongs to another tenant.` });
  }
  return { tenant, owner: await addUser(book, { ...owner, roles: ['owner'] }, actor) };
}

/** What a first boot needs. */
export interface BootstrapBook extends TenantBook {
  /** One boot at a time, over all replicas. */
  lockBootstrap(): Promise<void>;
  findDefaultTenant(): Promise<TenantId | undefined>;
  hasUserWithEmail(email: string): Promise<boolean>;
}

/** Makes the default tenant and its first owner where they are missing; a second boot changes nothing. */
export async function bootstrap(
  book: BootstrapBook,
  { tenantId, owner }: { tenantId: TenantId; owner: Omit<NewUser, 'tenantId' | 'roles'> },
): Promise<TenantId> {
  await book.lockBootstrap();
  let defaultTenant = await book.findDefaultTenant();
  if (defaultTenant === undefined) {
    defaultTenant = tenantId;
    await book.addTenant({ id: tenantId, name: 'Default', hosts: [], createdAt: owner.registeredAt, isDefault: true });
  }
  if (!(await book.hasUserWithEmail(owner.email)))
    await addUser(book, { ...owner, tenantId: defaultTenant, roles: ['owner'] }, 'installation');
  return defaultTenant;
}
