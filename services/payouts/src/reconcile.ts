// `node dist/reconcile.js`: reconciles every tenant once, prints what it found, and exits 1 unless all is balanced.
// `node dist/reconcile.js --report 2026-11-21`: prints what that day came to, tenant by tenant; a report that is missing is
// made, after a comparison if there was none since. Exits 1 unless all of them are balanced.
import { parseArgs } from 'node:util';
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { type Day, parseDay } from './reconciliation/day.js';
import { reconcileAll } from './reconciliation/reconcile-all.js';
import { reconciliation, reportOf } from './reconciliation/reconciliation.module.js';
import { reportText } from './reconciliation/report-text.js';

const { values } = parseArgs({ options: { report: { type: 'string' } } });
const day = values.report === undefined ? undefined : parseDay(values.report);
if (values.report !== undefined && day === undefined) {
  process.stderr.write('--report wants a day, such as 2026-11-21\n');
  process.exit(2);
}
const runtime = createRuntime(readConfig());
const allIsWell = day === undefined ? await reconcile() : await tell(day);
process.exitCode = allIsWell ? 0 : 1;
await runtime.lifecycle.shutdown('the command is done');
await runtime.pool.end();

async function reconcile(): Promise<boolean> {
  const runs = await reconcileAll(reconciliation(runtime), new AbortController().signal);
  for (const { tenantId, outcome, compared, inFlight, breaks } of runs) {
    process.stdout.write(`${tenantId}  ${outcome}  ${compared} purchases compared, ${inFlight} in flight\n`);
    for (const { invariant, subject, detail } of breaks)
      process.stdout.write(`  ${invariant}  ${subject}: ${detail}\n`);
  }
  return runs.every(({ outcome }) => outcome === 'balanced');
}

async function tell(wanted: Day): Promise<boolean> {
  const outcomes: boolean[] = [];
  for (const tenantId of await reconciliation(runtime).tenants()) {
    const report = await reportOf(runtime, tenantId, wanted);
    process.stdout.write(
      report === undefined
        ? `${tenantId}  no comparison was finished since ${wanted.text}\n\n`
        : `${reportText(report)}\n`,
    );
    outcomes.push(report?.outcome === 'balanced');
  }
  return outcomes.every(Boolean);
}
