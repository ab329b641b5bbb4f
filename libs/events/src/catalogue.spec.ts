import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { events } from './catalogue.js';
import { TOPICS, TOPIC_NAMES } from './topics.js';

const PROTO = new URL('../../../proto/dailydoco/', import.meta.url);

/** Messages of an events package that are parts of events, not events. */
const PARTS = new Set([
  'dailydoco.viral.events.v1.CommissionChange',
  'dailydoco.identity.events.v1.RegistrationFingerprints',
]);

function eventMessages(): string[] {
  const names: string[] = [];
  for (const context of readdirSync(PROTO)) {
    const folder = new URL(`${context}/events/v1/`, PROTO);
    let files: string[];
    try {
      files = readdirSync(folder);
    } catch {
      continue;
    }
    for (const file of files) {
      const text = readFileSync(new URL(file, folder), 'utf8');
      const packageName = /^package (.+);$/m.exec(text)?.[1];
      for (const [, name] of text.matchAll(/^message (\w+) \{/gm)) names.push(`${packageName}.${name}`);
    }
  }
  return names.filter((name) => !PARTS.has(name));
}

describe('the catalogue of events', () => {
  it('has an entry for every event message of the protos, and no other', () => {
    const catalogued = Object.values(events).map(({ type }) => type);
    expect(eventMessages().length).toBeGreaterThan(20);
    expect(catalogued.toSorted()).toEqual(eventMessages().toSorted());
  });

  it('names each entry after its message, on the topic of its package', () => {
    for (const [name, { type, topic }] of Object.entries(events)) {
      const [, context, , version, message] = type.split('.');
      expect(topic).toBe(`${context}.events.${version}`);
      expect(message?.charAt(0).toLowerCase()).toBe(name.charAt(0));
      expect(message?.slice(1)).toBe(name.slice(1));
    }
  });

  it('reads back what it wrote, beyond what a number can hold', () => {
    const type = events.purchaseRecorded;
    const payload = type.codec.decode(
      type.codec
        .encode({
          purchaseId: 'p',
          purchaseSequence: 9_007_199_254_740_993n,
          buyerId: 'b',
          amount: undefined,
          stream: 's',
          websiteId: '',
          planId: '',
          planVersion: 0,
          houseMicros: -1n,
          occurredAt: new Date('2026-01-02T03:04:05.678Z'),
          recordedAt: undefined,
        })
        .finish(),
    );
    expect(payload.purchaseSequence).toBe(9_007_199_254_740_993n);
    expect(payload.houseMicros).toBe(-1n);
    expect(payload.occurredAt).toEqual(new Date('2026-01-02T03:04:05.678Z'));
  });
});

describe('the topics', () => {
  it('keep messages for a week, and spread the busy one wider', () => {
    expect(TOPIC_NAMES).toHaveLength(6);
    for (const name of TOPIC_NAMES) expect(TOPICS[name].retentionMs).toBe(7 * 24 * 3_600_000);
    expect(TOPICS['viral.events.v1'].partitions).toBe(12);
    expect(TOPICS['identity.events.v1'].partitions).toBe(6);
  });
});
