import { describe, expect, it } from '@jest/globals';
import { goldenFile, goldensOf } from './goldens.js';

describe('a golden', () => {
  it.each([
    ['dailydoco/charts/payouts/templates/all.yaml', 'payouts.yaml'],
    ['dailydoco/templates/stores/kafka-strimzi.yaml', 'stores.yaml'],
  ])('of %s is %s', (source, file) => {
    expect(goldenFile({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, source })).toBe(file);
  });

  it('is refused for a template that lies elsewhere', () => {
    expect(() => goldenFile({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' }, source: 'x.yaml' })).toThrow(
      /no golden file for objects of x\.yaml/,
    );
  });

  it('shows no value that is drawn anew, and every other', () => {
    const secret = (name: string, annotations: string) =>
      `---\n# Source: dailydoco/templates/secrets/a.yaml\napiVersion: v1\nkind: Secret\nmetadata: {name: ${name}, annotations: {${annotations}}}\ndata: {password: c2VjcmV0}\n`;
    const text = goldensOf(secret('a', 'dailydoco.dev/generated: "true"') + secret('b', '')).get('secrets.yaml');
    expect(text?.match(/password: .*/g)).toEqual(['password: <generated>}', 'password: c2VjcmV0}']);
  });
});
