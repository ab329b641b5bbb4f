import { fires, of, quiet, type AlertCase } from './alert-case.js';

const HOLD = 'dailydoco_restore_hold';
const BREAKS = 'dailydoco_reconciliation_breaks_total';
const OLDEST_BREAK = 'dailydoco_reconciliation_oldest_break_age_seconds';
const RUNS = 'dailydoco_reconciliation_runs_total';
const OLDEST = 'dailydoco_payouts_oldest_unsettled_age_seconds';
const UNSEALED = 'dailydoco_ledger_oldest_unsealed_age_seconds';
const STEPS = 'dailydoco_payout_steps_total';
const REFUSED = 'dailydoco_group_writer_refused_items_total';
const QUEUE = 'dailydoco_group_writer_queue_items';
const COMMITS = 'dailydoco_group_writer_commit_duration_seconds_count';
const CLICKS = 'dailydoco_clicks_dropped_total';
const WEBHOOK_AGE = 'dailydoco_webhook_oldest_due_age_seconds';
const OLDEST_REVIEW = 'dailydoco_fraud_oldest_review_age_seconds';
const OLDEST_HIT = 'dailydoco_screening_oldest_hit_age_seconds';
const LOG_AGE = 'dailydoco_log_oldest_waiting_age_seconds';
const OVERDUE = 'dailydoco_overdue_disputes';
const ANCHORS = 'dailydoco_log_anchors_total';
const ANCHOR_OVERDUE = 'dailydoco_log_anchor_overdue_seconds';
const NETWORK = 'dailydoco_network_waiting_members';
const SETTLED = 'dailydoco_webhook_events_settled_total';
const UNRECORDED = 'dailydoco_completions_unrecorded_total';
const COMPLETIONS = 'dailydoco_completions_total';
const WALLET = 'dailydoco_usdc_wallet_balance_dollars';
const WANTED = 'dailydoco_usdc_wallet_wanted_dollars';
const GAS = 'dailydoco_usdc_wallet_gas_transfers';
const CHAIN = { chain: '8453' };
const DD = { namespace: 'dd' };

function steps(failed: number, settled: number): Record<string, string> {
  return {
    [of(STEPS, 'payouts', { step: 'failed' })]: `0+${failed}x60`,
    [of(STEPS, 'payouts', { step: 'settled' })]: `0+${settled}x60`,
  };
}

/** Long enough for an alert that must hold for an hour. */
const SOON = 90;

function weekOfSteps(counts: Record<string, number>, rail = 'sepa'): Record<string, string> {
  return Object.fromEntries(
    Object.entries(counts).map(([step, count]) => [
      of(STEPS, 'payouts', { step, rail, currency: 'EUR' }),
      `0 0 ${count}x${SOON}`,
    ]),
  );
}

function weekOfSettling(within: Record<string, number>, rail: string): Record<string, string> {
  const [all] = Object.values(within).toSorted((a, b) => b - a);
  return Object.fromEntries(
    [...Object.entries(within), ['+Inf', all]].map(([le, count]) => [
      of('dailydoco_payout_settle_duration_seconds_bucket', 'payouts', { le: String(le), rail, currency: 'EUR' }),
      `0 0 ${count}x${SOON}`,
    ]),
  );
}

function completions(broken: number, complete: number): Record<string, string> {
  return {
    [of(COMPLETIONS, 'ai-gateway', { provider: 'openai', status: 'broken' })]: `0+${broken}x40`,
    [of(COMPLETIONS, 'ai-gateway', { provider: 'openai', status: 'complete' })]: `0+${complete}x40`,
  };
}

const stuckFor = (age: string) =>
  `The oldest payout in dd that the rail has neither settled nor refused is ${age} old.`;

