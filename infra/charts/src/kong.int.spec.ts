import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '@dailydoco/tools';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { EXAMPLES, type Example, render } from './helm.js';
import { nameOf } from './kubernetes.js';
import { repository } from './places.js';

// The chart sets hosts, Redis and networks over the generated kong.yml. What comes out is given to the very command that the
// gateway's pods start with, which holds every field against Kong's schema.
const COMMAND = join(repository, 'infra', 'gateway', 'dist', 'keys.js');

describe('the gateway’s configuration', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'dailydoco-kong-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function configOf(example: Example, values: object = {}): Promise<string> {
    const objects = await render({ example, values });
    const text = objects.find((object) => nameOf(object) === 'ConfigMap/dd-kong')?.data?.['kong.yml'];
    if (text === undefined) throw new Error(`${example} has no configuration of Kong`);
    return text;
  }

  async function merge(config: string): Promise<string> {
    const [from, out] = [join(folder, 'base.yml'), join(folder, 'kong.yml')];
    writeFileSync(from, config);
    const args = [COMMAND, 'merge', '--config', from, '--keys', join(folder, 'absent.json'), '--out', out];
    await runProgram({ command: process.execPath, args, cwd: repository, timeoutMs: 30_000 });
    return readFileSync(out, 'utf8');
  }

  it.each(EXAMPLES)('of the example %s is one that Kong takes', async (example) => {
    expect(await merge(await configOf(example))).toContain('_format_version');
  });

  it('is one that Kong takes with gRPC for teams outside the cluster', async () => {
    expect(await merge(await configOf('evaluation', { kong: { grpc: { enabled: true } } }))).toContain('grpc');
  });

  it('would be refused with a field that Kong does not know', async () => {
    const config = (await configOf('evaluation')).replace(/^_format_version:/m, 'formatVersion: 1\n_format_version:');
    await expect(merge(config)).rejects.toThrow(/formatVersion/);
  });

  it('leads to the services of the release, by addresses that know each pod', async () => {
    const config = await configOf('production');
    for (const service of ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'])
      expect(config).toMatch(new RegExp(`target: ["']?dd-${service}-[a-z]+:8080`));
  });
});
