import { grown, type Alert, type Recording, type RuleGroup } from './rule.js';

const REFUSED = 'dailydoco_group_writer_refused_items_total';
const QUEUE = 'dailydoco_group_writer_queue_items';
const STEPS = 'dailydoco_payout_steps_total';
const COMPLETIONS = 'dailydoco_completions_total';
/** Half of what each writer's queue takes by default. */
const LONG_QUEUES = { purchases: 3_000, events: 100, clicks: 10_000 } as const;

const REFUSES: Omit<Alert, 'severity' | 'expr'> = {
  alert: 'GroupWriterRefuses',
  for: '2m',
  summary: 'A queue is full, and callers are turned away.',
  description:
    'The writer {{ $labels.writer }} of {{ $labels.job }} in {{ $labels.namespace }} refuses {{ $value | humanize }} items a second.',
};

function refusedBy(writer: string): string {
  return `sum by (namespace, job, writer) (rate(${REFUSED}{${writer}}[5m])) > 0`;
}

/** Rails that pay somebody; the sandbox pays nobody. */
const REAL = 'rail!~"sandbox|"';
/** Fewer payouts of a week say nothing about a rail. */
const ENOUGH = 20;

function weekOf(steps: string): string {
  return `sum by (namespace, rail, currency) (increase(${STEPS}{${REAL}, step=~"${steps}"}[7d]))`;
}

/**
 * Of what ended by the rail within a week, the share that settled and did not come back. What its person has cancelled
 * and finance has refused is in neither. Counters of what never happened are not there: they count as none.
 */
const SUCCESS: Recording = {
  record: 'dailydoco:payout_success:ratio7d',
  expr: `1 - (
  ${weekOf('failed|returned')}
  or
  0 * ${weekOf('settled')}
)
/ ${weekOf('settled|failed')}`,
};
const SETTLE_TIME: Recording = {
  record: 'dailydoco:payout_settle_seconds:p95_7d',
  expr: `histogram_quantile(0.95, sum by (namespace, rail, currency, le) (increase(dailydoco_payout_settle_duration_seconds_bucket{${REAL}}[7d])))`,
};
const ENDED_ENOUGH = `${weekOf('settled|failed')} >= ${ENOUGH}`;
/** Banks rest at weekends: a file that is handed in on a Friday is settled on Tuesday. */
const DAYS_OF = { '86400': 'stripe|usdc', '345600': 'sepa|ach' } as const;

const OLDEST_PAYOUT = 'max by (namespace) (dailydoco_payouts_oldest_unsettled_age_seconds)';
const STUCK: Omit<Alert, 'severity' | 'expr'> = {
  alert: 'PayoutsStuck',
  for: '10m',
  summary: 'Somebody waits for money that does not move.',
  description:
    'The oldest payout in {{ $labels.namespace }} that the rail has neither settled nor refused is {{ $value | humanizeDuration }} old.',
};

