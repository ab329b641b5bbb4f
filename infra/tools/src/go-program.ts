import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder, ToolError, type ToolOptions } from './environment.js';
import { ensureGo } from './go.js';
import { runProgram } from './run-program.js';

/** A program that is built from a Go module of this repository. */
export interface GoProgram {
  readonly name: string;
  /** Folder with go.mod and go.sum, which pin everything, and the program's own sources if it has any. */
  readonly moduleFolder: string;
  /** The package that is the program: "." for the module's own. */
  readonly goPackage: string;
}

const FLAGS = ['-trimpath', '-buildvcs=false', '-ldflags', '-s -w'];
const BUILD_TIMEOUT_MS = 1_200_000;
const PROGRESS_EVERY_MS = 2_000;

/** What decides the program that comes out of a build, as a short word: module files, own sources, flags, machine. */
export function programDigest(
  program: Pick<GoProgram, 'moduleFolder' | 'goPackage'>,
  machine: { platform: string; arch: string } = process,
): string {
  const hash = createHash('sha256').update(JSON.stringify([FLAGS, program.goPackage, machine.platform, machine.arch]));
  const files = readdirSync(program.moduleFolder)
    .filter((file) => /^go\.(mod|sum)$|\.go$/.test(file) && !file.endsWith('_test.go'))
    .toSorted();
  if (!files.includes('go.mod') || !files.includes('go.sum'))
    throw new ToolError(`${program.moduleFolder} has no go.mod or no go.sum, so its versions are not pinned`);
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(program.moduleFolder, file)));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The path of the built program. It is built once for each state of its module and kept in the cache that clones share; an
 * interrupted build is never used, because it becomes the program by a rename.
 */
export async function ensureGoProgram(program: GoProgram, options: ToolOptions = {}): Promise<string> {
  const folder = join(cacheFolder(), 'tools', `${program.name}-${programDigest(program)}`);
  const file = join(folder, program.name);
  if (existsSync(file)) return file;
  mkdirSync(join(cacheFolder(), 'tools'), { recursive: true });
  const build = mkdtempSync(join(cacheFolder(), 'tools', 'build-'));
  try {
    await buildInto(join(build, program.name), program, options);
    // Two builds at the same time end in the same file; the later one's is dropped.
    if (!existsSync(folder)) renameSync(build, folder);
    return file;
  } catch (cause) {
    throw new ToolError(
      `${program.name} could not be built from ${program.moduleFolder}. Check that the Go module proxy is reachable, then try again.\n${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    rmSync(build, { recursive: true, force: true });
  }
}

async function buildInto(file: string, program: GoProgram, options: ToolOptions): Promise<void> {
  const go = await ensureGo(options);
  const base = { command: go.command, cwd: program.moduleFolder, env: go.env, timeoutMs: BUILD_TIMEOUT_MS };
  options.onProgress?.(`fetching the modules of ${program.name}, once`);
  const packages = await runProgram({ ...base, args: ['list', '-deps', program.goPackage] });
  const total = packages.trim().split('\n').length;
  let done = 0;
  let told = 0;
  await runProgram({
    ...base,
    // With -v Go names each package that it compiles; those in its cache it passes over.
    args: ['build', '-v', ...FLAGS, '-o', file, program.goPackage],
    onErrorLine: () => {
      done += 1;
      if (Date.now() - told < PROGRESS_EVERY_MS) return;
      told = Date.now();
      options.onProgress?.(`building ${program.name}, once: ${done} of at most ${total} packages`);
    },
  });
}
