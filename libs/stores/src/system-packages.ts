import { execFile } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { StoreError } from './store-process.js';

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 600_000;
// While this file exists Debian starts no service that it installs: our Redis is our own process on our own port.
const POLICY_FILE = '/usr/sbin/policy-rc.d';

/** A program that must be on the path, and the Debian package that has it. */
export interface DebianProgram {
  readonly program: string;
  readonly debianPackage: string;
}

const NEEDED: readonly DebianProgram[] = [
  { program: 'redis-server', debianPackage: 'redis-server' },
  { program: 'java', debianPackage: 'openjdk-17-jre-headless' },
  { program: 'mvn', debianPackage: 'maven' },
];

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/${program}`));
}

/** Installs what is missing of Redis, Java and Maven when it may (root, apt), else throws with the command to run. */
export function ensureSystemPackages(options: { onProgress?: (text: string) => void } = {}): Promise<void> {
  return ensureDebianPackages(NEEDED, options);
}

/** Installs the Debian packages of the programs that are not on the path when it may (root, apt), else throws with the command to run. */
export async function ensureDebianPackages(
  needed: readonly DebianProgram[],
  options: { onProgress?: (text: string) => void } = {},
): Promise<void> {
  const missing = needed.filter(({ program }) => !isOnPath(program)).map(({ debianPackage }) => debianPackage);
  if (missing.length === 0) return;
  const command = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0 || !isOnPath('apt-get'))
    throw new StoreError(`Missing: ${missing.join(', ')}. Install them, on Debian as root: ${command}`);
  const hadPolicy = existsSync(POLICY_FILE);
  try {
    if (!hadPolicy) writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    options.onProgress?.('reading the package lists');
    await run('apt-get', ['update', '-qq'], { env, timeout: INSTALL_TIMEOUT_MS, maxBuffer: 1 << 26 });
    options.onProgress?.(`installing ${missing.join(', ')}`);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], {
      env,
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: 1 << 26,
    });
  } catch (cause) {
    throw new StoreError(
      `Debian's packages could not be installed. Try it by hand: ${command}\n${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    if (!hadPolicy) rmSync(POLICY_FILE, { force: true });
  }
}
