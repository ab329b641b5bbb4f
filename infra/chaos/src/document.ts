import type { CaseResult } from './run-case.js';
import { KINDS } from './traffic/kinds.js';
import { ANSWER_BOUND_MS, DRAIN_BOUND_MS, RECOVERY_BOUND_MS } from './verdict/verdict.js';

export interface ChaosReport {
  readonly results: readonly CaseResult[];
  readonly seed: number;
  readonly minutes: number;
  readonly machine: string;
  readonly date: string;
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

function rowOf({ title, requests, failed, slowestMs, recoveryMs, drainedMs, violations }: CaseResult): string {
  const recovery = recoveryMs === undefined ? 'not seen' : seconds(recoveryMs);
  const verdict = violations.length === 0 ? 'ok' : violations.join('; ').replaceAll('|', '\\|');
  return `| ${title} | ${requests} | ${failed} | ${seconds(slowestMs)} | ${recovery} | ${seconds(drainedMs)} | ${verdict} |`;
}

/** The page about chaos, whole. */
export function chaosDocument({ results, seed, minutes, machine, date }: ChaosReport): string {
  const passed = results.filter(({ violations }) => violations.length === 0).length;
  const kinds = KINDS.map(
    ({ name, service, asks, perSecond }) =>
      `| ${name} | ${[service, asks].filter(Boolean).join(', ')} | ${perSecond}/s |`,
  );
  return `# Chaos

Made by \`npm run chaos -- --seed ${seed}\`: real processes and stores on one machine, a proxy in each line between them, a steady light load through the gateway. Each case
breaks one thing, mends it, waits until every kind of request succeeds again for 3 s, and then compares every account with what the plan's numbers alone say.
A word runs the cases whose title has it (\`npm run chaos -- Redis\`); \`--list\` names them all.

${date}, ${machine}. ${results.length} cases in ${minutes.toFixed(1)} minutes: ${passed} passed, ${results.length - passed} failed.

## What must hold

- No money is lost or doubled: purchases, accounts, trial balance and analytics agree with the load; nothing stays unpublished, nothing is parked.
- An answer is the right one, or 429, 502, 503 or 504 in a documented shape, with \`Retry-After\` where it belongs. Each comes within ${ANSWER_BOUND_MS / 1_000} s.
- Only what the broken thing answers may fail, by the table below; of everything else 99 %, and in the rolling restart all, must succeed.
- Recovery takes less than ${RECOVERY_BOUND_MS / 1_000} s from the end of the fault; what was accepted has reached ledger and analytics ${DRAIN_BOUND_MS / 1_000} s after the load at the latest.

| request | needs | load |
| --- | --- | ---: |
${kinds.join('\n')}

A service's death, its cut from Postgres, or from the gateway, may fail the requests that need it. Postgres, which all share here, and the gateway may fail all. Kafka, Redis and a
neighbour may fail none: events wait in the outbox, each process counts for itself, and what a neighbour said is remembered; only of buyers and sites never heard of a neighbour
must be asked, and without it their purchases may be refused. A line that is only slow or lossy may fail none.

## Lines and processes

A line is slow for 1 s (30–80 ms, half as much jitter, each way), lossy for 1 s (2–5 % of chunks), stalled for 2.5 s, parted for 5 s. A process is frozen for 5 s, a killed store is
away for 3 s, a killed service until its supervisor has it back. In the rolling restart each service and the gateway is there twice, and each process is replaced in its turn.

| case | requests | failed | slowest | recovered after | ledger whole after | verdict |
| --- | ---: | ---: | ---: | ---: | ---: | --- |
${results.map(rowOf).join('\n')}
`;
}
