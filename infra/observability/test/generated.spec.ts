import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { GENERATED, placesOf } from '../src/generated-files.js';

describe('Generated files', () => {
  it.each(
    GENERATED.flatMap((file) =>
      placesOf(file).map((place) => [place.pathname.split('/main/').at(-1), place, file] as const),
    ),
  )('are current: %s (else: npm run generate)', (_name, place, file) => {
    expect(readFileSync(place, 'utf8') === file.text).toBe(true);
  });

  it('are all of them', () => {
    for (const folder of ['../generated/', '../../../charts/dailydoco/files/observability/']) {
      const root = new URL(folder, import.meta.url);
      const expected = GENERATED.flatMap((file) => placesOf(file))
        .filter(({ href }) => href.startsWith(root.href))
        .map(({ href }) => href.slice(root.href.length));
      const found = readdirSync(root, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => `${parentPath}/${name}`.replaceAll('//', '/').slice(root.pathname.length));
      expect(found.toSorted()).toEqual(expected.toSorted());
    }
  });
});
