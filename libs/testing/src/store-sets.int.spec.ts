import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { layStoreSets, takeStoreSet, type TestStores } from './index.js';

const setOf = (name: string): TestStores => ({
  postgresUrl: `postgres://${name}`,
  redisUrl: `redis://${name}`,
  kafkaBrokers: [`${name}:9092`],
});
const [FIRST, SECOND] = [setOf('first'), setOf('second')];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-sets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The process id of a program that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('sets of stores', () => {
  it('are given to one taker each', async () => {
    layStoreSets(folder, [FIRST, SECOND]);
    expect(await Promise.all([takeStoreSet(folder), takeStoreSet(folder)])).toEqual([FIRST, SECOND]);
  });

  it('are waited for while others use them', async () => {
    layStoreSets(folder, [FIRST]);
    await takeStoreSet(folder);
    let taken: TestStores | undefined;
    const waiting = takeStoreSet(folder).then((set) => (taken = set));
    expect(taken).toBeUndefined();
    rmSync(join(folder, '0.json.taken'));
    expect(await waiting).toEqual(FIRST);
  });

  it('are free again when their taker is gone without a word', async () => {
    layStoreSets(folder, [FIRST]);
    writeFileSync(join(folder, '0.json.taken'), String(await endedProcess()));
    expect(await takeStoreSet(folder)).toEqual(FIRST);
  });

  it('are refused when there is none', async () => {
    await expect(takeStoreSet(folder)).rejects.toThrow('No set of stores');
  });
});
