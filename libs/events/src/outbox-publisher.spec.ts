import { describe, expect, it } from '@jest/globals';
import { withinBytes } from './outbox-publisher.js';
import type { OutboxRow } from './outbox.store.js';

function row(id: number, payloadBytes: number): OutboxRow {
  return {
    id: String(id),
    event_id: '',
    topic: '',
    event_type: '',
    source: '',
    aggregate_key: 'k',
    tenant_id: '',
    occurred_at: '',
    payload: new Uint8Array(payloadBytes),
    traceparent: null,
  };
}

const ids = (rows: readonly OutboxRow[]): string[] => rows.map(({ id }) => id);

describe('the size of a send', () => {
  it('is all rows while they fit', () => {
    expect(ids(withinBytes([row(1, 10), row(2, 10)], 100_000))).toEqual(['1', '2']);
    expect(withinBytes([], 100)).toEqual([]);
  });

  it('is the front of the rows, in order, once they do not', () => {
    expect(ids(withinBytes([row(1, 1_000), row(2, 1_000), row(3, 10)], 3_200))).toEqual(['1', '2']);
    expect(ids(withinBytes([row(1, 1_000), row(2, 5_000), row(3, 10)], 3_200))).toEqual(['1']);
  });

  it('is one row at least, or a large one would stop the relay', () => {
    expect(ids(withinBytes([row(1, 9_999), row(2, 1)], 100))).toEqual(['1']);
  });

  it('counts what travels beside the payload, so that many small ones do not add up to a refusal', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => row(index, 0));
    expect(withinBytes(many, 900 * 1024).length).toBeLessThan(2_000);
  });
});
