type Keys = Awaited<ReturnType<typeof newKeys>>;

const newKeys = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);

/** Signs persons' tokens (ES256, under the key id `spec`), and says under which key they are to be checked. */
export class TokenSigner {
  readonly #keys: Keys;

  private constructor(keys: Keys) {
    this.#keys = keys;
  }

  static async create(): Promise<TokenSigner> {
    return new TokenSigner(await newKeys());
  }

  keyFor(kid: string): Promise<Keys['publicKey'] | undefined> {
    return Promise.resolve(kid === 'spec' ? this.#keys.publicKey : undefined);
  }

  async sign(claims: object): Promise<string> {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ alg: 'ES256', kid: 'spec', typ: 'JWT' })}.${part(claims)}`;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    const signature = await crypto.subtle.sign(algorithm, this.#keys.privateKey, Buffer.from(text));
    return `${text}.${Buffer.from(signature).toString('base64url')}`;
  }
}
