import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@dailydoco/telemetry';
import { request } from 'undici';
import {
  digestOf,
  keptAfter,
  type KeptKey,
  type PublicKey,
  readKeptKeys,
  readKeySet,
  writeKeptKeys,
} from './key-set.js';
import { type Kubernetes, KubernetesError } from './kubernetes.js';

export const KEY_FILE = 'jwks.json';
export const KEYS_ANNOTATION = 'dailydoco.dev/kong-keys';

const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;
const LARGEST_SET = 256 * 1_024;

export interface RefreshOptions {
  readonly jwksUrl: string;
  readonly jwksTimeoutMs: number;
  readonly secret: string;
  readonly deployment: string;
  /** How long a key is kept that is published no longer. */
  readonly overlapMs: number;
  readonly kubernetes: Kubernetes;
  readonly now: () => Date;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

export interface Refreshed {
  /** The Secret was written. */
  readonly written: boolean;
  /** Kong's pods are being replaced. */
  readonly rolled: boolean;
  readonly keys: readonly KeptKey[];
}

/**
 * Brings Kong the keys that identity publishes now. Writes nothing when nothing changed; when it was interrupted between its
 * two writes, the next run makes the second. Throws when identity or the API server cannot be reached after some attempts,
 * and then everything stays as it is.
 */
export async function refreshKeys(options: RefreshOptions): Promise<Refreshed> {
  const { jwksUrl, jwksTimeoutMs, logger } = options;
  const published = await attempt(() => publishedKeys(jwksUrl, jwksTimeoutMs), { mayPass: () => true, logger });
  const mayPass = (error: unknown) => error instanceof KubernetesError && error.isPassing;
  return attempt(() => store(published, options), { mayPass, logger });
}

async function store(published: readonly PublicKey[], options: RefreshOptions): Promise<Refreshed> {
  const { kubernetes, secret, deployment, overlapMs, now, logger } = options;
  const { text: before, version } = await kubernetes.secretEntry(secret, KEY_FILE);
  const keys = keptAfter(readableKeys(before, logger), published, { now: now(), overlapMs });
  const after = writeKeptKeys(keys);
  const written = after !== before;
  if (written) await kubernetes.writeSecretEntry(secret, KEY_FILE, { text: after, version });
  const digest = digestOf(keys);
  const rolled = (await kubernetes.podAnnotation(deployment, KEYS_ANNOTATION)) !== digest;
  if (rolled) await kubernetes.annotatePods(deployment, KEYS_ANNOTATION, digest);
  return { written, rolled, keys };
}

/** A Secret that somebody spoilt is written anew from what is published. */
function readableKeys(text: string | undefined, logger: RefreshOptions['logger']): KeptKey[] {
  if (text === undefined) return [];
  try {
    return readKeptKeys(text);
  } catch (err) {
    logger.warn({ err }, 'the stored keys cannot be read and are written anew');
    return [];
  }
}

async function publishedKeys(url: string, timeoutMs: number): Promise<PublicKey[]> {
  const { statusCode, body } = await request(url, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  if (text.length > LARGEST_SET) throw new Error(`${url} answered with more than ${LARGEST_SET} characters`);
  return readKeySet(text);
}

async function attempt<T>(
  work: () => Promise<T>,
  { mayPass, logger }: { mayPass: (error: unknown) => boolean; logger: RefreshOptions['logger'] },
): Promise<T> {
  for (let n = 1; ; n += 1) {
    try {
      return await work();
    } catch (err) {
      if (n === ATTEMPTS || !mayPass(err)) throw err;
      logger.warn({ err, attempt: n }, 'this did not work and is tried again');
      await pause(FIRST_PAUSE_MS * 2 ** (n - 1));
    }
  }
}
