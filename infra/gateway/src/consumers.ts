import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { KongConsumer, KongPlugin } from './kong.js';

/** The one algorithm of the file; never taken from a token. */
const ALGORITHM = 'ES256';
const SIGNATURE_BYTES = 64;
const BEARER = /\s*[Bb]earer\s+(.+)/;

/**
 * What the `jwt` entry makes of a request: the consumer under one of whose keys its token is signed, if the token is valid and
 * has not expired; the entry's `anonymous` one otherwise. Nobody is turned away: services verify again, and more.
 */
export function consumerReader(
  plugin: KongPlugin,
  consumers: readonly KongConsumer[],
  now: () => Date,
): (authorization: string | undefined) => string {
  const anonymous = String(plugin.config['anonymous']);
  const keys = new Map(
    consumers.flatMap(({ username, jwt_secrets: own = [] }) =>
      own.map(({ key, rsa_public_key: pem }) => [key, { username, publicKey: createPublicKey(pem) }] as const),
    ),
  );
  return (authorization) => {
    const token = BEARER.exec(authorization ?? '')?.[1];
    return token === undefined ? anonymous : (ownerOf(token, keys, now()) ?? anonymous);
  };
}

type Keys = ReadonlyMap<string, { readonly username: string; readonly publicKey: KeyObject }>;

function ownerOf(token: string, keys: Keys, now: Date): string | undefined {
  const [header = '', claims = '', signature = '', ...more] = token.split('.');
  if (keys.size === 0 || more.length > 0) return undefined;
  const { alg, kid } = decoded(header);
  const key = typeof kid === 'string' && alg === ALGORITHM ? keys.get(kid) : undefined;
  if (key === undefined) return undefined;
  const signed = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, 'base64url');
  if (bytes.length !== SIGNATURE_BYTES) return undefined;
  if (!verify('sha256', signed, { key: key.publicKey, dsaEncoding: 'ieee-p1363' }, bytes)) return undefined;
  const { exp } = decoded(claims);
  return typeof exp === 'number' && exp > Math.floor(now.getTime() / 1_000) ? key.username : undefined;
}

function decoded(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return value !== null && typeof value === 'object' ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
