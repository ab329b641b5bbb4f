import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { goldensOf, isGenerated } from './goldens.js';
import { EXAMPLES, lint, renderOnce, renderText } from './helm.js';
import { type KubernetesObject, nameOf, parseObjects } from './kubernetes.js';
import { diffObjects } from './object-diff.js';
import { examplesFolder } from './places.js';
import { RULES } from './rules.js';
import { verify } from './verifier.js';

/** The files of a folder by name, or none when there is no such folder. */
function readFiles(folder: string): ReadonlyMap<string, string> {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

describe.each(EXAMPLES)('the example %s', (example) => {
  let text: string;
  let objects: readonly KubernetesObject[];

  beforeAll(async () => {
    text = await renderOnce({ example });
    objects = parseObjects(text);
  });

  it('passes helm lint --strict', async () => {
    expect(await lint('dailydoco', { example })).toContain('1 chart(s) linted, 0 chart(s) failed');
  });

  it('would be taken by an API server as it is, under restricted pod security', async () => {
    const { objects: count, problems } = await verify(text);
    expect(problems).toEqual([]);
    expect(count).toBe(objects.length);
    expect(count).toBeGreaterThan(50);
  });

  it.each(RULES)('$title', ({ problems }) => {
    expect(problems(objects, example)).toEqual([]);
  });

  it('draws nothing anew but the values of generated Secrets', async () => {
    const again = parseObjects(await renderText({ example }));
    const others = (all: readonly KubernetesObject[]) => all.filter((object) => !isGenerated(object));
    expect(diffObjects(others(objects), others(again))).toBe('');
    expect(again.map(nameOf)).toEqual(objects.map(nameOf));
  });

  // `npm run goldens` writes them anew.
  it('renders what its goldens show', () => {
    const goldens = readFiles(join(examplesFolder, example, 'rendered'));
    const rendered = goldensOf(text);
    expect([...goldens.keys()].toSorted()).toEqual([...rendered.keys()].toSorted());
    for (const [file, golden] of goldens) expect(`${file}\n${rendered.get(file) ?? ''}`).toBe(`${file}\n${golden}`);
  });
});
