import type { Audit } from '@dailydoco/load';
import { isBad, type Sample } from '../traffic/sample.js';

/** A kind may fail from here on; `silently`: even without an answer. */
export interface Allowance {
  readonly kinds: readonly string[];
  readonly silently: boolean;
  readonly fromMs: number;
}

/** All that happened in one case. */
export interface Evidence {
  readonly samples: readonly Sample[];
  readonly allowances: readonly Allowance[];
  readonly flawless: boolean;
  readonly givenUp: number;
  /** From the end of the fault; undefined: not in time. */
  readonly recoveryMs: number | undefined;
  readonly audit: Audit;
  /** What the ledger must hold. */
  readonly purchases: number;
}

/** The gateway gives up a connection after 2 s, twice, and an answer after 30 s. */
export const ANSWER_BOUND_MS = 36_000;
export const RECOVERY_BOUND_MS = 30_000;
/** What was accepted has reached the ledger and analytics. */
export const DRAIN_BOUND_MS = 60_000;
const OTHERS_MAY_FAIL_SHARE = 0.01;

/** Whether a failure is one that the fault explains: it was sent, or still under way, when its kind was allowed to fail. */
function isExplained(sample: Sample, allowances: readonly Allowance[]): boolean {
  const { kind, sentMs, result } = sample;
  const endedMs = sentMs + (result?.tookMs ?? 0);
  return allowances.some(
    ({ kinds, silently, fromMs }) =>
      kinds.includes(kind) && endedMs >= fromMs && (silently || result?.outcome === 'refused'),
  );
}

/** What the fault does not explain, each thing a sentence. Empty: the case passed. */
export function violationsIn(evidence: Evidence): string[] {
  const { samples, allowances, recoveryMs, givenUp } = evidence;
  const bad = samples.filter(isBad);
  const unclean = bad.filter(({ result }) => result?.outcome !== 'refused' && result?.outcome !== 'ok');
  const unexplainedUnclean = unclean.filter((sample) => !isExplained(sample, allowances));
  const slow = samples.filter(({ result }) => result === undefined || result.tookMs > ANSWER_BOUND_MS);
  return [
    ...(unexplainedUnclean.length > 0 ? [`${unexplainedUnclean.length} unclean: ${told(unexplainedUnclean)}`] : []),
    ...(slow.length > 0 ? [`${slow.length} without an answer within ${ANSWER_BOUND_MS / 1_000} s: ${told(slow)}`] : []),
    ...othersIn(evidence, bad),
    ...(recoveryMs === undefined || recoveryMs > RECOVERY_BOUND_MS
      ? [`no recovery within ${RECOVERY_BOUND_MS / 1_000} s`]
      : []),
    ...(givenUp > 0 ? [`${givenUp} purchases were never acknowledged`] : []),
    ...moneyIn(evidence),
  ];
}

/** Requests that the fault should not have touched. */
function othersIn({ samples, allowances, flawless }: Evidence, bad: readonly Sample[]): string[] {
  const allowed = new Set(allowances.flatMap(({ kinds }) => kinds));
  const others = samples.filter(({ kind }) => !allowed.has(kind));
  const hit = bad.filter((sample) => !isExplained(sample, allowances));
  const touched = hit.filter(({ kind }) => !allowed.has(kind));
  const early = hit.filter(({ kind, result }) => allowed.has(kind) && result?.outcome === 'refused');
  const share = flawless ? 0 : OTHERS_MAY_FAIL_SHARE;
  return [
    ...(touched.length > share * others.length
      ? [`${touched.length} of ${others.length} others failed: ${told(touched)}`]
      : []),
    ...(early.length > share * samples.length
      ? [`${early.length} failed before anything was broken: ${told(early)}`]
      : []),
  ];
}

function moneyIn({ audit, purchases }: Evidence): string[] {
  return [
    ...(audit.recorded !== purchases ? [`${audit.recorded} purchases recorded, not ${purchases}`] : []),
    ...(audit.lost !== '0.00' ? [`${audit.lost} lost`] : []),
    ...(audit.extra !== '0.00' ? [`${audit.extra} too much`] : []),
    ...(audit.difference !== '0.00' ? [`trial balance differs by ${audit.difference}`] : []),
    ...(audit.unpublished !== 0 ? [`${audit.unpublished} events not published`] : []),
    ...(audit.parked !== 0 ? [`${audit.parked} events parked`] : []),
    ...(audit.analytics !== purchases ? [`analytics counts ${audit.analytics} purchases, not ${purchases}`] : []),
    ...(audit.drainedMs > DRAIN_BOUND_MS
      ? [`the ledger was whole only after ${Math.round(audit.drainedMs / 1_000)} s`]
      : []),
  ];
}

/** The commonest of them, in few words. */
export function told(samples: readonly Sample[]): string {
  const counts = new Map<string, number>();
  for (const { kind, result } of samples) {
    const words = `${kind} ${result?.why ?? 'no answer'}`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const common = [...counts].toSorted(([, a], [, b]) => b - a).slice(0, 3);
  return common.map(([words, count]) => `${words} (${count})`).join('; ');
}
