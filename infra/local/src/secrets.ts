import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** Passwords and keys of a local fleet: made once, kept beside its data, never printed. */
export interface Secrets {
  readonly internalToken: string;
  readonly keyEncryption: string;
  readonly adminPassword: string;
  readonly databasePasswords: Record<string, { owner: string; app: string }>;
  /** The API key with every scope; absent until the first start has made it. */
  apiKey?: string;
  /** Set once the demo of the first start has been told. */
  demoTold?: boolean;
}

const secret = (bytes = 24): string => randomBytes(bytes).toString('base64url');

export function loadSecrets(file: string, services: readonly string[]): Secrets {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const databasePasswords = { ...known.databasePasswords };
  for (const service of services) databasePasswords[service] ??= { owner: secret(), app: secret() };
  const secrets: Secrets = {
    internalToken: known.internalToken ?? secret(32),
    keyEncryption: known.keyEncryption ?? randomBytes(32).toString('base64'),
    adminPassword: known.adminPassword ?? secret(15),
    databasePasswords,
    ...(known.apiKey === undefined ? {} : { apiKey: known.apiKey }),
    ...(known.demoTold === undefined ? {} : { demoTold: known.demoTold }),
  };
  saveSecrets(file, secrets);
  return secrets;
}

export function saveSecrets(file: string, secrets: Secrets): void {
  writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
}
