import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Environment } from '@dailydoco/config';
import type { Logger } from '@dailydoco/telemetry';
import { readKeysConfig } from '../config.js';
import { type PublicKey, readKeptKeys } from './key-set.js';
import { Kubernetes } from './kubernetes.js';
import { kongText, withKeys } from './merge.js';
import { refreshKeys } from './refresh.js';

const USAGE = `usage: keys.js merge --config FILE [--keys FILE] --out FILE
       keys.js refresh`;

export interface Surroundings {
  /** The process's own unless told. */
  readonly env?: Environment;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** For the person who reads why it failed. */
  readonly complain: (text: string) => void;
}

/** Runs one command; resolves to the exit code. */
export async function keysCommand([command, ...args]: readonly string[], around: Surroundings): Promise<number> {
  try {
    if (command === 'merge') merge(args, around);
    else if (command === 'refresh' && args.length === 0) await refresh(around);
    else throw new Error(`${command === undefined ? 'which command?' : `not understood: ${command}`}\n${USAGE}`);
    return 0;
  } catch (error) {
    around.complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function merge(args: readonly string[], { logger }: Surroundings): void {
  const { values } = parseArgs({
    args: [...args],
    options: { config: { type: 'string' }, keys: { type: 'string' }, out: { type: 'string' } },
  });
  const { config, out } = values;
  if (config === undefined || out === undefined) throw new Error(`--config and --out are needed\n${USAGE}`);
  const keys = keysFrom(values.keys, logger);
  const text = kongText(withKeys(readFileSync(config, 'utf8'), keys));
  // Whoever reads `out` finds all of it or none.
  writeFileSync(`${out}.new`, text);
  renameSync(`${out}.new`, out);
  logger.info({ out, kids: keys.map(({ kid }) => kid) }, 'the configuration is written');
}

/** Kong starts without keys rather than not at all: then everybody counts as anonymous, and services check as ever. */
function keysFrom(path: string | undefined, logger: Surroundings['logger']): PublicKey[] {
  if (path === undefined) return [];
  try {
    return readKeptKeys(readFileSync(path, 'utf8'));
  } catch (err) {
    logger.warn({ err, path }, 'there are no keys to be read; Kong will take every caller for anonymous');
    return [];
  }
}

async function refresh({ env, logger }: Surroundings): Promise<void> {
  const config = readKeysConfig(env);
  const kubernetes = new Kubernetes({
    host: config.KUBERNETES_SERVICE_HOST,
    port: config.KUBERNETES_SERVICE_PORT,
    serviceAccountDir: config.GATEWAY_SERVICE_ACCOUNT_DIR,
    timeoutMs: config.GATEWAY_KEYS_TIMEOUT_MS,
  });
  try {
    const { written, rolled, keys } = await refreshKeys({
      jwksUrl: config.GATEWAY_JWKS_URL,
      jwksTimeoutMs: config.GATEWAY_KEYS_TIMEOUT_MS,
      secret: config.GATEWAY_KEYS_SECRET,
      deployment: config.GATEWAY_KEYS_DEPLOYMENT,
      overlapMs: config.GATEWAY_KEYS_OVERLAP_S * 1_000,
      kubernetes,
      now: () => new Date(),
      logger,
    });
    const outcome = written || rolled ? 'Kong gets other keys' : 'nothing has changed';
    logger.info({ written, rolled, kids: keys.map(({ kid }) => kid) }, outcome);
  } finally {
    await kubernetes.close();
  }
}
