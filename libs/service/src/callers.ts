import { Authenticator, CachedApiKeys, type CachedApiKeysOptions, isScope, jwksFromUrl } from '@dailydoco/auth';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { type Basis, connect } from './basis.js';
import type { IdentityConfig, ServiceConfig } from './settings.js';

/** How a service knows who is calling. */
export interface Callers {
  readonly apiKeys: CachedApiKeys;
  readonly authenticator: Authenticator;
}

export type ResolveApiKey = CachedApiKeysOptions['resolve'];
type OutsideIdentity = Basis<ServiceConfig & IdentityConfig>;

/** Requests wait for it, and a cached answer takes over when it does not come. */
export const API_KEY_DEADLINE_MS = 1_000;

/** Callers as identity vouches for them. `resolve` is for a service that knows keys of other issuers beside. */
export function identifiedCallers(basis: OutsideIdentity, resolve: ResolveApiKey = identityKeys(basis)): Callers {
  const { config, revocations } = basis;
  const apiKeys = new CachedApiKeys({ resolve });
  const authenticator = new Authenticator({
    jwks: jwksFromUrl({ url: config.JWKS_URL }),
    issuer: config.TOKEN_ISSUER,
    audience: config.TOKEN_AUDIENCE,
    apiKeys,
    serviceSecret: config.INTERNAL_TOKEN_SECRET,
    revocations,
  });
  return { apiKeys, authenticator };
}

/** Asks identity about an API key by its SHA-256; undefined when identity does not know it. */
export function identityKeys(basis: OutsideIdentity): ResolveApiKey {
  const keys = connect(basis, ApiKeyServiceService, {
    address: basis.config.IDENTITY_GRPC_ADDRESS,
    defaultDeadlineMs: API_KEY_DEADLINE_MS,
    retrySafeMethods: ['resolveApiKey'],
  });
  return async (keySha256) => {
    const { known, apiKeyId, tenantId, scopes } = await keys.resolveApiKey({ keySha256: Buffer.from(keySha256) });
    return known ? { apiKeyId, tenantId, scopes: scopes.filter(isScope) } : undefined;
  };
}
