import { describe, expect, it } from '@jest/globals';
import { exampleLog, LEAVES, LOG_KEY, OTHER_KEY, PLAIN } from '../test/example-log.js';
import { runVerifier } from './verifier.js';

async function run(args: readonly string[], files: Readonly<Record<string, Uint8Array | string>> = {}) {
  let [out, complaints] = ['', ''];
  const code = await runVerifier(args, {
    read: (path) => {
      const file = files[path];
      if (file === undefined) throw new Error(`no such file: ${path}`);
      return Buffer.from(file);
    },
    write: (text) => (out += text),
    complain: (text) => (complaints += text),
    fetch: () => Promise.reject(new Error('nobody is to be asked')),
  });
  return { code, out, complaints };
}

describe('the command verify', () => {
  it('tells what was checked, the totals and OK', async () => {
    const log = exampleLog(LEAVES.slice(0, 4));
    const kept = log.checkpoint();
    for (const leaf of LEAVES.slice(4)) log.add(leaf);
    const files = { 's.json': await log.statement({ earlier: kept }), kept, key: `\n${LOG_KEY.vkey}\n` };
    const { code, out } = await run(['s.json', '--key', 'key', '--earlier', 'kept'], files);
    expect(code).toBe(0);
    expect(out).toContain('3 entries and 7 changes');
    expect(out).toContain('the history since the earlier checkpoint');
    expect(out).toContain(
      'USD  3 entries · earned 20.799999 · taken back 6.238889 · pending 4.027777 · held 0.00 · available 10.533333',
    );
    expect(out).toMatch(/✔ OK: nothing found\.\n$/);
    const json = await run(['s.json', '--key', LOG_KEY.vkey, '--json'], files);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: true,
      findings: [],
      keysFrom: 'caller',
      checkpoint: { size: 161 },
    });
  });

  it('says without a key that the file’s own proves nothing about who signed', async () => {
    const { code, out } = await run(['s.json'], { 's.json': await exampleLog([PLAIN]).statement() });
    expect(code).toBe(0);
    expect(out).toContain('! The key is the one in the file: that proves nothing about who signed.');
  });

  it('names every finding and ends with 1', async () => {
    const files = { 's.json': await exampleLog([{ ...PLAIN, gross: '15800001' }]).statement(), old: 'x\n' };
    const wrong = await run(['s.json', '--key', LOG_KEY.vkey, '--earlier', 'old'], files);
    expect(wrong.code).toBe(1);
    expect(wrong.out).toContain('✖ AMOUNT_WRONG: An amount is not what its numbers give. (leaf 1: gross 15800001');
    expect(wrong.out).toContain('✖ EARLIER_MALFORMED');
    expect(await run(['s.json', '--key', OTHER_KEY.vkey], files)).toMatchObject({ code: 1 });
    const many = Array.from({ length: 60 }, (_, at) => ({ ...PLAIN, ordinal: at + 1, level: 1, gross: '1' }));
    const long = await run(['s.json'], { 's.json': await exampleLog(many, { others: 0 }).statement() });
    expect(long.out).toMatch(/ … and \d+ more; --json lists all/);
  });

  it('ends with 2 when it cannot be run', async () => {
    for (const args of [[], ['--nonsense'], ['s.json', '--rpc', 'http://localhost'], ['missing.json']]) {
      const { code, complaints } = await run(args, { 's.json': '{}' });
      expect([args, code]).toEqual([args, 2]);
      expect(complaints).not.toBe('');
    }
    expect(await run(['s.json', '--key', 'empty'], { 's.json': '{}', empty: '\n' })).toMatchObject({ code: 2 });
    expect((await run(['--help'])).out).toContain('dailydoco-verify statement.json');
  });
});
