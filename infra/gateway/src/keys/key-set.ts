import { createHash, createPublicKey } from 'node:crypto';

/** A public key under which identity signs persons' tokens (ES256): a point of the curve P-256 by its id. */
export interface PublicKey {
  readonly kid: string;
  readonly x: string;
  readonly y: string;
}

/** A key as it is kept; one that is no longer published says since when. */
export interface KeptKey extends PublicKey {
  readonly goneSince?: Date;
}

const MAX_KEYS = 64;
const KID = /^[\x21-\x7e]{1,200}$/;

/**
 * The ES256 keys of a JWK Set (RFC 7517), in the order of their ids. Keys of another kind, and broken ones, are left out; of a
 * key that holds its private half too, only the public one is read. Throws a plain Error when it is no such set, or holds no
 * key that can be used: an empty set is somebody's mistake.
 */
export function readKeySet(text: string): PublicKey[] {
  const keys = candidatesIn(text).flatMap((candidate) => keyOf(candidate) ?? []);
  if (keys.length === 0) throw new Error('the key set holds no ES256 key');
  return inOrder(keys);
}

/** The file of kept keys: a JWK Set, with `gone_since` on keys that are no longer published. Throws like `readKeySet`. */
export function readKeptKeys(text: string): KeptKey[] {
  const keys = candidatesIn(text).flatMap((candidate): KeptKey[] => {
    const key = keyOf(candidate);
    if (key === undefined) return [];
    const goneSince = typeof candidate['gone_since'] === 'string' ? new Date(candidate['gone_since']) : undefined;
    return [goneSince === undefined || Number.isNaN(goneSince.getTime()) ? key : { ...key, goneSince }];
  });
  return inOrder(keys);
}

export function writeKeptKeys(keys: readonly KeptKey[]): string {
  const entries = inOrder(keys).map(({ kid, x, y, goneSince }) => ({
    kty: 'EC',
    crv: 'P-256',
    kid,
    x,
    y,
    use: 'sig',
    alg: 'ES256',
    ...(goneSince !== undefined && { gone_since: goneSince.toISOString() }),
  }));
  return `${JSON.stringify({ keys: entries }, undefined, 2)}\n`;
}

/**
 * What is kept after `published` was read: keys that were kept and are published no longer stay until `overlapMs` have passed,
 * so that no token outlives the key it can be checked under.
 */
export function keptAfter(
  kept: readonly KeptKey[],
  published: readonly PublicKey[],
  { now, overlapMs }: { now: Date; overlapMs: number },
): KeptKey[] {
  const ids = new Set(published.map(({ kid }) => kid));
  const gone = kept
    .filter(({ kid }) => !ids.has(kid))
    .map((key) => ({ ...key, goneSince: key.goneSince ?? now }))
    .filter(({ goneSince }) => now.getTime() - goneSince.getTime() < overlapMs);
  return inOrder([...published, ...gone]).slice(0, MAX_KEYS);
}

/** Stands for the keys themselves, whether still published or not: Kong needs to be told when it changes. */
export function digestOf(keys: readonly PublicKey[]): string {
  const text = inOrder(keys).map(({ kid, x, y }) => `${kid} ${x} ${y}\n`);
  return createHash('sha256').update(text.join('')).digest('hex').slice(0, 32);
}

/** As PEM (SubjectPublicKeyInfo), which is what Kong reads. Throws when it is no point of the curve. */
export function toPem({ x, y }: PublicKey): string {
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function candidatesIn(text: string): Record<string, unknown>[] {
  const set = parsed(text);
  if (!isRecord(set) || !Array.isArray(set['keys'])) throw new Error('this is no JWK Set');
  const candidates: unknown[] = set['keys'];
  if (candidates.length > MAX_KEYS) throw new Error(`a key set may hold ${MAX_KEYS} keys`);
  return candidates.filter(isRecord);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('this is no JSON');
  }
}

function keyOf(candidate: Record<string, unknown>): PublicKey | undefined {
  const { kty, crv, kid, x, y, use = 'sig', alg = 'ES256' } = candidate;
  if (kty !== 'EC' || crv !== 'P-256' || use !== 'sig' || alg !== 'ES256') return undefined;
  if (typeof kid !== 'string' || !KID.test(kid) || typeof x !== 'string' || typeof y !== 'string') return undefined;
  try {
    toPem({ kid, x, y });
    return { kid, x, y };
  } catch {
    return undefined;
  }
}

function inOrder<Key extends PublicKey>(keys: readonly Key[]): Key[] {
  // The last of two with one id wins; identity never publishes two.
  return [...new Map(keys.map((key) => [key.kid, key])).values()].toSorted((a, b) => (a.kid < b.kid ? -1 : 1));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
