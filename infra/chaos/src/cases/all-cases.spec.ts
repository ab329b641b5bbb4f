import { describe, expect, it } from '@jest/globals';
import { SERVICES } from '@dailydoco/local';
import { KINDS } from '../traffic/kinds.js';
import { ALL_CASES, casesWith } from './all-cases.js';

const titles = ALL_CASES.map(({ title }) => title);

describe('the cases', () => {
  it('have titles of their own', () => {
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('kill and freeze every process', () => {
    for (const name of [...SERVICES, 'gateway', 'Postgres', 'Redis', 'Kafka'])
      expect(titles).toEqual(expect.arrayContaining([`kill -9 ${name}`, `SIGSTOP ${name}`]));
  });

  it('disturb every service and its stores, and the gateway and every service', () => {
    const toKafka = titles.filter((title) => title.endsWith(' → Kafka')).join();
    for (const name of SERVICES) {
      expect(toKafka).toContain(name);
      expect(titles).toEqual(expect.arrayContaining([`${name} → Postgres`, `gateway → ${name}`]));
    }
  });

  it('let one service’s death take down its own endpoints alone', () => {
    for (const name of SERVICES) {
      const [phase] = casesWith(`kill -9 ${name}`)[0]?.phases(() => 0.5) ?? [];
      expect(phase?.mayFail).toEqual(
        KINDS.filter(({ service, asks }) => service === name || asks === name).map(({ name: kind }) => kind),
      );
    }
  });

  it('are found by a word of their title', () => {
    expect(casesWith('redis').map(({ title }) => title)).toContain('identity → Redis');
    expect(casesWith('kill -9 redis', 'rolling')).toHaveLength(2);
    expect(casesWith('no such word')).toEqual([]);
    expect(casesWith()).toHaveLength(ALL_CASES.length);
  });
});
