import { build, type NamedDashboard } from './panel.js';
import { consumerRow, outboxRow } from './process-panels.js';
import { rate } from './promql.js';

const WHERE = 'namespace=~"$namespace", job=~"$job"';

/** From the commit of a change to the commit of its effect elsewhere. */
export const EVENTS_DASHBOARD: NamedDashboard = build({
  name: 'events',
  title: 'Events',
  description: 'Outboxes, Kafka and consumers: what is on its way, what waits, what is stuck.',
  choices: [
    { name: 'namespace', label: 'Namespace', metric: 'dailydoco_process_start_time_seconds' },
    { name: 'job', label: 'Service', metric: 'dailydoco_process_start_time_seconds' },
  ],
  rows: [
    outboxRow({ where: WHERE, by: 'job', legend: '{{job}}' }),
    consumerRow({ where: WHERE }),
    {
      title: 'What is not applied, and why',
      panels: [
        {
          title: 'Sends that failed',
          description: 'Sends to Kafka a second that failed and are tried again.',
          unit: 'ops',
          queries: [
            {
              expr: rate({ metric: 'dailydoco_outbox_publish_failures_total', where: WHERE, by: 'job' }),
              legend: '{{job}}',
            },
          ],
          badFrom: 0.01,
        },
        {
          title: 'Dropped as known',
          description:
            'Events a second that had been applied before. Some after every restart; that is what the inbox is for.',
          unit: 'ops',
          queries: [
            {
              expr: rate({ metric: 'dailydoco_consumer_duplicate_events_total', where: WHERE, by: 'consumer' }),
              legend: '{{consumer}}',
            },
          ],
        },
        {
          title: 'Passed over',
          description: 'Events a second of types that a consumer does not handle.',
          unit: 'ops',
          queries: [
            {
              expr: rate({ metric: 'dailydoco_consumer_skipped_events_total', where: WHERE, by: 'consumer' }),
              legend: '{{consumer}}',
            },
          ],
        },
      ],
    },
    {
      title: 'What is told',
      panels: [
        {
          kind: 'areas',
          title: 'Published by topic',
          description: 'Events a second.',
          unit: 'ops',
          width: 12,
          queries: [
            {
              expr: rate({ metric: 'dailydoco_outbox_published_events_total', where: WHERE, by: 'topic' }),
              legend: '{{topic}}',
            },
          ],
        },
        {
          kind: 'areas',
          title: 'Applied by type',
          description: 'Events a second, over all consumers.',
          unit: 'ops',
          width: 12,
          queries: [
            {
              expr: rate({ metric: 'dailydoco_consumer_applied_events_total', where: WHERE, by: 'type' }),
              legend: '{{type}}',
            },
          ],
        },
      ],
    },
  ],
});
