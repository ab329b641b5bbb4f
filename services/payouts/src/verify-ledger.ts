// `node dist/verify-ledger.js [--tenant ID] [--expect NUMBER:HASH]`: walks the chain of seals of every tenant, or of one,
// prints what is wrong and each head, and exits 1 unless all fits. A head that was kept elsewhere is given as `--expect`:
// a chain that was written anew from end to end does not have it.
import { parseArgs } from 'node:util';
import { readConfig } from './config.js';
import { asTenantId } from './ids.js';
import { walkSeals } from './ledger/seal-journals.js';
import { sealBreaks, sealedTenants, SealStore } from './ledger/seal.store.js';
import { createRuntime } from './runtime.js';

const { values } = parseArgs({ options: { tenant: { type: 'string' }, expect: { type: 'string' } } });
const [expectedNumber, expectedHash] = values.expect?.split(':') ?? [];
const runtime = createRuntime(readConfig());
const { pool, clock } = runtime;
const store = new SealStore(pool, clock);
const tenants = values.tenant === undefined ? await sealedTenants(pool) : [asTenantId(values.tenant)];
let fits = true;

for (const tenantId of tenants) {
  const { breaks, head } = await walkSeals(store, tenantId);
  const told = new Set(breaks.map(({ subject }) => subject));
  const more = (await sealBreaks(pool, tenantId, clock.now())).filter(({ subject }) => !told.has(subject));
  process.stdout.write(`${tenantId}  ${head.number} journals  head ${head.number}:${hexOf(head.hash)}\n`);
  for (const { subject, detail } of [...breaks, ...more]) process.stdout.write(`  ${subject}: ${detail}\n`);
  fits &&= breaks.length + more.length === 0;
  if (expectedNumber === undefined) continue;
  const kept = /^[0-9]{1,18}$/.test(expectedNumber) ? await store.at(tenantId, BigInt(expectedNumber)) : undefined;
  if (kept !== undefined && hexOf(kept.hash) === expectedHash) continue;
  process.stdout.write(`  seal ${expectedNumber} is not the one that was kept: the chain was written anew\n`);
  fits = false;
}
process.exitCode = fits ? 0 : 1;
await runtime.lifecycle.shutdown('the command is done');
await pool.end();

function hexOf(hash: Uint8Array): string {
  return Buffer.from(hash).toString('hex');
}
