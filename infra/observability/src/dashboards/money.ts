import { completionsRow, ledgerRow, purchasesRow, webhooksRow } from './money-panels.js';
import { build, type NamedDashboard } from './panel.js';
import { writerRow } from './process-panels.js';
import { quantile } from './promql.js';

const WHERE = 'namespace=~"$namespace"';
const PURCHASES = 'dailydoco:slo_errors:ratio_rate';

/** What is bought, earned, owed and paid. */
export const MONEY_DASHBOARD: NamedDashboard = build({
  name: 'money',
  title: 'Money',
  description: 'Purchases, commissions, ledger, payouts and completions.',
  choices: [{ name: 'namespace', label: 'Namespace', metric: 'dailydoco_process_start_time_seconds' }],
  rows: [
    purchasesRow(WHERE),
    {
      title: 'Is a purchase taken, and when does it show',
      panels: [
        {
          title: 'Purchases refused by fault of ours',
          description:
            'Share of requests to /v1/purchases answered with a server error. The objective is below 0.05 %.',
          unit: 'percentunit',
          width: 12,
          queries: ['5m', '1h', '1d'].map((window) => ({
            expr: `max(${PURCHASES}${window}{slo="purchases-accepted", ${WHERE}})`,
            legend: window,
          })),
          badFrom: 0.0005,
        },
        {
          title: 'From the purchase to the ledger',
          description: 'Age of an event when the ledger had it: half, and one in twenty, take longer.',
          unit: 's',
          width: 12,
          queries: [0.5, 0.95].map((part) => ({
            expr: quantile(part, {
              metric: 'dailydoco_consumer_event_age_seconds',
              where: `${WHERE}, consumer="payouts-ledger"`,
              by: 'consumer',
            }),
            legend: `p${part * 100}`,
          })),
          badFrom: 5,
        },
      ],
    },
    writerRow({ where: WHERE }),
    ledgerRow(WHERE),
    webhooksRow(WHERE),
    completionsRow(WHERE),
  ],
});
