import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BuildError, run, tryRun } from './run.js';

/** One Debian package, pinned to its bytes. */
export interface PinnedPackage {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly sha256: string;
}

/** Debian packages by what they are for; committed, so that a build a year later holds the same bytes or says that it cannot. */
export interface DebianLock {
  readonly suite: string;
  readonly sets: Readonly<Record<string, readonly PinnedPackage[]>>;
}

/** What `apt-get download --print-uris` prints for one package: `'URI' name_version_arch.deb SIZE SHA256:HEX`. */
export function readPrintedUri(line: string): PinnedPackage | undefined {
  const match = /^'[^']+' ([^_\s]+)_([^_\s]+)_(\w+)\.deb \d+ SHA256:([0-9a-f]{64})$/.exec(line.trim());
  if (match === null) return undefined;
  const [, name = '', version = '', architecture = '', sha256 = ''] = match;
  return { name, version: decodeURIComponent(version), architecture, sha256 };
}

/** Stops with what to do when this machine's apt would not give packages of the suite that the images are made of. */
export function requireSuite(suite: string, osRelease = readFileSync('/etc/os-release', 'utf8')): void {
  const found = /^VERSION_CODENAME=(\S+)$/m.exec(osRelease)?.[1];
  if (found !== suite)
    throw new BuildError(
      `the air-gapped images are made of Debian ${suite}, and this machine’s apt is for ${found ?? 'another system'}: run the command on Debian ${suite}, in a virtual machine if need be`,
    );
}

/** The packages that apt would install now, with all they depend on, as if nothing was installed yet. */
export async function resolveClosure(names: readonly string[], scratch: string): Promise<PinnedPackage[]> {
  mkdirSync(scratch, { recursive: true });
  writeFileSync(join(scratch, 'status'), '');
  const asIfEmpty = [
    '-o',
    `Dir::State::status=${scratch}/status`,
    '-o',
    `Dir::State::extended_states=${scratch}/states`,
  ];
  const install = ['install', '--print-uris', '--yes', '-qq', '--no-install-recommends'];
  const printed = await run('apt-get', [...install, ...asIfEmpty, ...names]);
  const all = printed.split('\n').flatMap((line) => /^'[^']+' ([^_\s]+)_/.exec(line)?.[1] ?? []);
  return resolvePackages([...new Set(all)]);
}

/** The packages that apt would give now, each alone, with their digests. */
export async function resolvePackages(names: readonly string[]): Promise<PinnedPackage[]> {
  if (names.length === 0) return [];
  const printed = await run('apt-get', ['download', '--print-uris', ...names], { cwd: '/tmp' });
  const found = printed.split('\n').flatMap((line) => readPrintedUri(line) ?? []);
  const missing = names.filter((name) => !found.some((pinned) => pinned.name === name));
  if (missing.length > 0)
    throw new BuildError(`apt knows no ${missing.join(', ')}: run apt-get update, then try again`);
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The files of pinned packages, from the cache or by apt; every file's digest is checked, the cache's too. */
export async function fetchPackages(packages: readonly PinnedPackage[], cache: string): Promise<string[]> {
  mkdirSync(cache, { recursive: true });
  const files: string[] = [];
  for (const pinned of packages) files.push(await fetchPackage(pinned, cache));
  return files;
}

async function fetchPackage(pinned: PinnedPackage, cache: string): Promise<string> {
  const { name, version, architecture, sha256 } = pinned;
  const file = join(cache, `${name}_${version.replace(':', '%3a')}_${architecture}.deb`);
  if (existsSync(file) && digestOf(file) === sha256) return file;
  const inbox = join(cache, 'inbox');
  mkdirSync(inbox, { recursive: true });
  const { code, stderr } = await tryRun('apt-get', ['download', `${name}=${version}`], { cwd: inbox });
  const fetched = join(inbox, `${name}_${version.replace(':', '%3a')}_${architecture}.deb`);
  if (code !== 0 || !existsSync(fetched))
    throw new BuildError(
      `Debian’s mirror no longer has ${name} ${version} (or apt is not up to date). Run apt-get update; when it stays away, take today’s packages with --update-debian, look at what debian.lock.json says, and build again. apt said:\n${stderr.trim().split('\n').slice(-5).join('\n')}`,
    );
  if (digestOf(fetched) !== sha256)
    throw new BuildError(`${name} ${version} is not the file that debian.lock.json pins: its SHA-256 differs`);
  renameSync(fetched, file);
  return file;
}

function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

export function readDebianLock(file: string): DebianLock {
  return JSON.parse(readFileSync(file, 'utf8')) as DebianLock;
}

export function writeDebianLock(file: string, lock: DebianLock): void {
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
