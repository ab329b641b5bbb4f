// `node dist/reconcile.js`: reconciles every tenant once, prints what it found, and exits 1 unless all is balanced.
import { readConfig } from './config.js';
import { createRuntime } from './runtime.js';
import { reconcileAll } from './reconciliation/reconcile-all.js';
import { reconciliation } from './reconciliation/reconciliation.module.js';

const runtime = createRuntime(readConfig());
const runs = await reconcileAll(reconciliation(runtime), new AbortController().signal);
for (const { tenantId, outcome, compared, inFlight, breaks } of runs) {
  process.stdout.write(`${tenantId}  ${outcome}  ${compared} purchases compared, ${inFlight} in flight\n`);
  for (const { invariant, subject, detail } of breaks) process.stdout.write(`  ${invariant}  ${subject}: ${detail}\n`);
}
process.exitCode = runs.every(({ outcome }) => outcome === 'balanced') ? 0 : 1;
await runtime.lifecycle.shutdown('the command is done');
await runtime.pool.end();
