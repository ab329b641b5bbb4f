import { createHmac } from 'node:crypto';

const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

/** A new signing secret: `whsec_` and 32 random bytes in base64 (the specification wants 24 to 64). */
export function newSecret(randomBytes: (count: number) => Uint8Array): string {
  return `${PREFIX}${Buffer.from(randomBytes(SECRET_BYTES)).toString('base64')}`;
}

/** What is signed, and sent. */
export interface SignedParts {
  /** The header webhook-id. */
  readonly id: string;
  /** When this attempt was signed; receivers refuse what is older than some minutes. */
  readonly at: Date;
  readonly body: string;
}

/**
 * The headers of Standard Webhooks 1.0: id, seconds since 1970, and one HMAC-SHA256 over `id.timestamp.body` for each
 * secret that holds, so that receivers may know the old or the new one while it changes.
 */
export function signatureHeaders({ id, at, body }: SignedParts, secrets: readonly string[]): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
