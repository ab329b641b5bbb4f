import { counter, histogram } from '@dailydoco/telemetry';
import type { Payout } from './payout.js';
import type { FindingDecision, KeptFinding } from './review-payouts.js';

const steps = counter('dailydoco_payout_steps_total');
const settleTime = histogram('dailydoco_payout_settle_duration_seconds');
const decisions = counter('dailydoco_payout_finding_decisions_total');

/** Payouts after each step that they took by the service or by the word of their rail: told once the steps stand. */
export function measureSteps(changed: readonly Payout[]): void {
  for (const { status: step, rail, currency, requestedAt, changedAt } of changed) {
    steps.add(1, { step, rail, currency });
    if (step !== 'settled') continue;
    settleTime.record((changedAt.getTime() - requestedAt.getTime()) / 1_000, { rail, currency });
  }
}

/** The same by finance's decision: what finance has ended says nothing about the rail. */
export function measureReviewed(changed: readonly Payout[]): void {
  for (const { status, rail, currency } of changed) {
    steps.add(1, { step: status === 'failed' ? 'refused' : status, rail, currency });
  }
}

/** Findings that were closed, all by one decision. */
export function measureDecisions(
  closed: readonly Pick<KeptFinding, 'source' | 'code'>[],
  decision: FindingDecision,
): void {
  for (const { source, code } of closed) decisions.add(1, { source, code, decision });
}
