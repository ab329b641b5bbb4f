import type { RowSpec } from './panel.js';
import { highest, mean, rate, total } from './promql.js';

/** Of what is recorded by rules, which leave the job out. */
const IN_NAMESPACE = 'namespace=~"$namespace"';

// What the services count of their own matter; on the dashboard of money and on those of the services.

export function webhooksRow(where: string): RowSpec {
  return {
    title: 'Webhooks out',
    panels: [
      {
        title: 'Attempts',
        description: 'Messages posted a second, by what came of it; and those given up after their last attempt.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_webhook_attempts_total', where, by: 'outcome' }), legend: '{{outcome}}' },
          { expr: rate({ metric: 'dailydoco_webhook_messages_given_up_total', where, by: 'job' }), legend: 'given up' },
        ],
      },
      {
        title: 'Oldest message that is due',
        description: 'How long a message has been due without an attempt. limping: receivers that fail or are slow.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_webhook_oldest_due_age_seconds', where, by: 'lane' }),
            legend: '{{lane}}',
          },
        ],
      },
      {
        title: 'Answers of receivers',
        description: 'How long receivers took, on average.',
        unit: 's',
        queries: [
          {
            expr: mean({ metric: 'dailydoco_webhook_attempt_duration_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
      },
      {
        title: 'Subscriptions disabled by failures',
        description: 'As they stand, and those that were disabled within the hour.',
        unit: 'short',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_webhook_disabled_subscriptions', where, by: 'job' }),
            legend: '{{job}}',
          },
          {
            expr: `sum by (because) (increase(dailydoco_webhook_subscriptions_disabled_total{${where}}[1h]))`,
            legend: 'within the hour: {{because}}',
          },
        ],
      },
    ],
  };
}

export function purchasesRow(where: string): RowSpec {
  return {
    title: 'Purchases and commissions',
    panels: [
      {
        title: 'Purchases',
        description: 'Purchases a second. existing: told again, answered as before.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_purchases_recorded_total', where, by: 'outcome' }), legend: '{{outcome}}' },
        ],
      },
      {
        title: 'Commissions accrued',
        description: 'Commissions a second, by kind.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_commissions_accrued_total', where, by: 'kind' }), legend: '{{kind}}' },
        ],
      },
      {
        title: 'Events of billing systems',
        description: 'Events a second: as they came, and what became of them. parked: tried again later.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_webhook_events_received_total', where, by: 'outcome' }),
            legend: 'came: {{outcome}}',
          },
          {
            expr: rate({ metric: 'dailydoco_webhook_events_settled_total', where, by: 'outcome' }),
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Clicks',
        description:
          'Clicks on referral links a second; those that were lost; and requests that are no click of a person, with the reason.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_clicks_recorded_total', where, by: 'job' }), legend: 'recorded' },
          {
            expr: rate({ metric: 'dailydoco_clicks_dropped_total', where, by: 'reason' }),
            legend: 'lost: {{reason}}',
          },
          {
            expr: rate({ metric: 'dailydoco_clicks_ignored_total', where, by: 'reason' }),
            legend: 'no click: {{reason}}',
          },
        ],
      },
      {
        title: 'Clicks and kills',
        description:
          'Clicks of killed processes that those which run now have stored from journals; and clicks that no journal took, which a kill would have lost.',
        unit: 'short',
        queries: [
          {
            expr: total({ metric: 'dailydoco_clicks_recovered_total', where, by: 'job' }),
            legend: 'stored from journals',
          },
          {
            expr: total({ metric: 'dailydoco_clicks_unjournalled_total', where, by: 'job' }),
            legend: 'not journalled',
          },
        ],
      },
      {
        title: 'Conversions by first purchase',
        description: 'Purchases a second that named a coupon or a click id, with what became of it.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_first_purchase_conversions_total', where, by: 'outcome' }),
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Fraud signals',
        description:
          'What each fraud rule finds, a second, and the reviews that were opened for it; confirmed ÷ decided is the precision of a rule.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_fraud_signals_total', where, by: 'rule' }), legend: '{{rule}}' },
          { expr: rate({ metric: 'dailydoco_fraud_reviews_opened_total', where, by: 'job' }), legend: 'reviews' },
          {
            expr: rate({ metric: 'dailydoco_fraud_decisions_total', where, by: 'rule, decision' }),
            legend: '{{decision}}: {{rule}}',
          },
        ],
      },
      {
        title: 'Leaves of transparency logs',
        description:
          'Leaves a second; and purchases that the search found without one: from before the log, or later than a minute.',
        unit: 'ops',
        queries: [
          { expr: rate({ metric: 'dailydoco_log_leaves_total', where, by: 'kind' }), legend: '{{kind}}' },
          {
            expr: rate({ metric: 'dailydoco_log_sweep_found_purchases_total', where, by: 'kind' }),
            legend: 'found: {{kind}}',
          },
        ],
      },
      {
        title: 'Members waiting for the network',
        description: 'To be counted for those above, and after a move for their uplines to be put in place.',
        unit: 'short',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_network_waiting_members', where, by: 'work' }),
            legend: '{{work}}',
          },
        ],
        badFrom: 5_000,
      },
      {
        title: 'Purchases waiting for the transparency log',
        description:
          'Purchases of which something waits to be logged; no more than 100,000 do, the rest waits in Kafka.',
        unit: 'short',
        queries: [
          { expr: highest({ metric: 'dailydoco_log_waiting_purchases', where, by: 'job' }), legend: 'purchases' },
        ],
      },
      {
        title: 'Waiting for the transparency log',
        description: 'Age of the oldest commission or change that is not in a signed tree; 10 s are promised.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_log_oldest_waiting_age_seconds', where, by: 'job' }),
            legend: 'oldest',
          },
        ],
        badFrom: 30,
      },
      {
        title: 'Anchors of transparency logs',
        description: 'Checkpoints posted to the chain, and those that could not be.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_log_anchors_total', where, by: 'outcome' }),
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Latest overdue anchor',
        description: 'By how long; 0 while no anchor is, or none are made.',
        unit: 's',
        queries: [
          { expr: highest({ metric: 'dailydoco_log_anchor_overdue_seconds', where, by: 'job' }), legend: 'overdue' },
        ],
        badFrom: 3_600,
      },
    ],
  };
}

