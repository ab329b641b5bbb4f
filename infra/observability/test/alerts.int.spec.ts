import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { NAMESPACE_RULES } from '../src/rules/fleet.js';
import { isAlert, type RuleGroup, toPrometheus } from '../src/rules/rule.js';
import { ALERTS, RULE_GROUPS } from '../src/rules/rules.js';
import { SLO_GROUPS } from '../src/rules/slo.js';
import type { AlertCase } from './cases/alert-case.js';
import { LONG_CASES, SHORT_CASES } from './cases/cases.js';
import { promtool, writeUnitTests } from './promtool.js';

let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dailydoco-rules-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Rules that are tested together, without those that have nothing to say there: promtool computes all of a file. */
const SETS: readonly (readonly RuleGroup[])[] = [
  [NAMESPACE_RULES, ...SLO_GROUPS],
  ...RULE_GROUPS.filter((group) => group !== NAMESPACE_RULES && !SLO_GROUPS.includes(group)).map((group) => [
    NAMESPACE_RULES,
    group,
  ]),
];

/** At one interval: promtool has one clock for all. */
function writeRules(file: string, groups: readonly RuleGroup[]): void {
  const written = groups.map(({ name, rules }) => toPrometheus({ name, rules }));
  writeFileSync(join(folder, file), stringify({ groups: written }, { lineWidth: 0 }));
}

/** The cases of a set's alerts, as a file of unit tests; undefined when there are none. */
function writeCases(set: readonly RuleGroup[], cases: readonly AlertCase[], everyMinutes: number): string | undefined {
  const alerts = new Set(set.flatMap(({ rules }) => rules.filter((rule) => isAlert(rule)).map(({ alert }) => alert)));
  const own = cases.filter(({ alert }) => alerts.has(alert));
  if (own.length === 0) return undefined;
  const name = `${set.at(-1)?.name}-${everyMinutes}`;
  writeRules(`${name}.rules.yaml`, set);
  writeUnitTests(join(folder, `${name}.test.yaml`), own, { rules: `${name}.rules.yaml`, everyMinutes });
  return `${name}.test.yaml`;
}

async function runCases(cases: readonly AlertCase[], everyMinutes: number) {
  const files = SETS.map((set) => writeCases(set, cases, everyMinutes)).filter((file) => file !== undefined);
  const { ok, output } = await promtool(['test', 'rules', ...files], folder);
  return { ok, output: output.replaceAll(/Unit Testing: {2}.+\n {2}SUCCESS\n\n/g, '') };
}

describe('The rules', () => {
  it('are what Prometheus reads', async () => {
    writeRules('rules.yaml', RULE_GROUPS);
    const { ok, output } = await promtool(['check', 'rules', '--lint-fatal', 'rules.yaml'], folder);
    expect({ ok, output }).toEqual({ ok: true, output: expect.stringMatching(/SUCCESS: \d+ rules found/) });
  });

  it('fire where they should, with the right words, and nowhere else', async () => {
    expect(await runCases(SHORT_CASES, 1)).toEqual({ ok: true, output: '' });
  }, 300_000);

  it('spend error budgets as their numbers say, and know days from hours', async () => {
    expect(await runCases(LONG_CASES, 5)).toEqual({ ok: true, output: '' });
  }, 300_000);

  it('are refused by the same means when they say another thing than was expected', async () => {
    const [one] = SHORT_CASES;
    const wrong = SHORT_CASES.filter((each) => each === one).map((each) => ({ ...each, fires: [] }));
    expect(await runCases(wrong, 1)).toEqual({ ok: false, output: expect.stringContaining('FAILED') });
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

  it('that a case names exists', () => {
    const known = new Set(ALERTS.map(({ alert }) => alert));
    expect(cases.filter(({ alert }) => !known.has(alert))).toEqual([]);
  });
});