/** What is bought, earned, owed and paid, and what is counted for it. */
export const MONEY_RULES: RuleGroup = {
  name: 'money',
  rules: [
    {
      alert: 'LedgerBreaks',
      severity: 'critical',
      // What rails keep to themselves or charge for is no money lost: it waits in the queue (LedgerBreaksWait).
      expr: grown({
        metric: 'dailydoco_reconciliation_breaks_total{invariant=~"I1|I2|I3|I4|I5|I6|R1|R2|R3"}',
        window: '1h',
        by: 'namespace, invariant',
      }),
      summary: 'The books break.',
      description:
        'Reconciliation found {{ $value | humanize }} breaks of {{ $labels.invariant }} in {{ $labels.namespace }} within the hour.',
    },
    {
      alert: 'LedgerBreaksWait',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_reconciliation_oldest_break_age_seconds) > 24 * 3600',
      for: '15m',
      summary: 'A break of the books waits for somebody.',
      description:
        'The oldest break in {{ $labels.namespace }} that is neither resolved nor accepted is {{ $value | humanizeDuration }} old.',
    },
    {
      alert: 'RestoreHeld',
      severity: 'warning',
      expr: 'max by (namespace, job) (dailydoco_restore_hold) > 0',
      for: '5m',
      summary: 'A restored service waits for finance.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} was restored to an earlier point and is read-only until somebody accepts what reconciliation lists.',
    },
    {
      alert: 'ReconciliationMissing',
      severity: 'warning',
      // A run that failed compared nothing. The first run of a process is not seen as growth, hence the long `for`.
      expr: `(
  sum by (namespace) (increase(dailydoco_reconciliation_runs_total{outcome=~"balanced|breaks"}[1h]))
  or
  0 * max by (namespace) (up{job="payouts"} == 1)
) < 1`,
      for: '30m',
      summary: 'Nobody compares the books.',
      description: 'No reconciliation was finished in {{ $labels.namespace }} for more than an hour.',
    },
    { ...STUCK, severity: 'critical', expr: `${OLDEST_PAYOUT} > 6 * 3600` },
    { ...STUCK, severity: 'warning', expr: `${OLDEST_PAYOUT} > 3600` },
    {
      alert: 'PayoutsUnknown',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_payouts_oldest_unknown_age_seconds) > 1800',
      for: '10m',
      summary: 'Nobody can say whether somebody was paid.',
      description:
        'The oldest payout in {{ $labels.namespace }} whose answer was lost has been unknown for {{ $value | humanizeDuration }}.',
    },
    SUCCESS,
    SETTLE_TIME,
    {
      alert: 'PayoutSuccessLow',
      severity: 'warning',
      expr: `${SUCCESS.record} < 0.95
and ${ENDED_ENOUGH}`,
      for: '1h',
      summary: 'Too many payouts of a rail do not arrive.',
      description:
        '{{ $value | humanizePercentage }} of the payouts of the week by {{ $labels.rail }} in {{ $labels.currency }} in {{ $labels.namespace }} arrived and stayed; 95 % are wanted.',
    },
    {
      alert: 'PayoutsSettleSlowly',
      severity: 'warning',
      expr: Object.entries(DAYS_OF)
        .map(([seconds, rails]) => `${SETTLE_TIME.record}{rail=~"${rails}"} > ${seconds}\nand ${ENDED_ENOUGH}`)
        .join('\nor\n'),
      for: '1h',
      summary: 'Payouts of a rail take too long.',
      description:
        'One in twenty payouts of the week by {{ $labels.rail }} in {{ $labels.currency }} in {{ $labels.namespace }} took longer than {{ $value | humanizeDuration }}; a day is wanted, four by a bank.',
    },
    {
      alert: 'PayoutsFail',
      severity: 'warning',
      expr: `sum by (namespace) (increase(${STEPS}{step=~"failed|returned"}[1h]))
/ sum by (namespace) (increase(${STEPS}{step=~"settled|failed|returned"}[1h]))
> 0.2
and sum by (namespace) (increase(${STEPS}{step=~"failed|returned"}[1h])) >= 5`,
      summary: 'The rail refuses or returns many payouts.',
      description:
        '{{ $value | humanizePercentage }} of the payouts of the last hour in {{ $labels.namespace }} failed or came back.',
    },
    {
      alert: 'UsdcWalletShort',
      severity: 'warning',
      expr: `max by (namespace, chain) (dailydoco_usdc_wallet_wanted_dollars)
- min by (namespace, chain) (dailydoco_usdc_wallet_balance_dollars)
> 0`,
      for: '10m',
      summary: 'The wallet has less USDC than partners have asked for.',
      description:
        'The wallet on chain {{ $labels.chain }} in {{ $labels.namespace }} lacks {{ $value | humanize }} USD for the payouts that have not ended.',
    },
    {
      alert: 'UsdcGasShort',
      severity: 'warning',
      expr: 'min by (namespace, chain) (dailydoco_usdc_wallet_gas_transfers) < 20',
      for: '10m',
      summary: 'The wallet of USDC runs out of gas.',
      description:
        'The gas of the wallet on chain {{ $labels.chain }} in {{ $labels.namespace }} pays for {{ $value | humanize }} more payments.',
    },
    { ...REFUSES, severity: 'critical', expr: refusedBy('writer="purchases"') },
    { ...REFUSES, severity: 'warning', expr: refusedBy('writer!="purchases"') },
    {
      alert: 'GroupWriterQueueLong',
      severity: 'warning',
      expr: Object.entries(LONG_QUEUES)
        .map(
          ([writer, items]) =>
            `max by (namespace, job, writer) (min_over_time(${QUEUE}{writer="${writer}"}[2m])) > ${items}`,
        )
        .join('\nor\n'),
      for: '3m',
      summary: 'A writer falls behind.',
      description:
        'At least {{ $value }} items have been waiting for the writer {{ $labels.writer }} of {{ $labels.job }} in {{ $labels.namespace }} at every look for 2 minutes.',
    },
    {
      alert: 'GroupCommitsFail',
      severity: 'warning',
      expr: 'sum by (namespace, job, writer) (rate(dailydoco_group_writer_commit_duration_seconds_count{outcome="failed"}[5m])) > 0',
      for: '5m',
      summary: 'Commits of a writer fail.',
      description:
        '{{ $value | humanize }} commits a second of the writer {{ $labels.writer }} of {{ $labels.job }} in {{ $labels.namespace }} fail.',
    },
    {
      alert: 'DisputesOverdue',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_overdue_disputes) > 0',
      for: '1h',
      summary: 'Partners wait for a decision past its deadline.',
      description: '{{ $value }} disputes in {{ $labels.namespace }} are undecided past their deadline.',
    },
    {
      alert: 'WebhookEventsLost',
      severity: 'warning',
      expr: grown({
        metric: 'dailydoco_webhook_events_settled_total{outcome=~"refused|abandoned"}',
        window: '1h',
        by: 'namespace, outcome',
      }),
      summary: 'Events of a billing system were not applied.',
      description:
        '{{ $value | humanize }} events of billing systems were {{ $labels.outcome }} in {{ $labels.namespace }} within the hour.',
    },
    {
      alert: 'WebhooksLate',
      severity: 'warning',
      expr: 'max by (namespace, job) (dailydoco_webhook_oldest_due_age_seconds{lane="steady"}) > 300',
      for: '5m',
      summary: 'Receivers of webhooks that are well are told late.',
      description:
        'The oldest webhook message of {{ $labels.job }} in {{ $labels.namespace }} has been due for {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'ClicksDropped',
      severity: 'warning',
      expr: grown({ metric: 'dailydoco_clicks_dropped_total', window: '10m', by: 'namespace, reason' }),
      summary: 'Clicks on referral links are lost.',
      description:
        '{{ $value | humanize }} clicks were not recorded in {{ $labels.namespace }} within 10 minutes ({{ $labels.reason }}).',
    },
    {
      alert: 'FraudReviewsWait',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_fraud_oldest_review_age_seconds) > 3 * 24 * 3600',
      for: '15m',
      summary: 'Somebody’s money is held, and nobody decides.',
      description:
        'The oldest review for fraud in {{ $labels.namespace }} has been waiting for {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'ScreeningHitsWait',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_screening_oldest_hit_age_seconds) > 3 * 24 * 3600',
      for: '15m',
      summary: 'Somebody is like an entry of a sanctions list, and nobody decides.',
      description:
        'The oldest match with a list in {{ $labels.namespace }} has been waiting for {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'NetworkTasksLate',
      severity: 'warning',
      expr: 'max by (namespace, work) (dailydoco_network_waiting_members) > 5000',
      for: '15m',
      summary: 'Members wait to be counted, or for their uplines to be put in place.',
      description:
        '{{ $value }} members in {{ $labels.namespace }} have been waiting for the task {{ $labels.work }} of the network.',
    },
    {
      alert: 'TransparencyLogLate',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_log_oldest_waiting_age_seconds) > 30',
      for: '5m',
      summary: 'Commissions wait for their place in the transparency log.',
      description:
        'The oldest commission or change in {{ $labels.namespace }} that is not in a signed tree is {{ $value | humanizeDuration }} old; 10 s are promised.',
    },
    {
      alert: 'LogAnchorsLate',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_log_anchor_overdue_seconds) > 3600',
      for: '10m',
      summary: 'Checkpoints of the transparency log do not get onto the chain.',
      description: 'The latest anchor in {{ $labels.namespace }} is {{ $value | humanizeDuration }} overdue.',
    },
    {
      alert: 'LogRewritten',
      severity: 'critical',
      expr: grown({ metric: 'dailydoco_log_anchors_total{outcome="rewritten"}', window: '1h', by: 'namespace' }),
      summary: 'A transparency log does not go on from its anchor.',
      description: 'In {{ $labels.namespace }} a log shows another history than the one that is on the chain.',
    },
    {
      alert: 'LedgerSealsLate',
      severity: 'warning',
      expr: 'max by (namespace) (dailydoco_ledger_oldest_unsealed_age_seconds) > 300',
      for: '5m',
      summary: 'Journals wait for their seal.',
      description:
        'The oldest journal in {{ $labels.namespace }} that is not in the chain of hashes is {{ $value | humanizeDuration }} old; 60 s are promised.',
    },
    {
      alert: 'CompletionsUnrecorded',
      severity: 'warning',
      expr: grown({ metric: 'dailydoco_completions_unrecorded_total', window: '1h', by: 'namespace, provider' }),
      summary: 'Completions were made that nobody can be charged for.',
      description:
        '{{ $value | humanize }} completions by {{ $labels.provider }} could not be recorded in {{ $labels.namespace }} within the hour.',
    },
    {
      alert: 'CompletionsFail',
      severity: 'warning',
      expr: `sum by (namespace, provider) (increase(${COMPLETIONS}{status=~"broken|failed"}[15m]))
/ sum by (namespace, provider) (increase(${COMPLETIONS}[15m]))
> 0.2
and sum by (namespace, provider) (increase(${COMPLETIONS}[15m])) >= 10`,
      for: '5m',
      summary: 'A model provider fails.',
      description:
        '{{ $value | humanizePercentage }} of the completions by {{ $labels.provider }} in {{ $labels.namespace }} fail or break off.',
    },
  ],
};
