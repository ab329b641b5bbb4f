import type { JwksSource } from '@dailydoco/auth';
import { inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import type { Clock, NewId } from '@dailydoco/lifecycle';
import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type { Sealer } from '../secrets/sealer.js';
import { ACCESS_TOKEN_SECONDS } from '../sessions/session.js';
import type { TokenSigner } from '../sessions/sign-in.js';
import { withPartner } from '../users/roles.js';
import { isRotationDue, publishedKeys, signingKey, signsFrom } from './key-rota.js';
import { SigningKeyStore, type StoredSigningKey } from './signing-key.store.js';

const ALGORITHM = 'ES256';

export interface KeyRingOptions {
  readonly pool: Parameters<typeof inDatabaseTransaction>[0];
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly issuer: string;
  readonly audience: string;
  readonly rotationDays: number;
}

type RingKey = StoredSigningKey & { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey };

/**
 * The installation's signing keys in memory, read anew by `refresh`. Signs persons' tokens, publishes the key set, and is
 * identity's own source of keys, which so never has to call itself.
 */
export class KeyRing implements JwksSource, TokenSigner {
  readonly #options: KeyRingOptions;
  #keys: readonly RingKey[] = [];

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  /** Makes a key when one is due, drops what nobody needs any more, and reads the ring. Safe on many replicas. */
  async refresh(): Promise<void> {
    const { pool, sealer, clock, rotationDays } = this.#options;
    const stored = await inDatabaseTransaction(pool, async (tx) => {
      const store = new SigningKeyStore(tx, sealer);
      const now = clock.now();
      const before = await store.list();
      if (!isRotationDue(before, now, rotationDays) && publishedKeys(before, now).length === before.length)
        return before;
      await store.lockRotation();
      const keys = await store.list();
      if (isRotationDue(keys, now, rotationDays)) {
        const made = await this.#makeKey(signsFrom(keys, now), now);
        await store.add(made);
        keys.push(made);
      }
      const published = new Set(publishedKeys(keys, now));
      await store.drop(keys.filter((key) => !published.has(key)).map(({ kid }) => kid));
      return [...published];
    });
    this.#keys = await Promise.all(stored.map(async (key) => this.#known(key) ?? imported(key)));
  }

  async keyFor(kid: string): Promise<CryptoKey | undefined> {
    const found = this.#keys.find((key) => key.kid === kid);
    if (found === undefined && this.#keys.length === 0)
      throw new DomainError('UNAVAILABLE', { detail: 'The signing keys have not been read yet.' });
    return found?.publicKey;
  }

  /** The public key set (RFC 7517). */
  publicJwks(): { keys: JWK[] } {
    return { keys: publishedKeys(this.#keys, this.#options.clock.now()).map(({ publicJwk }) => publicJwk) };
  }

  async sign({ session, roles, now }: Parameters<TokenSigner['sign']>[0]): Promise<string> {
    const key = signingKey(this.#keys, now);
    if (key === undefined) throw new DomainError('UNAVAILABLE', { detail: 'There is no signing key yet.' });
    const issuedAt = Math.floor(now.getTime() / 1_000);
    return new SignJWT({ tid: session.tenantId, sid: session.id, roles: withPartner(roles) })
      .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: 'JWT' })
      .setIssuer(this.#options.issuer)
      .setAudience(this.#options.audience)
      .setSubject(session.userId)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
      .sign(key.privateKey);
  }

  #known(key: StoredSigningKey): RingKey | undefined {
    return this.#keys.find(({ kid }) => kid === key.kid);
  }

  async #makeKey(from: Date, now: Date): Promise<StoredSigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
    const kid = this.#options.newId();
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg: ALGORITHM, use: 'sig' };
    return { kid, publicJwk, privateJwk: await exportJWK(privateKey), createdAt: now, signsFrom: from };
  }
}

async function imported(key: StoredSigningKey): Promise<RingKey> {
  const [publicKey, privateKey] = await Promise.all([
    importJWK(key.publicJwk, ALGORITHM),
    importJWK(key.privateJwk, ALGORITHM),
  ]);
  if (publicKey instanceof Uint8Array || privateKey instanceof Uint8Array)
    throw new Error('a signing key is asymmetric');
  return { ...key, publicKey, privateKey };
}