export function ledgerRow(where: string): RowSpec {
  return {
    title: 'Ledger and payouts',
    panels: [
      {
        title: 'Breaks in the books',
        description: 'Found within the hour. Any is a matter for finance and engineers at once: runbook LedgerBreaks.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (invariant) (increase(dailydoco_reconciliation_breaks_total{${where}}[1h]))`,
            legend: '{{invariant}}',
          },
        ],
        badFrom: 1,
      },
      {
        title: 'Oldest break',
        description: 'How long the oldest break that finance has not accepted has been standing.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_reconciliation_oldest_break_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 86_400,
      },
      {
        title: 'Reconciliations',
        description:
          'Runs within the hour, a tenant each. failed: could not be finished; nothing is wrong with the books.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (outcome) (increase(dailydoco_reconciliation_runs_total{${where}}[1h]))`,
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Payouts',
        description: 'Steps within the hour, by the word of the rail.',
        unit: 'short',
        queries: [{ expr: `sum by (step) (increase(dailydoco_payout_steps_total{${where}}[1h]))`, legend: '{{step}}' }],
      },
      {
        title: 'Payouts that succeed',
        description:
          'Of a week, by rail and currency: settled and not returned, of all that ended by the rail. The target is 95 %; the sandbox is not counted.',
        unit: 'percentunit',
        queries: [
          {
            expr: `min by (rail, currency) (dailydoco:payout_success:ratio7d{${IN_NAMESPACE}})`,
            legend: '{{rail}} {{currency}}',
          },
        ],
      },
      {
        title: 'Time to settle',
        description:
          'Of a week: 95 of 100 payouts have settled within this long. The target is a day; banks, which rest at weekends, have four.',
        unit: 's',
        queries: [
          {
            expr: `max by (rail, currency) (dailydoco:payout_settle_seconds:p95_7d{${IN_NAMESPACE}})`,
            legend: '{{rail}} {{currency}}',
          },
        ],
        warnFrom: 86_400,
      },
      {
        title: 'Precision of what stops payouts',
        description: 'Of 30 days: findings for which the payout was refused, of those that people have decided.',
        unit: 'percentunit',
        queries: [
          {
            expr: `sum by (source, code) (increase(dailydoco_payout_finding_decisions_total{${where}, decision="upheld"}[30d]))
/ sum by (source, code) (increase(dailydoco_payout_finding_decisions_total{${where}}[30d]))`,
            legend: '{{source}}: {{code}}',
          },
        ],
      },
      {
        title: 'Payouts under way',
        description: 'By status. screened: they wait for an approval; unknown: their answer was lost.',
        unit: 'short',
        queries: [{ expr: `max by (status) (dailydoco_payouts_waiting_items{${where}})`, legend: '{{status}}' }],
      },
      {
        title: 'Oldest unknown payout',
        description: 'How long nobody has been able to say whether somebody was paid: runbook PayoutsUnknown.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_payouts_oldest_unknown_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 1_800,
      },
      {
        title: 'Oldest unsettled payout',
        description: 'How long somebody has been waiting for money. Suspended persons are not counted.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_payouts_oldest_unsettled_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 3_600,
        badFrom: 21_600,
      },
      {
        title: 'Wallet of USDC',
        description:
          'Dollars in the wallet, and what payouts that have not ended will take from it: runbook UsdcWalletShort.',
        unit: 'short',
        queries: [
          {
            expr: `min by (chain) (dailydoco_usdc_wallet_balance_dollars{${where}})`,
            legend: 'in the wallet on {{chain}}',
          },
          {
            expr: highest({ metric: 'dailydoco_usdc_wallet_wanted_dollars', where, by: 'chain' }),
            legend: 'wanted on {{chain}}',
          },
        ],
      },
      {
        title: 'Gas of the wallet of USDC',
        description: 'Payments that the wallet’s gas pays for, by what the chain asks now: runbook UsdcGasShort.',
        unit: 'short',
        queries: [
          { expr: `min by (chain) (dailydoco_usdc_wallet_gas_transfers{${where}})`, legend: 'payments on {{chain}}' },
        ],
      },
      {
        title: 'What stops payouts',
        description:
          'Findings within the hour, by rule, and decisions about people who match a list. A rule that is always cleared is set too sharply.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (source, code) (increase(dailydoco_payout_findings_total{${where}}[1h]))`,
            legend: '{{source}}: {{code}}',
          },
          {
            expr: `sum by (kind, decision) (increase(dailydoco_screening_decisions_total{${where}}[1h]))`,
            legend: '{{kind}} {{decision}}',
          },
        ],
      },
      {
        title: 'Oldest undecided match with a list',
        description: 'How long somebody who is like an entry of a list has been waiting for a decision.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_screening_oldest_hit_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        badFrom: 259_200,
      },
      {
        title: 'Payout schedules',
        description: 'Looks at schedules whose time had come, in an hour, with how they ended.',
        unit: 'short',
        queries: [
          {
            expr: `sum by (outcome) (increase(dailydoco_payout_schedule_looks_total{${where}}[1h]))`,
            legend: '{{outcome}}',
          },
        ],
      },
      {
        title: 'Oldest due payout schedule',
        description: 'How long the schedule that waits longest has been due.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_payout_schedules_oldest_due_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 3_600,
      },
      {
        title: 'Oldest journal without a seal',
        description: 'How far the chain of hashes is behind the ledger; 60 s are promised.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_ledger_oldest_unsealed_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 60,
        badFrom: 300,
      },
      {
        title: 'Files of banks',
        description: 'How long something that a bank sent has been waiting to be told to its payout.',
        unit: 's',
        queries: [
          {
            expr: highest({ metric: 'dailydoco_bank_facts_oldest_waiting_age_seconds', where, by: 'job' }),
            legend: '{{job}}',
          },
        ],
        warnFrom: 60,
        badFrom: 600,
      },
    ],
  };
}

export function completionsRow(where: string): RowSpec {
  return {
    title: 'Completions',
    panels: [
      {
        title: 'Completions',
        description: 'Completions a second, by provider and how they ended.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_completions_total', where, by: 'provider, status' }),
            legend: '{{provider}}, {{status}}',
          },
        ],
      },
      {
        title: 'Tokens',
        description: 'Tokens a second that are charged for.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_completion_tokens_total', where, by: 'provider, kind' }),
            legend: '{{provider}}, {{kind}}',
          },
        ],
      },
      {
        title: 'Trouble with providers',
        description: 'Calls tried again, and completions that could not be recorded, a second.',
        unit: 'ops',
        queries: [
          {
            expr: rate({ metric: 'dailydoco_upstream_retries_total', where, by: 'provider, reason' }),
            legend: '{{provider}}, again: {{reason}}',
          },
          {
            expr: rate({ metric: 'dailydoco_completions_unrecorded_total', where, by: 'provider' }),
            legend: '{{provider}}, not recorded',
          },
        ],
      },
    ],
  };
}
