import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type RuleGroup, toPrometheus } from '../src/rules/rule.js';
import { ALERTS, RULE_GROUPS } from '../src/rules/rules.js';
import { LONG_CASES, SHORT_CASES } from './cases/cases.js';
import { promtool, testRules, writeUnitTests } from './promtool.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dailydoco-rules-'));
  writeRules('rules.yaml', RULE_GROUPS);
});

/** All groups at the interval of the file that tests them: promtool has one clock for all. */
function writeRules(file: string, groups: readonly RuleGroup[]): void {
  const written = groups.map(({ name, rules }) => toPrometheus({ name, rules }));
  writeFileSync(join(folder, file), stringify({ groups: written }, { lineWidth: 0 }));
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('The rules', () => {
  it('are what Prometheus reads', async () => {
    const { ok, output } = await promtool(['check', 'rules', '--lint-fatal', 'rules.yaml'], folder);
    expect({ ok, output }).toEqual({ ok: true, output: expect.stringMatching(/SUCCESS: \d+ rules found/) });
  });

  it('fire where they should, with the right words, and nowhere else', async () => {
    writeUnitTests(join(folder, 'alerts.test.yaml'), SHORT_CASES, { rules: 'rules.yaml', everyMinutes: 1 });
    expect(await testRules(folder, 'alerts.test.yaml')).toEqual({ ok: true, output: expect.any(String) });
  }, 300_000);

  it('spend error budgets as their numbers say, and know days from hours', async () => {
    writeUnitTests(join(folder, 'slo.test.yaml'), LONG_CASES, { rules: 'rules.yaml', everyMinutes: 5 });
    expect(await testRules(folder, 'slo.test.yaml')).toEqual({ ok: true, output: expect.any(String) });
  }, 300_000);

  it('are refused by the same means when one of them is wrong', async () => {
    writeUnitTests(join(folder, 'wrong.test.yaml'), [{ ...SHORT_CASES[0]!, fires: [] }], {
      rules: 'rules.yaml',
      everyMinutes: 1,
    });
    expect(await testRules(folder, 'wrong.test.yaml')).toEqual({
      ok: false,
      output: expect.stringContaining('FAILED'),
    });
  });
});

describe('Every alert', () => {
  const cases = [...SHORT_CASES, ...LONG_CASES];

  it.each(ALERTS.map(({ alert, severity }) => [alert, severity] as const))(
    '%s (%s) has a case in which it fires and one in which it does not',
    (alert, severity) => {
      const own = cases.filter((each) => each.alert === alert);
      expect({
        fires: own.some(({ fires }) => fires.some((firing) => firing.severity === severity)),
        quiet: own.some(({ fires }) => fires.length === 0),
      }).toEqual({ fires: true, quiet: true });
    },
  );
});
