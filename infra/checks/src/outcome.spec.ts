import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { describeFailures, failure, readReport, together } from './outcome.js';
import { run } from './run.js';

const folder = mkdtempSync(join(tmpdir(), 'outcome-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs jest itself over the given spec, as the projects' scripts do, and gives its report. */
async function reportOf(name: string, spec: string): Promise<string> {
  const place = join(folder, name);
  const report = join(folder, `${name}.json`);
  mkdirSync(place);
  writeFileSync(join(place, 'package.json'), '{}');
  writeFileSync(join(place, 'a.test.js'), spec);
  const jest = join(process.cwd(), '..', '..', 'node_modules', '.bin', 'jest');
  await run(jest, ['--rootDir', place, '--json', '--outputFile', report, '--colors'], { cwd: place, limitMs: 50_000 });
  return report;
}

describe('What a run of the specs came to', () => {
  it('names each test that failed and each that was skipped, with the reason', async () => {
    const report = await reportOf(
      'mixed',
      `describe('A sum', () => {
        it('holds', () => expect(1 + 1).toBe(2));
        it('is off', () => expect(1 + 1).toBe(3));
        it.skip('waits', () => {});
        it.todo('is thought of');
      });`,
    );
    const outcome = readReport(report, folder);
    expect([outcome.passed, outcome.failed]).toEqual([1, 3]);
    expect(outcome.failures.map(({ what }) => what)).toEqual([
      'mixed/a.test.js: A sum is off',
      'mixed/a.test.js: A sum waits (pending)',
      'mixed/a.test.js: A sum is thought of (todo)',
    ]);
    const text = describeFailures(outcome);
    expect(text).toMatch(/^✖ mixed\/a\.test\.js: A sum is off\n {4}Error: expect\(received\)\.toBe\(expected\)/);
    expect(text).toContain('Expected: 3');
    expect(text).not.toContain(String.fromCodePoint(27));
  }, 60_000);

  it('names a spec file that failed as a whole', async () => {
    const outcome = readReport(await reportOf('broken', 'no such syntax'), folder);
    expect([outcome.passed, outcome.failed]).toEqual([0, 1]);
    expect(describeFailures(outcome)).toMatch(/^✖ broken\/a\.test\.js: as a whole\n.*SyntaxError/s);
  }, 60_000);

  it('is added up, and shows the beginning of a long reason', () => {
    const long = Array.from({ length: 60 }, (_, index) => `line ${index}`).join('\n');
    const outcome = together([failure('one'), { passed: 3, failed: 0, failures: [] }, failure('two', long)]);
    expect([outcome.passed, outcome.failed]).toEqual([3, 2]);
    const lines = describeFailures(outcome).split('\n');
    expect(lines.slice(0, 4)).toEqual(['✖ one', '', '✖ two', '    line 0']);
    expect(lines.at(-1)).toBe('    … 20 lines more');
  });
});
