import { type Principal, tenantOf } from '@dailydoco/auth';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { asTenantId } from '../ids.js';
import { Tenants } from './tenants.js';

/** Lets owners of the installation in, who are those of the default tenant; before anybody looks at the body. */
@Injectable()
export class InstallationOwnerGuard implements CanActivate {
  readonly #tenants: Tenants;

  constructor(@Inject(Tenants) tenants: Tenants) {
    this.#tenants = tenants;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { principal } = context.switchToHttp().getRequest<{ principal?: Principal }>();
    if (principal !== undefined) await this.#tenants.refuseOthers(asTenantId(tenantOf(principal)));
    return true;
  }
}
