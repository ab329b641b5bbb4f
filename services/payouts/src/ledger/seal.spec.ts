import { describe, expect, it } from '@jest/globals';
import { asJournalId, asTenantId } from '../ids.js';
import { checkRun, type JournalText, NO_SEAL, sealHash, sealInOrder } from './seal.js';

const tenantId = asTenantId('00000000-0000-4000-8000-000000000001');
const text = (n: number): JournalText => ({
  journalId: asJournalId(`00000000-0000-4000-8000-00000000000${n}`),
  columns: ['PayoutSettled', 'USD', null, 'größer'],
  postings: ['a -5 1 0', 'b 5 9 -'],
});

describe('A seal', () => {
  it('is the hash that its format says, computed elsewhere', () => {
    const hash = sealHash(NO_SEAL.hash, { tenantId, number: 1n, journal: text(2) });
    expect(Buffer.from(hash).toString('hex')).toBe('1ccc72bd0d685d9b15b71ef0d85f8be3812069206ef7bd77c149958caa7a1522');
  });

  const texts = [text(1), text(2), text(3)];
  const chain = sealInOrder(tenantId, NO_SEAL, texts).map((seal, n) => ({ ...seal, journal: texts[n] }));

  it('follows the one before it', () => {
    expect(chain.map(({ number }) => number)).toEqual([1n, 2n, 3n]);
    expect(checkRun(tenantId, NO_SEAL, chain)).toEqual([]);
    expect(checkRun(asTenantId('another'), NO_SEAL, chain)).toHaveLength(3);
  });

  it.each([
    ['a changed posting', 1, { journal: { ...text(2), postings: ['a -6 1 0', 'b 6 9 -'] } }, ['2']],
    ['a missing journal', 1, { journal: undefined }, ['2']],
    ['a changed hash, by itself and by the next', 1, { hash: new Uint8Array(32) }, ['2', '3']],
    ['a missing seal', 1, { number: 7n }, ['2', '3']],
  ])('tells of %s', (_, at, change, told) => {
    const run = chain.map((seal, n) => (n === at ? { ...seal, ...change } : seal));
    expect(checkRun(tenantId, NO_SEAL, run).map(({ subject }) => subject.at(-1))).toEqual(told);
  });
});
