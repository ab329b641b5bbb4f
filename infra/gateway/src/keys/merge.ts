import { stringify } from 'yaml';
import type { KongDocument } from '../kong.js';
import { checkKong, readKong } from '../read-kong.js';
import { CONSUMERS } from '../render-plugins.js';
import { type PublicKey, toPem } from './key-set.js';

/** A kong.yml with the keys in it under which `person` is known. Throws KongFileError when the file is not understood whole. */
export function withKeys(text: string, keys: readonly PublicKey[]): KongDocument {
  const kong = readKong(text);
  const secrets = keys.map((key) => ({ key: key.kid, algorithm: 'ES256' as const, rsa_public_key: toPem(key) }));
  const consumers = kong.consumers.map((consumer) =>
    consumer.username === CONSUMERS.person && secrets.length > 0 ? { ...consumer, jwt_secrets: secrets } : consumer,
  );
  return checkKong({ ...kong, consumers });
}

export function kongText(kong: KongDocument): string {
  return stringify(kong, { lineWidth: 0, aliasDuplicateObjects: false });
}
