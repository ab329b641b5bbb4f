import { describe, expect, it } from '@jest/globals';
import { matches, type Selector } from './policy-objects.js';

const labels = { app: 'store', tier: 'data' };

describe('a selector', () => {
  it.each<[string, Selector, boolean]>([
    ['nothing asked', {}, true],
    ['a label', { matchLabels: { app: 'store' } }, true],
    ['a label of another value', { matchLabels: { app: 'shop' } }, false],
    ['In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['shop', 'store'] }] }, true],
    ['In without the label', { matchExpressions: [{ key: 'none', operator: 'In', values: ['x'] }] }, false],
    ['NotIn', { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['store'] }] }, false],
    ['NotIn without the label', { matchExpressions: [{ key: 'none', operator: 'NotIn', values: ['x'] }] }, true],
    ['Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, true],
    ['DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, false],
    [
      'all of several',
      { matchLabels: { app: 'store' }, matchExpressions: [{ key: 'none', operator: 'Exists' }] },
      false,
    ],
  ])('decides by %s', (_what, selector, expected) => {
    expect(matches(selector, labels)).toBe(expected);
  });
});
