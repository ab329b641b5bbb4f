// The worker alone, in a process of its own that a spec may kill: rounds until no payout waits for anything. When
// nothing is due its clock leaps, so that claims of the dead run out.
import { createRuntime } from '../src/runtime.js';
import { readConfig } from '../src/config.js';
import { payoutRound } from '../src/payouts/payout-work.module.js';
import { railThrough } from './books.js';
import { railRegistry } from '../src/rails/registry.js';
import { sandboxRail } from '../src/rails/sandbox/sandbox-rail.store.js';

const LEAP_MS = 600_000;
let offsetMs = Number(process.argv[2]);
const clock = { now: () => new Date(Date.now() + offsetMs) };
const runtime = createRuntime(readConfig(), { clock });
const tell = async <T>(answer: () => Promise<T>): Promise<T> => {
  process.send?.('call');
  return answer();
};
const rails = railRegistry([railThrough(sandboxRail({ sql: runtime.pool, clock }), { submit: tell, find: tell })]);

for (;;) {
  // A thousand payouts to one person are nothing that risk rules let through; this is about the rail.
  const more = await payoutRound({ ...runtime, rails, screens: () => [] });
  if (more) continue;
  const { rows } = await runtime.pool.query<{ open: number }>(
    'SELECT count(*)::int AS open FROM payout WHERE ask_at IS NOT NULL',
  );
  if (rows[0]?.open === 0) break;
  offsetMs += LEAP_MS;
}
process.exit(0);
