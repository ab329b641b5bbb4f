import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { EXAMPLES, render, renderOnce } from './helm.js';
import { upgradesFolder } from './places.js';
import { hookNeedProblems, hookProblems } from './policies/hooks.js';
import { MADE } from './rules.js';
import { UPGRADES, upgradeChanges } from './upgrades.js';
import { verify } from './verifier.js';

describe('an upgrade', () => {
  // `npm run goldens` writes them anew.
  it.each(UPGRADES)('$title', async (upgrade) => {
    const file = join(upgradesFolder, `${upgrade.file}.txt`);
    expect(await upgradeChanges(upgrade)).toBe(existsSync(file) ? readFileSync(file, 'utf8') : '(no golden file)');
  });

  it.each(EXAMPLES)('of the example %s runs its jobs as hooks, before the pods are replaced', async (example) => {
    const objects = await render({ example, upgrade: true });
    expect([...hookProblems(objects, MADE[example], true), ...hookNeedProblems(objects, true)]).toEqual([]);
  });

  it.each(EXAMPLES)('of the example %s would be taken by an API server as it is', async (example) => {
    expect((await verify(await renderOnce({ example, upgrade: true }))).problems).toEqual([]);
  });
});
