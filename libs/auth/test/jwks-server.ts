import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';

export const ISSUER = 'https://id.example.test';
export const AUDIENCE = 'dailydoco';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

export async function signingKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface TokenTimes {
  readonly iat: number;
  readonly exp: number;
  readonly nbf?: number;
}

/** A person's token as identity signs it; `claims` and `header` change what is to be wrong with it. */
export async function personToken(
  key: SigningKey,
  times: TokenTimes,
  claims: Record<string, unknown> = {},
  header: { kid?: string; alg?: string } = {},
): Promise<string> {
  const payload = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'u1',
    tid: 't1',
    sid: 's1',
    roles: ['partner'],
    ...times,
    ...claims,
  };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', kid: key.kid, ...header }).sign(key.privateKey);
}

/** A JWKS endpoint on the loopback that can rotate, fail, hang and lie. */
export class JwksServer {
  fetches = 0;
  keys: JWK[] = [];
  status = 200;
  /** Sent instead of the keys when set. */
  body: string | undefined;
  #held: Promise<void> | undefined;
  #url = '';
  readonly #server = createServer((_request, response) => {
    this.fetches += 1;
    const body = this.body ?? JSON.stringify({ keys: this.keys });
    const { status } = this;
    void Promise.resolve(this.#held).then(() => {
      response.statusCode = status;
      response.setHeader('content-type', 'application/json').end(body);
    });
  });

  get url(): string {
    return this.#url;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.#url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/.well-known/jwks.json`;
  }

  /** Answers wait until the returned function is called. */
  hold(): () => void {
    const held = Promise.withResolvers<void>();
    this.#held = held.promise;
    return () => {
      this.#held = undefined;
      held.resolve();
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
