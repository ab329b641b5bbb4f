// The worker alone with the rails of its settings, in a process of its own that a spec kills. Its clock stands where the
// spec's stands, in milliseconds since 1970.
import { readConfig } from '../src/config.js';
import { payoutRound } from '../src/payouts/payout-work.module.js';
import { createRuntime } from '../src/runtime.js';

const now = new Date(Number(process.argv[2]));
const runtime = createRuntime(readConfig(), { clock: { now: () => now } });
for (;;) await payoutRound(runtime);
