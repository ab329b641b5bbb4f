import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeConfig } from '@dailydoco/config';
import { configSchema, readConfig } from './config.js';

const rest = {
  DATABASE_URL: 'postgres://x',
  KAFKA_BROKERS: 'a:1',
  JWKS_URL: 'http://x/jwks',
  TOKEN_ISSUER: 'x',
  INTERNAL_TOKEN_SECRET: 'x'.repeat(32),
  IDENTITY_GRPC_ADDRESS: 'x:1',
};
const read = (upstreams: unknown) => readConfig({ ...rest, AI_UPSTREAMS: JSON.stringify(upstreams) }).AI_UPSTREAMS;
const upstream = { name: 'one', baseUrl: 'https://api.example/v1', models: ['m'] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ai-gateway-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('AI_UPSTREAMS', () => {
  it('may be absent or empty', () => {
    expect(readConfig(rest).AI_UPSTREAMS).toBeUndefined();
    expect(read([])).toEqual([]);
  });

  it('takes keys in place or from files', () => {
    writeFileSync(join(folder, 'key'), 'sk-file\n');
    const other = {
      name: 'two',
      baseUrl: 'http://127.0.0.1:1',
      models: ['n'],
      apiKeyFile: join(folder, 'key'),
      streamUsage: false,
    };
    expect(read([{ ...upstream, apiKey: 'sk-here' }, other])).toEqual([
      { ...upstream, apiKey: 'sk-here', streamUsage: true },
      { name: 'two', baseUrl: 'http://127.0.0.1:1', models: ['n'], apiKey: 'sk-file', streamUsage: false },
    ]);
  });

  it.each<[string, unknown]>([
    ['no JSON', undefined],
    ['another shape', { one: upstream }],
    ['an unknown field', [{ ...upstream, modells: [] }]],
    ['no models', [{ ...upstream, models: [] }]],
    ['a name twice', [upstream, { ...upstream, models: ['n'] }]],
    ['a model twice', [upstream, { ...upstream, name: 'two' }]],
    ['the name of the built-in provider', [{ ...upstream, name: 'built-in' }]],
    ['another protocol', [{ ...upstream, baseUrl: 'ftp://api.example' }]],
    ['credentials in the address', [{ ...upstream, baseUrl: 'https://me:sk-secret@api.example' }]],
    ['two keys', [{ ...upstream, apiKey: 'sk-secret', apiKeyFile: '/etc/passwd' }]],
    ['a file that is not there', [{ ...upstream, apiKeyFile: '/nowhere/sk-secret' }]],
  ])('refuses %s by its name, without a word of its value', (_what, upstreams) => {
    const text = upstreams === undefined ? '[{sk-secret' : JSON.stringify(upstreams);
    const refused = () => readConfig({ ...rest, AI_UPSTREAMS: text });
    expect(refused).toThrow(/AI_UPSTREAMS/);
    expect(refused).not.toThrow(/sk-secret/);
  });

  it('is described as a secret that may be absent', () => {
    expect(describeConfig(configSchema).find(({ key }) => key === 'AI_UPSTREAMS')).toMatchObject({
      secret: true,
      required: false,
    });
  });
});
