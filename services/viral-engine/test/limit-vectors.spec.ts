import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { firstDifference } from '../src/vectors/vector-case.js';
import { parseVectors } from '../src/vectors.js';

const text = readFileSync(new URL('./vectors/limits.json', import.meta.url), 'utf8');
const cases = parseVectors(text);

describe('The vectors of limits', () => {
  it('are all there', () => {
    expect(cases).toHaveLength(11);
  });

  it.each(cases.map((vector) => [vector.name, vector] as const))('hold: %s', (_name, vector) => {
    expect(firstDifference(vector)).toBeUndefined();
  });

  it('fail by a cut that differs, and by a loss that is not told', () => {
    const [shared, stopped] = [4, 7].map((index) => structuredClone(JSON.parse(text)[index]));
    shared.expected.commissions[1].cuts[0].rule = 'beneficiary_month';
    stopped.expected.lost.pop();
    const [cut, loss] = parseVectors(JSON.stringify([shared, stopped])).map(firstDifference);
    expect(cut).toMatch(/^expected\.commissions\.1\.cuts\.0\.rule/);
    expect(loss).toMatch(/^expected\.lost\.2/);
  });
});
