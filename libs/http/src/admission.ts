import type { Authenticator, Principal } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler, preValidationHookHandler } from 'fastify';
import { hooksOf, type RoutePolicy } from './routes.js';
import { unknownFields } from './validation.pipe.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; undefined for nobody. */
    principal: Principal | undefined;
  }
}

type Admitting = Pick<Authenticator, 'admit'>;

/** Routes with a HEAD twin pass the registration twice with the same options. */
const admissionHooks = new WeakSet<object>();

/**
 * Keeps the order of checks on every route registered from now on: 401, 403, 413, 415 before a byte of the body is read,
 * so that strangers cannot make us parse. A route without a policy is refused, which stops the boot.
 */
export function admitBeforeBody(
  fastify: FastifyInstance,
  { authenticator, bodyLimitBytes }: { authenticator: Admitting | undefined; bodyLimitBytes: number },
): void {
  fastify.decorateRequest('principal', undefined);
  fastify.addHook('onRoute', (route) => {
    const { policy } = route.config ?? {};
    if (policy === undefined) throw new Error(`${String(route.method)} ${route.url} has no policy`);
    if (authenticator === undefined && policy.access.anyone !== true) throw new Error('AUTHENTICATOR is not provided');
    const present = hooksOf(route.onRequest);
    if (present.some((hook) => admissionHooks.has(hook))) return;
    const admit = admissionHook(policy, bodyLimitBytes, authenticator);
    admissionHooks.add(admit);
    route.onRequest = [admit, ...present];
    if (!policy.takesBody) route.preValidation = [refuseMembers, ...hooksOf(route.preValidation)];
  });
}

function admissionHook(
  { access }: RoutePolicy,
  bodyLimitBytes: number,
  authenticator: Admitting | undefined,
): onRequestAsyncHookHandler {
  return async (request) => {
    const { authorization } = request.headers;
    if (authenticator !== undefined && (authorization !== undefined || access.anyone !== true)) {
      request.principal = await authenticator.admit(authorization, access);
    }
    const objection = objectionTo(request, bodyLimitBytes);
    if (objection !== undefined) throw objection;
  };
}

/** What the request's head alone tells. Fastify checks the media type before the length, which is not our order. */
function objectionTo(request: FastifyRequest, bodyLimitBytes: number): DomainError | undefined {
  const { headers } = request;
  const length = Number(headers['content-length']);
  if (length > bodyLimitBytes) {
    // Asked for late, as it is made anew each time: a route may have a limit of its own, above that of all.
    const { bodyLimit } = request.routeOptions;
    if (length > bodyLimit)
      return new DomainError('PAYLOAD_TOO_LARGE', { detail: `A body may have ${bodyLimit} bytes.` });
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    return new DomainError('UNSUPPORTED_MEDIA_TYPE', { detail: 'Content-Encoding is not supported.' });
  }
  // Postgres stores no U+0000, and no id or filter of ours holds one.
  if (request.url.includes('%00')) return new DomainError('MALFORMED_REQUEST');
  return undefined;
}

/** `{}` and nothing mean the same to a handler without a body; members would be ignored in silence, so they are refused. */
const refuseMembers: preValidationHookHandler = (request, _reply, done) => {
  const { body } = request;
  if (typeof body !== 'object' || body === null) done();
  else {
    const keys = Object.keys(body);
    done(keys.length === 0 ? undefined : unknownFields(keys));
  }
};
