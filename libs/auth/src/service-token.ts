import { SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { wallClock } from './clock.js';
import type { Clock } from './clock.js';
import type { Verified } from './person-token.js';
import type { ServiceCaller } from './principal.js';
import { refused, verifyToken } from './token.js';

/** The algorithm of services' tokens. No key of the JWKS is ever used with it, nor the secret with any other. */
export const SERVICE_TOKEN_ALGORITHM = 'HS256';
/** The audience that only services' tokens name. */
export const SERVICE_TOKEN_AUDIENCE = 'dailydoco:internal';

const ISSUER = 'dailydoco:service';
const MAX_LIFETIME_S = 300;
const MIN_SECRET_BYTES = 32;

export interface ServiceTokenOptions {
  /** Known to every service and to nobody else; 32 bytes or more. */
  readonly secret: string;
  /** The calling service's name. */
  readonly service: string;
  /** The tenant it calls for; left out for work that belongs to none. */
  readonly tenantId?: string;
  /** 1 to 300. */
  readonly ttlSeconds?: number;
  readonly clock?: Clock;
}

/** A token by which one service shows itself to another. Throws RangeError for a weak secret or a long life. */
export async function serviceToken(options: ServiceTokenOptions): Promise<string> {
  const { secret, service, tenantId, ttlSeconds = 60, clock = wallClock } = options;
  if (!(ttlSeconds >= 1 && ttlSeconds <= MAX_LIFETIME_S)) throw new RangeError('ttlSeconds must be 1 to 300');
  if (service === '') throw new RangeError('service must not be empty');
  const nowS = Math.floor(clock.now().getTime() / 1_000);
  return new SignJWT(tenantId === undefined ? {} : { tid: tenantId })
    .setProtectedHeader({ alg: SERVICE_TOKEN_ALGORITHM })
    .setIssuer(ISSUER)
    .setAudience(SERVICE_TOKEN_AUDIENCE)
    .setSubject(service)
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + ttlSeconds)
    .sign(serviceSecretBytes(secret));
}

/** The bytes of the services' secret. Throws RangeError when it is shorter than 32 bytes, without naming it. */
export function serviceSecretBytes(secret: string): Uint8Array {
  const bytes = Buffer.from(secret, 'utf8');
  if (bytes.byteLength < MIN_SECRET_BYTES) throw new RangeError('the service secret must have 32 bytes or more');
  return new Uint8Array(bytes);
}

/** The service a token speaks for. Throws UNAUTHENTICATED or TOKEN_EXPIRED. */
export async function verifyServiceToken(
  token: string,
  secret: Uint8Array,
  now: Date,
): Promise<Verified<ServiceCaller>> {
  const rules = { algorithm: SERVICE_TOKEN_ALGORITHM, issuer: ISSUER, audience: SERVICE_TOKEN_AUDIENCE, now } as const;
  const { sub: service, tid: tenantId, iat, exp } = await verifyToken(token, secret, rules);
  if (exp - iat > MAX_LIFETIME_S) throw refused();
  if (tenantId !== undefined && (typeof tenantId !== 'string' || tenantId === '')) throw refused();
  const principal = { kind: 'service', service, ...(tenantId === undefined ? {} : { tenantId }) } as const;
  return { principal, expiresAtMs: exp * 1_000 };
}

const MAX_CACHED_TENANTS = 1_000;

/** Service tokens for a client that calls often: one per tenant, made anew at half its life. */
export class ServiceTokens {
  readonly #options: Omit<ServiceTokenOptions, 'tenantId'>;
  readonly #byTenant = new LRUCache<string, { token: Promise<string>; renewAtMs: number }>({ max: MAX_CACHED_TENANTS });

  constructor(options: Omit<ServiceTokenOptions, 'tenantId'>) {
    serviceSecretBytes(options.secret);
    this.#options = options;
  }

  /** A token with at least half its life left. */
  tokenFor(tenantId: string | undefined): Promise<string> {
    const { clock = wallClock, ttlSeconds = 60 } = this.#options;
    const nowMs = clock.now().getTime();
    const held = this.#byTenant.get(tenantId ?? '');
    if (held !== undefined && nowMs < held.renewAtMs) return held.token;
    const token = serviceToken({ ...this.#options, ...(tenantId === undefined ? {} : { tenantId }) });
    this.#byTenant.set(tenantId ?? '', { token, renewAtMs: nowMs + ttlSeconds * 500 });
    return token;
  }
}
