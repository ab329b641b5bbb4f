import { setTimeout as wait } from 'node:timers/promises';
import { answersOk } from '@dailydoco/local';
import type { Case, Stage } from './case.js';

/** What leaves together: each service on its own would be too long, and all at once would be no rolling. */
const WAVES = [
  ['identity', 'payouts', 'website-builder'],
  ['viral-engine', 'analytics', 'ai-gateway'],
  ['identity-2', 'payouts-2', 'website-builder-2'],
  ['viral-engine-2', 'analytics-2', 'ai-gateway-2'],
  ['gateway'],
  ['gateway-2'],
];

/** The gateways ask the instances every two seconds. */
const UNTIL_FOUND_MS = 3_000;
/** A balancer in front hears of a leaving gateway no later than this. */
const UNTIL_LEFT_MS = 500;
const READY_WITHIN_MS = 120_000;

async function replace({ fleet, doors }: Stage, name: string): Promise<void> {
  const managed = fleet.processes.get(name);
  const page = fleet.healthPages.get(name);
  if (managed === undefined || page === undefined) throw new Error(`the fleet has no process ${name}`);
  const url = new URL(page).origin;
  const isGateway = name.startsWith('gateway');
  if (isGateway) {
    doors.close(url);
    await wait(UNTIL_LEFT_MS);
  }
  await managed.stop();
  managed.start();
  await untilWell(name, page);
  if (isGateway) doors.reopen(url);
}

async function untilWell(name: string, page: string): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answersOk(page))) {
    if (Date.now() > deadline) throw new Error(`${name} did not come back`);
    await wait(200);
  }
}

/** Every process is replaced under load as an upgrade does it: SIGTERM, the next when the new one is ready. */
export const ROLLING_CASE: Case = {
  title: 'rolling restart of everything',
  fleet: 'doubled',
  flawless: true,
  phases: () =>
    WAVES.map((names) => ({
      title: names.join(', '),
      mayFail: [],
      run: async (stage) => {
        await Promise.all(names.map((name) => replace(stage, name)));
        await wait(UNTIL_FOUND_MS);
      },
    })),
  end: () => Promise.resolve(),
};
