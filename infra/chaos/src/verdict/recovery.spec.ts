import { describe, expect, it } from '@jest/globals';
import type { Outcome } from '../traffic/answer.js';
import type { Sample } from '../traffic/sample.js';
import { recoveredAtMs } from './recovery.js';

const at = (sentMs: number, kind: string, outcome?: Outcome): Sample => ({
  kind,
  sentMs,
  ...(outcome !== undefined && { result: { tookMs: 1, outcome, why: '' } }),
});
const well = (fromMs: number, toMs: number): Sample[] => {
  const samples: Sample[] = [];
  for (let ms = fromMs; ms < toMs; ms += 100) samples.push(at(ms, 'a', 'ok'), at(ms + 50, 'b', 'ok'));
  return samples;
};
const ask = (samples: Sample[], nowMs: number) =>
  recoveredAtMs(samples, { fromMs: 1_000, nowMs, kinds: ['a', 'b'], quietMs: 3_000 });

describe('recovery', () => {
  it('is at once when nothing fails after the fault', () => {
    expect(ask([at(900, 'a', 'refused'), ...well(1_000, 4_500)], 4_500)).toBe(1_000);
  });

  it('is not known before the quiet time is over', () => {
    expect(ask(well(1_000, 3_900), 3_900)).toBeUndefined();
  });

  it('begins after the last failure that is not followed by quiet', () => {
    const samples = [...well(1_000, 9_000), at(1_500, 'a', 'refused'), at(3_000, 'b', 'unclean')];
    expect(ask(samples, 9_000)).toBe(3_000);
    expect(ask([...samples, at(8_000, 'a', 'refused')], 9_000)).toBe(3_000);
  });

  it('waits for answers that are outstanding', () => {
    expect(ask([...well(1_000, 6_000), at(1_200, 'b')], 6_000)).toBeUndefined();
  });

  it('wants to see every kind', () => {
    expect(
      ask(
        well(1_000, 6_000).filter(({ kind }) => kind === 'a'),
        6_000,
      ),
    ).toBeUndefined();
  });
});
