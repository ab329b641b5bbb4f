import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from './kubernetes.js';
import { diffObjects } from './object-diff.js';

function object(name: string, spec: object, more: object = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Thing', metadata: { name }, spec, source: 'a template', ...more };
}

describe('the difference of two renderings', () => {
  it('is nothing where nothing differs but the template', () => {
    expect(diffObjects([object('a', { x: [1] })], [object('a', { x: [1] }, { source: 'another' })])).toBe('');
  });

  it('names objects that come and go, and fields that change', () => {
    const before = [object('a', { replicas: 2, gone: true }), object('b', {})];
    const after = [object('a', { replicas: 3, come: 'x' }), object('c', {})];
    expect(diffObjects(before, after)).toBe(
      [
        '~ Thing/a',
        '    spec.come: (absent) → "x"',
        '    spec.gone: true → (absent)',
        '    spec.replicas: 2 → 3',
        '- Thing/b',
        '+ Thing/c',
        '',
      ].join('\n'),
    );
  });

  it('does not take an inserted item for a change of those that follow', () => {
    const env = (...names: string[]) => object('a', { env: names.map((name) => ({ name, value: name })) });
    expect(diffObjects([env('A', 'C')], [env('A', 'B', 'C')])).toBe(
      '~ Thing/a\n    spec.env[B].name: (absent) → "B"\n    spec.env[B].value: (absent) → "B"\n',
    );
  });

  it('tells the lines of a text that changed, wherever they stand', () => {
    const text = (...lines: string[]) => object('a', { file: lines.join('\n') });
    expect(diffObjects([text('one', 'two', 'two')], [text('zero', 'one', 'two')])).toBe(
      '~ Thing/a\n    spec.file: without 1 × "two"\n    spec.file: with 1 × "zero"\n',
    );
  });

  it('says of a checksum only that it is another', () => {
    const summed = (sum: string) => object('a', { annotations: { 'checksum/config': sum } });
    expect(diffObjects([summed('1')], [summed('2')])).toBe(
      '~ Thing/a\n    spec.annotations."checksum/config": another one\n',
    );
  });
});
