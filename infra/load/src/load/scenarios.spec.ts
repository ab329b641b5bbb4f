import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';
import { describe, expect, it } from '@jest/globals';
import { LOAD_SCENARIOS, scenarioNamed } from './scenarios.js';

const script = (name: string): string => join(repositoryRoot, 'infra', 'load', 'scenarios', `${name}.js`);
const calls = readFileSync(script('calls'), 'utf8');

describe('the nine scenarios', () => {
  it('have a script each, or say why they cannot be run yet', () => {
    expect(LOAD_SCENARIOS).toHaveLength(9);
    for (const { name, missing } of LOAD_SCENARIOS) expect(existsSync(script(name))).toBe(missing === undefined);
    expect(scenarioNamed('nothing')).toBeUndefined();
  });

  it('tell the figures of calls that the scripts make', () => {
    const named = [...calls.matchAll(/(?:get|post)\('([^']+)'/g)].map(([, name]) => name);
    for (const { calls: told } of LOAD_SCENARIOS) for (const call of told) expect(named).toContain(call);
  });
});
