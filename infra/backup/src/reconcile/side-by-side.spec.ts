import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sideBySide } from './side-by-side.js';

async function* of(keys: readonly string[]): AsyncGenerator<{ key: string }> {
  for (const key of keys) yield { key };
}

async function walk(left: readonly string[], right: readonly string[]): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const pair of sideBySide(of(left), of(right))) found.push([pair.left?.key ?? '', pair.right?.key ?? '']);
  return found;
}

describe('two sides', () => {
  it('are told apart whatever either has', async () => {
    const keys = fc.uniqueArray(fc.stringMatching(/^[0-9a-f]{1,3}$/)).map((all) => all.toSorted());
    await fc.assert(
      fc.asyncProperty(keys, keys, async (left, right) => {
        const all = [...new Set([...left, ...right])].toSorted();
        expect(await walk(left, right)).toEqual(
          all.map((key) => [left.includes(key) ? key : '', right.includes(key) ? key : '']),
        );
      }),
    );
  });

  it('are not compared when one does not ascend', async () => {
    await expect(walk(['b', 'a'], [])).rejects.toThrow('do not ascend');
    await expect(walk(['a'], ['a', 'a'])).rejects.toThrow('do not ascend');
  });
});
