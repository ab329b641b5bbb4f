import { chmodSync, existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebianPackages } from '@dailydoco/stores';
import { cacheFolder, environment, searchPath, ToolError, type ToolOptions } from './environment.js';
import { type GoVersion, isAtLeast, parseGoVersion, toolchainModuleVersion } from './go-version.js';
import { runProgram } from './run-program.js';

/** The Go that is fetched where the machine has none that is new enough. */
export const GO_VERSION = '1.26.8';

// The first that knows the `tool` lines of go.mod. When go.mod asks for a newer one than this, Go fetches it by itself.
const OLDEST: GoVersion = { major: 1, minor: 24, patch: 0 };
const ANSWER_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 600_000;

/** A Go that builds this repository's tools, and the environment it wants. */
export interface Go {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

interface FoundGo {
  readonly command: string;
  readonly version: GoVersion;
}

async function findGo(): Promise<FoundGo | undefined> {
  let newest: FoundGo | undefined;
  for (const folder of searchPath()) {
    const command = join(folder, 'go');
    if (!existsSync(command)) continue;
    const answer = await runProgram({
      command,
      args: ['version'],
      cwd: '/',
      env: { GOTOOLCHAIN: 'local' },
      timeoutMs: ANSWER_TIMEOUT_MS,
    }).catch(() => '');
    const version = parseGoVersion(answer);
    if (version === undefined) continue;
    if (isAtLeast(version, OLDEST)) return { command, version };
    if (newest === undefined || !isAtLeast(newest.version, version)) newest = { command, version };
  }
  return newest;
}

/**
 * The Go of the machine when it is new enough; else one of our own in the cache. That one comes as the Go module in which Go
 * ships its toolchains, downloaded and checked against Go's checksum database by any older Go, which Debian has.
 */
export async function ensureGo(options: ToolOptions = {}): Promise<Go> {
  const found = await findGo();
  // A machine may be set to use the Go it has and no other; what go.mod asks for is fetched unless the caller forbids it.
  if (found !== undefined && isAtLeast(found.version, OLDEST))
    return { command: found.command, env: { GOTOOLCHAIN: environment()['GOTOOLCHAIN'] ?? 'auto', CGO_ENABLED: '0' } };
  const folder = join(cacheFolder(), `go-${GO_VERSION}`);
  if (!existsSync(folder)) await fetchToolchain(folder, found, options);
  return {
    command: join(folder, 'bin', 'go'),
    env: {
      GOROOT: folder,
      GOTOOLCHAIN: 'local',
      CGO_ENABLED: '0',
      GOPATH: join(cacheFolder(), 'gopath'),
      GOCACHE: join(cacheFolder(), 'go-build'),
      GOFLAGS: '-modcacherw',
    },
  };
}

async function fetchToolchain(folder: string, found: FoundGo | undefined, options: ToolOptions): Promise<void> {
  const version = toolchainModuleVersion(GO_VERSION, process);
  if (version === undefined)
    throw new ToolError(
      `Go ${OLDEST.major}.${OLDEST.minor} or newer is needed on the path: install it, then try again`,
    );
  if (found === undefined) await ensureDebianPackages([{ program: 'go', debianPackage: 'golang-go' }], options);
  const older = found?.command ?? 'go';
  const download = mkdtempSync(join(cacheFolder(), 'download-'));
  try {
    options.onProgress?.(`fetching Go ${GO_VERSION}, once`);
    await runProgram({
      command: older,
      args: ['mod', 'download', `golang.org/toolchain@${version}`],
      cwd: download,
      env: {
        GOPATH: download,
        GOMODCACHE: join(download, 'modules'),
        // Outside a module an older Go wants to be told that it may write; writable files are files that can be removed.
        GOFLAGS: '-mod=mod -modcacherw',
      },
      timeoutMs: DOWNLOAD_TIMEOUT_MS,
    });
    const toolchain = join(download, 'modules', 'golang.org', `toolchain@${version}`);
    makeExecutable(toolchain);
    if (!existsSync(folder)) renameSync(toolchain, folder);
  } catch (cause) {
    throw new ToolError(
      `Go ${GO_VERSION} could not be fetched as a Go module. Install Go ${OLDEST.major}.${OLDEST.minor} or newer, then try again.\n${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/** Modules lose the execute bit of their files; these are the ones that Go starts. */
function makeExecutable(toolchain: string): void {
  for (const folder of [join(toolchain, 'bin'), join(toolchain, 'pkg', 'tool')]) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) chmodSync(join(entry.parentPath, entry.name), 0o755);
  }
}
