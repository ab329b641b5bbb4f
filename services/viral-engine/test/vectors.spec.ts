import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { firstDifference } from '../src/vectors/vector-case.js';
import { parseVectors } from '../src/vectors.js';

const text = readFileSync(new URL('./vectors/commissions.json', import.meta.url), 'utf8');
const cases = parseVectors(text);

describe('The commission vectors', () => {
  it('are all there', () => {
    expect(cases).toHaveLength(13);
  });

  it.each(cases.map((vector) => [vector.name, vector] as const))('hold: %s', (_name, vector) => {
    expect(firstDifference(vector)).toBeUndefined();
  });
});

describe('A vector that is wrong', () => {
  const first = () => structuredClone(JSON.parse(text)[0]);
  const differenceAfter = (spoil: (vector: ReturnType<typeof first>) => void) => {
    const vector = first();
    spoil(vector);
    return firstDifference(parseVectors(JSON.stringify([vector]))[0]!);
  };

  it('is named by the first amount that differs', () => {
    expect(differenceAfter((v) => (v.expected.commissions[1].amount = '11.86'))).toBe(
      'expected.commissions.1.amount: expected "11.86", got "11.85"',
    );
  });

  it('fails when it expects a commission less than there is', () => {
    expect(differenceAfter((v) => v.expected.commissions.pop())).toMatch(/^expected\.commissions\.6: expected nothing/);
  });

  it('fails when a reversal differs', () => {
    expect(differenceAfter((v) => (v.refunds[0].reversals[0].net = '0.01'))).toMatch(/^refunds\.0\.reversals\.0\.net/);
  });

  it('fails when a refusal was expected and none came', () => {
    const error = 'REFUND_EXCEEDS_PURCHASE';
    expect(differenceAfter((v) => (v.refunds[0] = { refund: '1.00', error }))).toMatch(/^refunds\.0\.error: expected/);
  });

  it('reads amounts by value, not by spelling', () => {
    expect(differenceAfter((v) => (v.expected.commissions[0].amount = '15.8'))).toBeUndefined();
  });

  it.each([
    ['an unknown member', '[{"nme": "x"}]'],
    ['no list', '{}'],
    ['no JSON', '['],
  ])('%s is refused', (_, bad) => {
    expect(() => parseVectors(bad)).toThrow();
  });
});
