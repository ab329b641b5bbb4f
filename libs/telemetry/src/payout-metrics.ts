import type { MetricSpec } from './metric-spec.js';

/** The metrics of payouts; a part of METRICS. */
export const PAYOUT_METRICS = {
  dailydoco_payout_findings_total: {
    kind: 'counter',
    unit: '{finding}',
    description:
      'Reasons found to look at a payout before it leaves. source: screening, risk, tax, policy. code: the rule.',
    labels: ['source', 'code'],
  },
  dailydoco_payout_finding_decisions_total: {
    kind: 'counter',
    unit: '{decision}',
    description:
      'Findings that people have decided. source: screening, risk, tax, policy. code: the rule. decision: cleared, upheld. upheld ÷ all is the precision of a rule.',
    labels: ['source', 'code', 'decision'],
  },
  dailydoco_payout_steps_total: {
    kind: 'counter',
    unit: '{step}',
    description:
      'Steps that payouts have taken by the service, by finance or by the word of the rail. step: screened, approved, submitted, unknown, settled, failed, returned, refused (by finance, which says nothing about the rail). Cancelled payouts are in none.',
    labels: ['step', 'rail', 'currency'],
  },
  dailydoco_payout_settle_duration_seconds: {
    kind: 'histogram',
    unit: 's',
    description: 'From when a payout was asked for to when its rail said that it has settled.',
    labels: ['rail', 'currency'],
    buckets: [1, 10, 60, 600, 3_600, 14_400, 43_200, 86_400, 172_800, 345_600, 604_800],
  },
  dailydoco_payouts_oldest_unknown_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'Since when the oldest payout that is unknown has been so: its rail may have paid it or not. 0: none is.',
    labels: [],
  },
  dailydoco_payouts_waiting_items: {
    kind: 'gauge',
    unit: '{payout}',
    description: 'Payouts that have not ended. status: requested, screened, approved, submitted, unknown.',
    labels: ['status'],
  },
  dailydoco_payouts_oldest_unsettled_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'Age of the oldest payout that the rail has neither settled nor refused; 0 when there is none. Those of suspended persons are not counted.',
    labels: [],
  },
  dailydoco_usdc_wallet_balance_dollars: {
    kind: 'gauge',
    unit: 'USD',
    description: 'USDC in the wallet that payouts are paid from; there is none where the rail is off. chain: its id.',
    labels: ['chain'],
  },
  dailydoco_usdc_wallet_wanted_dollars: {
    kind: 'gauge',
    unit: 'USD',
    description:
      'What payouts by USDC that have not ended come to, without those that the chain has taken from the wallet already.',
    labels: ['chain'],
  },
  dailydoco_usdc_wallet_gas_transfers: {
    kind: 'gauge',
    unit: '{transfer}',
    description: 'Payments that the gas in the wallet of USDC pays for, by what the chain asks now.',
    labels: ['chain'],
  },
  dailydoco_payout_schedule_looks_total: {
    kind: 'counter',
    unit: '{look}',
    description:
      'Looks at payout schedules whose time had come. outcome: paid, below_minimum, below_threshold, method_deleted, unreachable, refused, stopped, frozen, method_held.',
    labels: ['outcome'],
  },
  dailydoco_payout_schedules_oldest_due_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'How long the payout schedule that waits longest has been due; 0 when none is.',
    labels: [],
  },
  dailydoco_ledger_oldest_unsealed_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest journal that is not sealed into the chain of hashes; 0 when all are.',
    labels: [],
  },
  dailydoco_bank_facts_oldest_waiting_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'Age of the oldest import of a bank’s file of which something waits to be told to its payout; 0 when nothing waits.',
    labels: [],
  },
  dailydoco_reconciliation_breaks_total: {
    kind: 'counter',
    unit: '{break}',
    description:
      'Breaks found between the ledger and what it should equal. invariant: I1, I2, I3, I4, I5, I6 of the ledger, R1, R2, R3, R4, R5, R6 of rails, B1, B2, B3, B4, B5 of banks.',
    labels: ['invariant'],
  },
  dailydoco_reconciliation_oldest_break_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest break that stands and that finance has not accepted; 0 when there is none.',
    labels: [],
  },
  dailydoco_reconciliation_runs_total: {
    kind: 'counter',
    unit: '{run}',
    description: 'Reconciliations of a tenant. outcome: balanced, breaks, failed.',
    labels: ['outcome'],
  },
  dailydoco_screening_decisions_total: {
    kind: 'counter',
    unit: '{decision}',
    description:
      'Decisions about people who match an entry of a list. kind: sanctions, pep. decision: cleared, confirmed.',
    labels: ['kind', 'decision'],
  },
  dailydoco_screening_oldest_hit_age_seconds: {
    kind: 'gauge',
    unit: 's',
    description:
      'Age of the oldest match of a person with an entry of a list that nobody has decided; 0 when there is none.',
    labels: [],
  },
} as const satisfies Record<`dailydoco_${string}`, MetricSpec>;
