// `node dist/import.js FILE --tenant ID`: records the purchases of a CSV file. Checks the whole file first and writes
// nothing when a line is bad; goes on where it stopped when it is run again. Exits with 1 when anything was wrong.
import { setTimeout as wait } from 'node:timers/promises';
import { openRestoreHolds } from '@dailydoco/database';
import { readConfig } from './config.js';
import { KnownStore } from './imports/known.store.js';
import { FileProblem } from './imports/purchase-file.adapter.js';
import { ImportStopped } from './imports/import-lines.js';
import { runImport } from './imports/run-import.adapter.js';
import { readArguments, USAGE } from './imports/import-arguments.js';
import { recordPurchaseOf } from './purchases/purchases.module.js';
import { createRuntime } from './runtime.js';

const wanted = readArguments(process.argv.slice(2));
if (typeof wanted === 'string') {
  process.stderr.write(`${wanted}\n\n${USAGE}\n`);
  process.exit(1);
}

const runtime = createRuntime(readConfig());
const { pool, clock, lifecycle, users, sites } = runtime;
try {
  if ((await openRestoreHolds(pool)).length > 0) {
    throw new FileProblem('the database was restored and that is not accepted yet: nothing may be written');
  }
  const recordPurchase = recordPurchaseOf(runtime);
  process.exitCode = await runImport(wanted, {
    reads: new KnownStore(pool, { users, sites }),
    // Who may run this may tell of any time.
    record: (order) => recordPurchase.record(order, { mayBackdate: true }),
    clock,
    pause: (ms) => wait(ms),
    out: process.stdout,
    err: process.stderr,
  });
} catch (error) {
  if (!(error instanceof FileProblem) && !(error instanceof ImportStopped)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
} finally {
  await lifecycle.shutdown('the import is over');
  await pool.end();
}
