import { createHash, randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';

/** What a key stands for, as identity would say it. */
export interface SpecApiKey<Scope extends string> {
  readonly apiKeyId: string;
  readonly tenantId: string;
  readonly scopes: readonly Scope[];
}

/** The API keys that exist in a spec, where the Authenticator looks them up. */
export class SpecApiKeys<Scope extends string> {
  readonly #keys = new Map<string, SpecApiKey<Scope>>();

  lookUp(sha256: Uint8Array): Promise<SpecApiKey<Scope> | undefined> {
    return Promise.resolve(this.#keys.get(Buffer.from(sha256).toString('hex')));
  }

  /** Makes a key in the form the Authenticator expects; `key` is what stands after `Bearer`. */
  add(tenantId: string, scopes: readonly Scope[]): { readonly key: string; readonly apiKeyId: string } {
    const key = `dd_${randomBytes(32).toString('base64url')}`;
    const apiKeyId = newId();
    this.#keys.set(createHash('sha256').update(key).digest('hex'), { apiKeyId, tenantId, scopes });
    return { key, apiKeyId };
  }
}
