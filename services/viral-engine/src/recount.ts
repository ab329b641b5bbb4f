// `node dist/recount.js --tenant ID`: compares a tenant's counts of networks with a recount from scratch, and exits with 1
// when they differ. With --repair it writes them anew; registrations wait meanwhile.
import { inDatabaseTransaction, openRestoreHolds } from '@dailydoco/database';
import { readConfig } from './config.js';
import { asTenantId, isUuid } from './ids.js';
import { compareCounts, repairCounts } from './network/recount.js';
import { RecountStore } from './network/recount.store.js';
import { createRuntime } from './runtime.js';

const USAGE = 'usage: node dist/recount.js --tenant ID [--repair]';
/** Differences that are named. */
const MOST = 100;

const [flag, tenant = '', repair, ...more] = process.argv.slice(2);
if (flag !== '--tenant' || !isUuid(tenant) || (repair ?? '--repair') !== '--repair' || more.length > 0) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(1);
}

const { pool, clock, lifecycle } = createRuntime(readConfig());
const tenantId = asTenantId(tenant);
try {
  if (repair !== undefined) {
    if ((await openRestoreHolds(pool)).length > 0)
      throw new Error('the database was restored and is held: nothing may be written');
    await inDatabaseTransaction(pool, (tx) => repairCounts(new RecountStore(tx), { tenantId, now: clock.now() }));
    process.stdout.write('the counts were written anew\n');
  }
  const differences = await compareCounts(new RecountStore(pool), { tenantId, now: clock.now(), most: MOST });
  for (const { table, row, counted, found } of differences) {
    process.stdout.write(`${table} ${row}: counted ${counted}, found ${found}\n`);
  }
  process.stdout.write(
    differences.length === 0
      ? 'counts and recount agree\n'
      : `${differences.length} rows differ (${MOST} are named at most)\n`,
  );
  process.exitCode = differences.length === 0 ? 0 : 1;
} finally {
  await lifecycle.shutdown('the recount is over');
  await pool.end();
}
