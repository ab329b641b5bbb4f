import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { TestStores } from './stores.js';

const EVERY_MS = 100;

/** Lays down sets of running stores, one file each, so that processes beside each other can each take one with `takeStoreSet`. */
export function layStoreSets(folder: string, sets: readonly TestStores[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [index, set] of sets.entries())
    writeFileSync(join(folder, `${index}.json`), JSON.stringify(set), { mode: 0o600 });
}

/**
 * A set that nobody else uses until this process ends; waits while all are taken. What a process that is gone had taken is free
 * again, however it ended.
 */
export async function takeStoreSet(folder: string): Promise<TestStores> {
  const sets = readdirSync(folder).filter((name) => name.endsWith('.json'));
  if (sets.length === 0) throw new Error(`No set of stores lies in ${folder}`);
  for (;;) {
    for (const name of sets) {
      const file = join(folder, name);
      if (take(`${file}.taken`)) return JSON.parse(readFileSync(file, 'utf8')) as TestStores;
    }
    await wait(EVERY_MS);
  }
}

/** Whether the mark is this process's now: made by nobody before, in one step. */
function take(mark: string): boolean {
  if (existsSync(mark) && isGone(Number(readFileSync(mark, 'utf8')))) rmSync(mark, { force: true });
  try {
    writeFileSync(mark, String(process.pid), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  process.on('exit', () => rmSync(mark, { force: true }));
  return true;
}

function isGone(pid: number): boolean {
  // Empty: its maker has not written its number yet.
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