export const MONEY_CASES: readonly AlertCase[] = [
  fires('RestoreHeld', 'while a restored service is read-only', {
    series: { [of(HOLD, 'payouts')]: '1x20' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: { ...DD, job: 'payouts' },
      description:
        'payouts in dd was restored to an earlier point and is read-only until somebody accepts what reconciliation lists.',
    },
  }),
  quiet('RestoreHeld', 'once it was accepted', { series: { [of(HOLD, 'payouts')]: '1x3 0x20' }, atMinute: 15 }),
  fires('LedgerBreaks', 'at the first break, though its counter was not there before', {
    series: { [of(BREAKS, 'payouts', { invariant: 'I4' })]: '_x5 3x10' },
    atMinute: 8,
    firing: {
      severity: 'critical',
      labels: { ...DD, invariant: 'I4' },
      description: 'Reconciliation found 3 breaks of I4 in dd within the hour.',
    },
  }),
  fires('LedgerBreaks', 'when a counter that stood still grows', {
    series: { [of(BREAKS, 'payouts', { invariant: 'I1' })]: '2x100 4x60' },
    atMinute: 140,
    firing: {
      severity: 'critical',
      labels: { ...DD, invariant: 'I1' },
      description: 'Reconciliation found 2 breaks of I1 in dd within the hour.',
    },
  }),
  quiet('LedgerBreaks', 'about a rail that keeps a payout to itself', {
    series: { [of(BREAKS, 'payouts', { invariant: 'R6' })]: '_x5 3x10' },
    atMinute: 8,
  }),
  quiet('LedgerBreaks', 'about breaks of hours ago that were mended', {
    series: { [of(BREAKS, 'payouts', { invariant: 'I4' })]: '3x240' },
    atMinute: 200,
  }),
  fires('UsdcWalletShort', 'when partners have asked for more than the wallet has', {
    series: { [of(WALLET, 'payouts', CHAIN)]: '1000x30', [of(WANTED, 'payouts', CHAIN)]: '1250x30' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { ...DD, ...CHAIN },
      description: 'The wallet on chain 8453 in dd lacks 250 USD for the payouts that have not ended.',
    },
  }),
  quiet('UsdcWalletShort', 'while the wallet has all of it', {
    series: { [of(WALLET, 'payouts', CHAIN)]: '1000x30', [of(WANTED, 'payouts', CHAIN)]: '1000x30' },
    atMinute: 15,
  }),
  fires('UsdcGasShort', 'when its gas pays for few more payments', {
    series: { [of(GAS, 'payouts', CHAIN)]: '19x30' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { ...DD, ...CHAIN },
      description: 'The gas of the wallet on chain 8453 in dd pays for 19 more payments.',
    },
  }),
  quiet('UsdcGasShort', 'while it pays for enough', { series: { [of(GAS, 'payouts', CHAIN)]: '20x30' }, atMinute: 15 }),
  fires('LedgerBreaksWait', 'when one has stood for more than a day', {
    series: { [of(OLDEST_BREAK, 'payouts')]: '90000x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The oldest break in dd that is neither resolved nor accepted is 1d 1h 0m 0s old.',
    },
  }),
  quiet('LedgerBreaksWait', 'on its first day', {
    series: { [of(OLDEST_BREAK, 'payouts')]: '80000x30' },
    atMinute: 20,
  }),
  fires('ReconciliationMissing', 'when every run fails', {
    series: { [of('up', 'payouts')]: '1x120', [of(RUNS, 'payouts', { outcome: 'failed' })]: '0+1x120' },
    atMinute: 100,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'No reconciliation was finished in dd for more than an hour.',
    },
  }),
  fires('ReconciliationMissing', 'when payouts runs and nobody reconciles', {
    series: { [of('up', 'payouts')]: '1x120' },
    atMinute: 40,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'No reconciliation was finished in dd for more than an hour.',
    },
  }),
  quiet('ReconciliationMissing', 'when one is finished every quarter of an hour, breaks or not', {
    series: {
      [of('up', 'payouts')]: '1x120',
      [of(RUNS, 'payouts', { outcome: 'breaks' })]: '0x14 1x14 2x14 3x14 4x14 5x14 6x14 7x14',
    },
    atMinute: 100,
  }),
  fires('PayoutsStuck', 'as a warning after two hours', {
    series: { [of(OLDEST, 'payouts')]: '7200x30' },
    atMinute: 15,
    firing: { severity: 'warning', labels: DD, description: stuckFor('2h 0m 0s') },
  }),
  fires('PayoutsStuck', 'critically after seven', {
    series: { [of(OLDEST, 'payouts')]: '25200x30' },
    atMinute: 15,
    firing: [
      { severity: 'critical', labels: DD, description: stuckFor('7h 0m 0s') },
      { severity: 'warning', labels: DD, description: stuckFor('7h 0m 0s') },
    ],
  }),
  quiet('PayoutsStuck', 'after fifty minutes', { series: { [of(OLDEST, 'payouts')]: '3000x30' }, atMinute: 15 }),
  fires('PayoutsUnknown', 'when an answer has been lost for an hour', {
    series: { [of('dailydoco_payouts_oldest_unknown_age_seconds', 'payouts')]: '3600x30' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The oldest payout in dd whose answer was lost has been unknown for 1h 0m 0s.',
    },
  }),
  quiet('PayoutsUnknown', 'when it was lost a quarter of an hour ago', {
    series: { [of('dailydoco_payouts_oldest_unknown_age_seconds', 'payouts')]: '900x30' },
    atMinute: 15,
  }),
  fires('PayoutsFail', 'when half of the payouts fail', {
    series: steps(1, 1),
    atMinute: 60,
    firing: {
      severity: 'warning',
      labels: DD,
      description: '50% of the payouts of the last hour in dd failed or came back.',
    },
  }),
  quiet('PayoutsFail', 'when one in twenty does', { series: steps(1, 19), atMinute: 60 }),
  fires('PayoutSuccessLow', 'when one payout in ten comes back after it had settled', {
    series: weekOfSteps({ settled: 100, returned: 10 }),
    atMinute: SOON,
    firing: {
      severity: 'warning',
      labels: { ...DD, rail: 'sepa', currency: 'EUR' },
      description: '90% of the payouts of the week by sepa in EUR in dd arrived and stayed; 95 % are wanted.',
    },
  }),
  quiet('PayoutSuccessLow', 'when one in twenty fails, and about what finance refuses', {
    series: weekOfSteps({ settled: 95, failed: 5, refused: 60 }),
    atMinute: SOON,
  }),
  quiet('PayoutSuccessLow', 'about the sandbox, and about few', {
    series: {
      ...weekOfSteps({ settled: 50, failed: 50 }, 'sandbox'),
      ...weekOfSteps({ settled: 5, failed: 5 }, 'ach'),
    },
    atMinute: SOON,
  }),
  fires('PayoutsSettleSlowly', 'when one in ten takes two days', {
    series: { ...weekOfSteps({ settled: 100 }, 'stripe'), ...weekOfSettling({ '86400': 90, '172800': 100 }, 'stripe') },
    atMinute: SOON,
    firing: {
      severity: 'warning',
      labels: { ...DD, rail: 'stripe', currency: 'EUR' },
      description:
        'One in twenty payouts of the week by stripe in EUR in dd took longer than 1d 12h 0m 0s; a day is wanted, four by a bank.',
    },
  }),
  quiet('PayoutsSettleSlowly', 'about a bank that takes two days', {
    series: { ...weekOfSteps({ settled: 100 }, 'sepa'), ...weekOfSettling({ '86400': 90, '172800': 100 }, 'sepa') },
    atMinute: SOON,
  }),
  fires('LedgerSealsLate', 'when a journal has no seal after ten minutes', {
    series: { [of(UNSEALED, 'payouts')]: '600x20' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The oldest journal in dd that is not in the chain of hashes is 10m 0s old; 60 s are promised.',
    },
  }),
  quiet('LedgerSealsLate', 'about a minute', { series: { [of(UNSEALED, 'payouts')]: '60x20' }, atMinute: 10 }),
  fires('GroupWriterRefuses', 'critically when purchases are turned away', {
    series: { [of(REFUSED, 'viral-engine', { writer: 'purchases' })]: '0+60x10' },
    atMinute: 6,
    firing: {
      severity: 'critical',
      labels: { ...DD, job: 'viral-engine', writer: 'purchases' },
      description: 'The writer purchases of viral-engine in dd refuses 1 items a second.',
    },
  }),
  fires('GroupWriterRefuses', 'as a warning for any other writer', {
    series: { [of(REFUSED, 'analytics', { writer: 'events' })]: '0+120x10' },
    atMinute: 6,
    firing: {
      severity: 'warning',
      labels: { ...DD, job: 'analytics', writer: 'events' },
      description: 'The writer events of analytics in dd refuses 2 items a second.',
    },
  }),
  quiet('GroupWriterRefuses', 'about what was refused before', {
    series: { [of(REFUSED, 'viral-engine', { writer: 'purchases' })]: '5x10' },
    atMinute: 6,
  }),
  fires('GroupWriterQueueLong', 'when more than half of a queue is taken', {
    series: { [of(QUEUE, 'analytics', { writer: 'events' })]: '150x10' },
    atMinute: 7,
    firing: {
      severity: 'warning',
      labels: { ...DD, job: 'analytics', writer: 'events' },
      description:
        'At least 150 items have been waiting for the writer events of analytics in dd at every look for 2 minutes.',
    },
  }),
  quiet('GroupWriterQueueLong', 'when the queue is a longer one', {
    series: { [of(QUEUE, 'viral-engine', { writer: 'purchases' })]: '150x10' },
    atMinute: 7,
  }),
  fires('GroupCommitsFail', 'when commits fail for minutes', {
    series: { [of(COMMITS, 'viral-engine', { writer: 'purchases', outcome: 'failed' })]: '0+60x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...DD, job: 'viral-engine', writer: 'purchases' },
      description: '1 commits a second of the writer purchases of viral-engine in dd fail.',
    },
  }),
  quiet('GroupCommitsFail', 'when they succeed', {
    series: { [of(COMMITS, 'viral-engine', { writer: 'purchases', outcome: 'committed' })]: '0+60x20' },
    atMinute: 12,
  }),
  fires('DisputesOverdue', 'when one has been past its deadline for an hour', {
    series: { [of(OVERDUE, 'viral-engine')]: '0x5 2x80' },
    atMinute: 70,
    firing: {
      severity: 'warning',
      labels: DD,
      description: '2 disputes in dd are undecided past their deadline.',
    },
  }),
  quiet('DisputesOverdue', 'when they were decided', {
    series: { [of(OVERDUE, 'viral-engine')]: '2x30 0x60' },
    atMinute: 80,
  }),
  fires('WebhookEventsLost', 'at the first one that is refused', {
    series: { [of(SETTLED, 'viral-engine', { outcome: 'refused' })]: '_x5 1x80' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: { ...DD, outcome: 'refused' },
      description: '1 events of billing systems were refused in dd within the hour.',
    },
  }),
  quiet('WebhookEventsLost', 'when they are applied or parked', {
    series: {
      [of(SETTLED, 'viral-engine', { outcome: 'applied' })]: '0+60x40',
      [of(SETTLED, 'viral-engine', { outcome: 'parked' })]: '0+2x40',
    },
    atMinute: 30,
  }),
  fires('ClicksDropped', 'when clicks are lost', {
    series: { [of(CLICKS, 'viral-engine', { reason: 'full' })]: '0x5 40x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...DD, reason: 'full' },
      description: '40 clicks were not recorded in dd within 10 minutes (full).',
    },
  }),
  fires('ClicksDropped', 'when a process tells at its start what a kill lost', {
    series: { [of(CLICKS, 'viral-engine', { reason: 'killed' })]: '_x11 3x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...DD, reason: 'killed' },
      description: '3 clicks were not recorded in dd within 10 minutes (killed).',
    },
  }),
  quiet('ClicksDropped', 'ten minutes later', {
    series: { [of(CLICKS, 'viral-engine', { reason: 'full' })]: '0x5 40x40' },
    atMinute: 30,
  }),
  fires('FraudReviewsWait', 'when the oldest review is older than three days', {
    series: { [of(OLDEST_REVIEW, 'viral-engine', {})]: '259260x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The oldest review for fraud in dd has been waiting for 3d 0h 1m 0s.',
    },
  }),
  quiet('FraudReviewsWait', 'when it is not older than that', {
    series: { [of(OLDEST_REVIEW, 'viral-engine', {})]: '259200x30' },
    atMinute: 20,
  }),
  fires('ScreeningHitsWait', 'when the oldest match is older than three days', {
    series: { [of(OLDEST_HIT, 'payouts', {})]: '259260x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The oldest match with a list in dd has been waiting for 3d 0h 1m 0s.',
    },
  }),
  quiet('ScreeningHitsWait', 'when it is not older than that', {
    series: { [of(OLDEST_HIT, 'payouts', {})]: '259200x30' },
    atMinute: 20,
  }),
  fires('WebhooksLate', 'when a receiver that is well waits for minutes', {
    series: { [of(WEBHOOK_AGE, 'payouts', { lane: 'steady' })]: '0x4 0+60x20' },
    atMinute: 18,
    firing: {
      severity: 'warning',
      labels: { ...DD, job: 'payouts' },
      description: 'The oldest webhook message of payouts in dd has been due for 13m 0s.',
    },
  }),
  quiet('WebhooksLate', 'while only receivers that fail or are slow wait', {
    series: { [of(WEBHOOK_AGE, 'payouts', { lane: 'limping' })]: '0+600x20' },
    atMinute: 18,
  }),
  fires('NetworkTasksLate', 'when thousands wait for a quarter of an hour', {
    series: {
      [of(NETWORK, 'viral-engine', { work: 'count' })]: '9000x30',
      [of(NETWORK, 'viral-engine', { work: 'move' })]: '0x30',
    },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { ...DD, work: 'count' },
      description: '9000 members in dd have been waiting for the task count of the network.',
    },
  }),
  quiet('NetworkTasksLate', 'while those who moved are put in place', {
    series: { [of(NETWORK, 'viral-engine', { work: 'move' })]: '0x4 90000 60000 20000 0x30' },
    atMinute: 20,
  }),
  fires('TransparencyLogLate', 'when something waits for minutes', {
    series: { [of(LOG_AGE, 'viral-engine')]: '0x4 0+60x20' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: DD,
      description:
        'The oldest commission or change in dd that is not in a signed tree is 10m 0s old; 10 s are promised.',
    },
  }),
  quiet('TransparencyLogLate', 'while a storm is worked off in a moment', {
    series: { [of(LOG_AGE, 'viral-engine')]: '0x4 20 60 100 2x20' },
    atMinute: 12,
  }),
  fires('LogAnchorsLate', 'when an anchor is overdue for more than an hour', {
    series: { [of(ANCHOR_OVERDUE, 'viral-engine')]: '0x4 5400x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: DD,
      description: 'The latest anchor in dd is 1h 30m 0s overdue.',
    },
  }),
  quiet('LogAnchorsLate', 'while the chain is dear for a while', {
    series: { [of(ANCHOR_OVERDUE, 'viral-engine')]: '0x4 1800x10 0x10' },
    atMinute: 20,
  }),
  fires('LogRewritten', 'at the first one', {
    series: { [of(ANCHORS, 'viral-engine', { outcome: 'rewritten' })]: '_x5 1x80' },
    atMinute: 10,
    firing: {
      severity: 'critical',
      labels: DD,
      description: 'In dd a log shows another history than the one that is on the chain.',
    },
  }),
  quiet('LogRewritten', 'about anchors that are posted', {
    series: { [of(ANCHORS, 'viral-engine', { outcome: 'posted' })]: '0+1x20' },
    atMinute: 10,
  }),
  fires('CompletionsUnrecorded', 'at the first one', {
    series: { [of(UNRECORDED, 'ai-gateway', { provider: 'openai', status: 'complete' })]: '_x5 2x80' },
    atMinute: 10,
    firing: {
      severity: 'warning',
      labels: { ...DD, provider: 'openai' },
      description: '2 completions by openai could not be recorded in dd within the hour.',
    },
  }),
  quiet('CompletionsUnrecorded', 'hours later', {
    series: { [of(UNRECORDED, 'ai-gateway', { provider: 'openai', status: 'complete' })]: '2x200' },
    atMinute: 180,
  }),
  fires('CompletionsFail', 'when half of them break off', {
    series: completions(1, 1),
    atMinute: 25,
    firing: {
      severity: 'warning',
      labels: { ...DD, provider: 'openai' },
      description: '50% of the completions by openai in dd fail or break off.',
    },
  }),
  quiet('CompletionsFail', 'when one in twenty does', { series: completions(1, 19), atMinute: 25 }),
];
