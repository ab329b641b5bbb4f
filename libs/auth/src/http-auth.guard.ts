import { DomainError } from '@dailydoco/errors';
import { Inject, Injectable, createParamDecorator } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { authorize } from './access.js';
import type { Authenticator } from './authenticator.js';
import type { Principal } from './principal.js';
import { accessOf } from './requires.js';

/** Where Nest finds the process's Authenticator. */
export const AUTHENTICATOR = Symbol('AUTHENTICATOR');

/** What this library reads of a request and writes to it. */
export interface AuthenticatedRequest {
  readonly headers: { readonly authorization?: string | undefined };
  /** Set once the caller has proved who it is; absent for nobody. */
  principal?: Principal | undefined;
}

/**
 * Holds `@Requires` for every HTTP handler of the application. An edge that has admitted the caller before the body was
 * read leaves its result in `request.principal`, and the guard only authorizes again; otherwise it does both. A handler
 * without `@Requires` is FORBIDDEN for everybody.
 */
@Injectable()
export class HttpAuthGuard implements CanActivate {
  readonly #authenticator: Authenticator;

  constructor(@Inject(AUTHENTICATOR) authenticator: Authenticator) {
    this.#authenticator = authenticator;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = accessOf(context.getClass(), context.getHandler());
    // gRPC has its own door; a message that comes to this one is not let through.
    if (access === undefined || context.getType() !== 'http') throw new DomainError('FORBIDDEN');
    const request: AuthenticatedRequest = context.switchToHttp().getRequest();
    if (request.principal === undefined) {
      request.principal = await this.#authenticator.admit(request.headers.authorization, access);
    } else {
      authorize(request.principal, access);
    }
    return true;
  }
}

/** The caller of the request. Throws UNAUTHENTICATED where the handler lets anyone in and nobody signed in. */
export const Caller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal => {
  const principal = principalOf(context);
  if (principal === undefined) throw new DomainError('UNAUTHENTICATED');
  return principal;
});

/** The caller of the request, or undefined when nobody signed in. */
export const MaybeCaller = createParamDecorator((_data: unknown, context: ExecutionContext): Principal | undefined =>
  principalOf(context),
);

function principalOf(context: ExecutionContext): Principal | undefined {
  return context.switchToHttp().getRequest<AuthenticatedRequest>().principal;
}
