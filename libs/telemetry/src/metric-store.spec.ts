import { describe, expect, it } from '@jest/globals';
import { renderPrometheus } from './metric-export.js';
import { counter, gauge, histogram, observe } from './metric-store.js';
import { MAX_SERIES_PER_METRIC, METRICS } from './metrics.js';
import type { MetricSpec } from './metric-spec.js';

/** The lines of one metric in what Prometheus would read, without comments. */
async function linesOf(name: string): Promise<string[]> {
  return (await renderPrometheus()).split('\n').filter((line) => line.startsWith(name));
}

describe('the schema of metrics', () => {
  const specs: [string, MetricSpec][] = Object.entries(METRICS);
  const units = [
    'seconds',
    'bytes',
    'ratio',
    'items',
    'events',
    'messages',
    'calls',
    'requests',
    'connections',
    'entries',
    'members',
    'subscriptions',
    'purchases',
    'disputes',
    'dollars',
    'transfers',
    // A number that stands for a state, not a measure.
    'state',
    'hold',
  ];

  it.each(specs)('%s is named, described and labelled by the rules', (name, { kind, buckets, description, labels }) => {
    expect(name).toMatch(/^dailydoco_[a-z][a-z0-9_]*$/);
    if (kind === 'counter') expect(name).toMatch(/_total$/);
    else expect(units).toContain(name.split('_').at(-1));
    expect(description).toMatch(/\.$/);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels.filter((label) => /(^|_)(id|path|url|email|tenant)$/i.test(label))).toEqual([]);
    expect(buckets !== undefined).toBe(kind === 'histogram');
    expect([...(buckets ?? [])]).toEqual((buckets ?? []).toSorted((a, b) => a - b));
  });
});

describe('a counter', () => {
  it('counts apart for each combination of labels', async () => {
    const published = counter('dailydoco_outbox_published_events_total');
    published.add(2, { topic: 'a' });
    published.add(1, { topic: 'b' });
    published.add(3, { topic: 'a' });
    expect(await linesOf('dailydoco_outbox_published_events_total')).toEqual([
      'dailydoco_outbox_published_events_total{topic="a"} 5',
      'dailydoco_outbox_published_events_total{topic="b"} 1',
    ]);
  });

  it('stands at zero from the start when it has no labels', async () => {
    counter('dailydoco_outbox_publish_failures_total');
    expect(await linesOf('dailydoco_outbox_publish_failures_total')).toEqual([
      'dailydoco_outbox_publish_failures_total 0',
    ]);
  });

  it.each([-1, Number.NaN, Infinity])('ignores %p', async (amount) => {
    counter('dailydoco_clicks_recorded_total').add(amount);
    expect(await linesOf('dailydoco_clicks_recorded_total')).toEqual(['dailydoco_clicks_recorded_total 0']);
  });

  it('keeps label values apart that look alike when put together, and escapes them', async () => {
    const refusals = counter('dailydoco_auth_token_checks_total');
    refusals.add(1, { kind: 'a"b', outcome: 'c' });
    refusals.add(1, { kind: 'a"', outcome: 'bc' });
    expect(await linesOf('dailydoco_auth_token_checks_total')).toEqual([
      'dailydoco_auth_token_checks_total{kind="a\\"b",outcome="c"} 1',
      'dailydoco_auth_token_checks_total{kind="a\\"",outcome="bc"} 1',
    ]);
  });

  it('counts what exceeds the bound on series under one overflow series', async () => {
    const parked = counter('dailydoco_consumer_retries_total');
    for (let i = 0; i < MAX_SERIES_PER_METRIC + 50; i += 1) parked.add(1, { consumer: `c${i}` });
    const lines = await linesOf('dailydoco_consumer_retries_total');
    expect(lines).toHaveLength(MAX_SERIES_PER_METRIC + 1);
    expect(lines.at(-1)).toBe('dailydoco_consumer_retries_total{consumer="other"} 50');
  });
});

describe('a histogram', () => {
  it('counts a value into the first bucket whose bound it does not exceed, and sums up', async () => {
    const items = histogram('dailydoco_group_writer_group_items');
    for (const value of [1, 2, 5, 1_000, 1_001]) items.record(value, { writer: 'w' });
    const lines = await linesOf('dailydoco_group_writer_group_items');
    const bucket = (le: string) =>
      lines
        .find((line) => line.includes(`le="${le}"`))
        ?.split(' ')
        .at(-1);
    expect(['1', '2', '5', '10', '500', '1000', '+Inf'].map(bucket)).toEqual(['1', '2', '3', '3', '3', '4', '5']);
    expect(lines).toContain('dailydoco_group_writer_group_items_sum{writer="w"} 2009');
    expect(lines).toContain('dailydoco_group_writer_group_items_count{writer="w"} 5');
  });
});

describe('a gauge', () => {
  it('moves by what is added and jumps to what is set', async () => {
    const inFlight = gauge('dailydoco_http_server_in_flight_requests');
    inFlight.set(4);
    inFlight.add(1);
    inFlight.add(-2);
    expect(await linesOf('dailydoco_http_server_in_flight_requests')).toEqual([
      'dailydoco_http_server_in_flight_requests 3',
    ]);
  });

  it('is read when asked for, adds up over its observers, and ends with them', async () => {
    let waiting = 5;
    const endFirst = observe('dailydoco_group_writer_queue_items', () => [{ value: waiting, labels: { writer: 'w' } }]);
    const endSecond = observe('dailydoco_group_writer_queue_items', () => [{ value: 10, labels: { writer: 'w' } }]);
    waiting = 7;
    expect(await linesOf('dailydoco_group_writer_queue_items')).toEqual([
      'dailydoco_group_writer_queue_items{writer="w"} 17',
    ]);
    endSecond();
    expect(await linesOf('dailydoco_group_writer_queue_items')).toEqual([
      'dailydoco_group_writer_queue_items{writer="w"} 7',
    ]);
    endFirst();
    expect(await linesOf('dailydoco_group_writer_queue_items')).toEqual([]);
  });

  it('is left out of a reading in which its observer throws, and the failure is counted', async () => {
    const end = observe('dailydoco_outbox_backlog_events', () => {
      throw new Error('no database');
    });
    expect(await linesOf('dailydoco_telemetry_observation_failures_total')).toEqual([
      'dailydoco_telemetry_observation_failures_total{metric="dailydoco_outbox_backlog_events"} 1',
    ]);
    end();
  });
});
