import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { ensureDebianProgram } from '@dailydoco/tools';
import { stringify } from 'yaml';
import { labelsOf, RUNBOOKS_URL, runbookOf } from '../src/rules/rule.js';
import { ALERTS } from '../src/rules/rules.js';
import { name, type AlertCase, type Firing } from './cases/alert-case.js';

const run = promisify(execFile);

export interface Checked {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs promtool of Debian's package `prometheus` in a folder. */
export async function promtool(args: readonly string[], cwd: string): Promise<Checked> {
  const program = await ensureDebianProgram('promtool', 'prometheus');
  try {
    const { stdout, stderr } = await run(program, args, { cwd, timeout: 300_000, maxBuffer: 1 << 26 });
    return { ok: true, output: stdout + stderr };
  } catch (failure) {
    // 1: what it was shown is wrong. Anything else (it was ended, it could not be started) tells nothing about that.
    const { code, stdout = '', stderr = '' } = failure as { code?: unknown; stdout?: string; stderr?: string };
    if (code !== 1) throw failure;
    return { ok: false, output: stdout + stderr };
  }
}

/** That a fleet runs in the namespace of the cases, in each of them. */
function aFleet(minutes: number): Record<string, string> {
  return { [name('dailydoco_process_start_time_seconds', { job: 'viral-engine', instance: 'other' })]: `1x${minutes}` };
}

function expected(alert: string, { severity, labels, description }: Firing): object {
  const rule = ALERTS.find((each) => each.alert === alert && each.severity === severity);
  if (rule === undefined) throw new Error(`there is no ${severity} alert ${alert}`);
  return {
    exp_labels: { ...labelsOf(rule), ...labels },
    exp_annotations: { summary: rule.summary, description, runbook_url: `${RUNBOOKS_URL}/${runbookOf(alert)}` },
  };
}

/** Writes cases as promtool's unit tests. */
export function writeUnitTests(
  file: string,
  cases: readonly AlertCase[],
  { rules, everyMinutes }: { rules: string; everyMinutes: number },
): void {
  const document = {
    rule_files: [rules],
    evaluation_interval: `${everyMinutes}m`,
    tests: cases.map(({ alert, says, series, atMinute, fires }) => ({
      name: `${alert} ${says}`,
      interval: '1m',
      input_series: Object.entries({ ...aFleet(atMinute), ...series }).map(([label, values]) => ({
        series: label,
        values,
      })),
      alert_rule_test: [
        { eval_time: `${atMinute}m`, alertname: alert, exp_alerts: fires.map((firing) => expected(alert, firing)) },
      ],
    })),
  };
  writeFileSync(file, stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }));
}
