import { setTimeout as wait } from 'node:timers/promises';
import { audit, expectedEarnings } from '@dailydoco/load';
import { seededRandom } from '@dailydoco/testing';
import type { Case, Stage } from './cases/case.js';
import type { Inhabitants } from './traffic/inhabitants.js';
import { KINDS } from './traffic/kinds.js';
import { isBad } from './traffic/sample.js';
import { Traffic } from './traffic/traffic.js';
import { recoveredAtMs } from './verdict/recovery.js';
import { type Allowance, told, violationsIn } from './verdict/verdict.js';

/** What a case came to. */
export interface CaseResult {
  readonly title: string;
  readonly seed: number;
  readonly requests: number;
  readonly failed: number;
  /** The commonest of those that failed. */
  readonly failures: string;
  readonly slowestMs: number;
  readonly recoveryMs: number | undefined;
  readonly drainedMs: number;
  readonly violations: readonly string[];
}

/** Nothing may fail for so long before the fault: each kind has then succeeded, and what is to be remembered is. */
const QUIET_BEFORE_MS = 1_200;
const QUIET_MS = 3_000;
const WATCH_EVERY_MS = 100;
/** Longer than the bound, so that a late recovery is told from none. */
const WAIT_FOR_RECOVERY_MS = 45_000;
const EVERY_KIND = KINDS.map(({ name }) => name);

/** Load, the fault, its end, the recovery, the end of the load; then what the books say. */
export async function runCase(chosen: Case, seed: number, stage: Stage, inhabitants: Inhabitants): Promise<CaseResult> {
  const traffic = new Traffic({ doors: stage.doors, inhabitants, tokens: await inhabitants.tokens() });
  traffic.start();
  try {
    const course = await strike(chosen, seed, stage, traffic);
    await traffic.stop();
    return await judged(chosen, { seed, traffic, ...course }, stage, inhabitants);
  } catch (error) {
    traffic.abandon();
    throw error;
  }
}

/** How a case went by. */
interface Course {
  /** What was sent earlier is no evidence. */
  readonly beganMs: number;
  readonly allowances: readonly Allowance[];
  readonly recoveryMs: number | undefined;
}

/** The fault, its end and the recovery, under load. */
async function strike(chosen: Case, seed: number, stage: Stage, traffic: Traffic): Promise<Course> {
  const allowances: Allowance[] = [];
  let beganMs = 0;
  let endedMs: number;
  try {
    if ((await watchRecovery(traffic, performance.now(), QUIET_BEFORE_MS)) === undefined)
      throw new Error(`the fleet was not well before "${chosen.title}": ${told(traffic.samples.filter(isBad))}`);
    beganMs = performance.now();
    for (const { mayFail: kinds, mayBeSilent: silently = false, run } of chosen.phases(seededRandom(seed))) {
      allowances.push({ kinds, silently, fromMs: performance.now() });
      await run(stage);
    }
  } finally {
    await chosen.end(stage);
    endedMs = performance.now();
  }
  const recoveredMs = await watchRecovery(traffic, endedMs, QUIET_MS);
  return { beganMs, allowances, recoveryMs: recoveredMs && recoveredMs - endedMs };
}

async function watchRecovery({ samples }: Traffic, fromMs: number, quietMs: number): Promise<number | undefined> {
  for (;;) {
    const nowMs = performance.now();
    const recovered = recoveredAtMs(samples, { fromMs, nowMs, kinds: EVERY_KIND, quietMs });
    if (recovered !== undefined || nowMs > fromMs + WAIT_FOR_RECOVERY_MS) return recovered;
    await wait(WATCH_EVERY_MS);
  }
}

interface Heard extends Course {
  readonly seed: number;
  readonly traffic: Traffic;
}

async function judged(
  { title, flawless = false }: Case,
  { seed, traffic, beganMs, allowances, recoveryMs }: Heard,
  { fleet }: Stage,
  inhabitants: Inhabitants,
): Promise<CaseResult> {
  const { givenUp } = traffic;
  const samples = traffic.samples.filter(({ sentMs }) => sentMs >= beganMs);
  const bad = samples.filter(isBad);
  const purchases = inhabitants.purchases;
  const found = await audit(fleet, inhabitants.world, {
    purchases,
    earnings: expectedEarnings(inhabitants.bought),
    token: await inhabitants.ownerToken(),
    personTokens: await inhabitants.personTokens(),
  });
  return {
    title,
    seed,
    requests: samples.length,
    failed: bad.length,
    failures: told(bad),
    slowestMs: samples.reduce((slowest, { result }) => Math.max(slowest, result?.tookMs ?? 0), 0),
    recoveryMs,
    drainedMs: found.drainedMs,
    violations: violationsIn({ samples, allowances, flawless, givenUp, recoveryMs, audit: found, purchases }),
  };
}
