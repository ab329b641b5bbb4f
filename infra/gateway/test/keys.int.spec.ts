import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@dailydoco/telemetry';
import { sourceHooks } from '@dailydoco/testing';
import { keysCommand } from '../src/keys/command.js';
import { readKong } from '../src/read-kong.js';
import { type Certificate, certificate, type KubernetesApi, startKubernetesApi } from './kubernetes-api.js';

const program = fileURLToPath(new URL('../src/keys.ts', import.meta.url));
const base = fileURLToPath(new URL('../kong.yml', import.meta.url));
const ANNOTATION = 'dailydoco.dev/kong-keys';

let api: KubernetesApi;
let ofCluster: Certificate;
/** What a test opened, also when it failed half way. */
const closing: (() => Promise<unknown>)[] = [];
let identity: Server;
let published: unknown;
let asked: number;
let folder: string;

/** As identity writes them. */
function newKey(kid: string) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' };
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as the program does, in this process: what it logs, and what it complains of. */
async function keys(args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  let out = '';
  let err = '';
  const destination = { write: (line: string) => (out += line) };
  const logger = createLogger({ service: 'spec', level: 'info', destination });
  const code = await keysCommand(args, { env, logger, complain: (text) => (err += `${text}\n`) });
  return { code, out, err };
}

const refresh = (env: Record<string, string> = {}): Promise<Outcome> =>
  keys(['refresh'], {
    GATEWAY_JWKS_URL: `http://127.0.0.1:${(identity.address() as AddressInfo).port}/.well-known/jwks.json`,
    GATEWAY_KEYS_SECRET: 'dd-kong-keys',
    GATEWAY_KEYS_DEPLOYMENT: 'dd-kong',
    GATEWAY_KEYS_TIMEOUT_MS: '2000',
    GATEWAY_SERVICE_ACCOUNT_DIR: api.serviceAccountDir,
    KUBERNETES_SERVICE_HOST: '127.0.0.1',
    KUBERNETES_SERVICE_PORT: String(api.port),
    ...env,
  });

const storedKids = (): string[] =>
  (JSON.parse(api.secretText('jwks.json') ?? '{"keys":[]}') as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);

beforeAll(async () => {
  ofCluster = await certificate();
  folder = mkdtempSync(join(tmpdir(), 'dailydoco-keys-'));
  identity = createServer((_request, response) => {
    asked += 1;
    if (published === undefined) response.writeHead(503).end();
    else response.setHeader('content-type', 'application/json').end(JSON.stringify(published));
  });
  identity.listen(0, '127.0.0.1');
  await once(identity, 'listening');
});

beforeEach(async () => {
  asked = 0;
  api = await startKubernetesApi({ secret: 'dd-kong-keys', deployment: 'dd-kong' }, ofCluster);
});

afterEach(async () => {
  await Promise.all([api, ...closing.splice(0).map((close) => ({ close }))].map((open) => open.close()));
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await closeServer(identity);
});

describe('refreshing the keys', () => {
  it('writes those that identity publishes, and has Kong’s pods replaced', async () => {
    published = { keys: [newKey('one'), newKey('two')] };
    expect(await refresh()).toMatchObject({ code: 0, err: '' });
    expect(storedKids()).toEqual(['one', 'two']);
    expect(api.podAnnotations()).toEqual({ other: 'stays', [ANNOTATION]: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(api.writes).toEqual([
      'PATCH /api/v1/namespaces/growth/secrets/dd-kong-keys?fieldManager=dailydoco-kong-keys',
      'PATCH /apis/apps/v1/namespaces/growth/deployments/dd-kong?fieldManager=dailydoco-kong-keys',
    ]);
  });

  it('writes nothing when nothing has changed', async () => {
    published = { keys: [newKey('one'), newKey('two')] };
    await refresh();
    api.writes.length = 0;
    published = { keys: (published as { keys: object[] }).keys.toReversed() };
    const { code, out } = await refresh();
    expect([code, api.writes]).toEqual([0, []]);
    expect(out).toContain('nothing has changed');
  });

  it('keeps a key that has gone until its tokens have, without another start of Kong meanwhile', async () => {
    const [old, current] = [newKey('1'), newKey('2')];
    published = { keys: [old, current] };
    await refresh();
    published = { keys: [current] };
    api.writes.length = 0;
    await refresh();
    expect(storedKids()).toEqual(['1', '2']);
    expect(api.writes.map((write) => write.includes('/secrets/'))).toEqual([true]);
    // The time passes: what stands in the Secret says so.
    const before = new Date(Date.now() - 1_201_000).toISOString();
    api.setSecretText(
      'jwks.json',
      (api.secretText('jwks.json') ?? '').replace(/"gone_since": "[^"]+"/, `"gone_since": "${before}"`),
    );
    api.writes.length = 0;
    await refresh();
    expect([storedKids(), api.writes.length]).toEqual([['2'], 2]);
  });

  it('makes good what an interrupted run left undone', async () => {
    published = { keys: [newKey('one')] };
    // The Secret is read and written; the Deployment cannot be reached any more.
    const interrupted = await refresh({ GATEWAY_KEYS_DEPLOYMENT: 'gone' });
    expect([interrupted.code, storedKids(), api.podAnnotations()]).toEqual([1, ['one'], { other: 'stays' }]);
    expect(interrupted.err).toMatch(/404.*the chart makes it/);
    expect((await refresh()).code).toBe(0);
    expect(api.podAnnotations()).toHaveProperty([ANNOTATION]);
  });

  it.each([
    ['is away', undefined],
    ['publishes no key', { keys: [] }],
    ['answers nonsense', 'nonsense'],
  ])('keeps what is there when identity %s, after three attempts', async (_what, answer) => {
    published = { keys: [newKey('one')] };
    await refresh();
    api.writes.length = 0;
    asked = 0;
    published = answer;
    const { code, err } = await refresh();
    expect([code, asked, storedKids(), api.writes]).toEqual([1, 3, ['one'], []]);
    expect(err.trim()).not.toBe('');
  });

  it('waits no longer for identity than it may', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.push(() => closeServer(silent));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    expect(await refresh({ GATEWAY_JWKS_URL: url, GATEWAY_KEYS_TIMEOUT_MS: '100' })).toMatchObject({ code: 1 });
  });

  it('tries again when the API server is not well, or somebody wrote in between', async () => {
    published = { keys: [newKey('one')] };
    api.fail(2, 503);
    expect((await refresh()).code).toBe(0);
    const [mine, theirs] = [newKey('two'), newKey('three')];
    published = { keys: [mine] };
    api.interfere('jwks.json', JSON.stringify({ keys: [theirs] }));
    expect((await refresh()).code).toBe(0);
    // What they wrote is not lost: it counts as a key that was there.
    expect(storedKids()).toEqual(['three', 'two']);
  });

  it('says what it lacks when it may not', async () => {
    published = { keys: [newKey('one')] };
    api.fail(1, 403);
    const { code, err } = await refresh();
    expect([code, api.writes]).toEqual([1, []]);
    expect(err).toMatch(/403.*get and patch/);
  });

  it('writes a spoilt Secret anew', async () => {
    published = { keys: [newKey('one')] };
    api.setSecretText('jwks.json', 'nonsense');
    expect((await refresh()).code).toBe(0);
    expect(storedKids()).toEqual(['one']);
  });

  it('trusts the cluster’s authority alone, and shows its token to nobody else', async () => {
    published = { keys: [newKey('one')] };
    const other = await startKubernetesApi({ secret: 'dd-kong-keys', deployment: 'dd-kong' }, await certificate());
    closing.push(() => other.close());
    const { code } = await refresh({ KUBERNETES_SERVICE_PORT: String(other.port) });
    expect([code, other.writes]).toEqual([1, []]);
  });

  it('names the settings that are missing, and what is not mounted', async () => {
    const { code, err } = await keys(['refresh']);
    expect(code).toBe(1);
    for (const name of ['GATEWAY_JWKS_URL', 'GATEWAY_KEYS_SECRET', 'KUBERNETES_SERVICE_HOST'])
      expect(err).toContain(name);
    const unmounted = await refresh({ GATEWAY_SERVICE_ACCOUNT_DIR: folder });
    expect([unmounted.code, unmounted.err]).toEqual([1, expect.stringContaining('mount the pod')]);
    expect((await refresh({ GATEWAY_KEYS_OVERLAP_S: '60' })).err).toContain('GATEWAY_KEYS_OVERLAP_S');
  });
});

describe('merging the keys', () => {
  const out = () => join(folder, 'kong.yml');
  const merge = (...more: string[]) => keys(['merge', '--config', base, '--out', out(), ...more]);

  it('writes what Kong reads: the file with the keys that the refresh stored', async () => {
    published = { keys: [newKey('one'), newKey('two')] };
    await refresh();
    const file = join(folder, 'jwks.json');
    writeFileSync(file, api.secretText('jwks.json') ?? '');
    expect(await merge('--keys', file)).toMatchObject({ code: 0, err: '' });
    const [person] = readKong(readFileSync(out(), 'utf8')).consumers;
    expect(person?.jwt_secrets?.map(({ key }) => key)).toEqual(['one', 'two']);
  });

  it('goes on without keys that are not there or cannot be read, and says so', async () => {
    for (const [name, text] of [['none.json'], ['spoilt.json', 'nonsense']] as const) {
      if (text !== undefined) writeFileSync(join(folder, name), text);
      const { code, out: log } = await merge('--keys', join(folder, name));
      expect([name, code, log.includes('anonymous')]).toEqual([name, 0, true]);
      expect(readKong(readFileSync(out(), 'utf8'))).toEqual(readKong(readFileSync(base, 'utf8')));
    }
  });

  it('writes nothing when the file is not understood whole, and names the place', async () => {
    const wrong = join(folder, 'wrong.yml');
    copyFileSync(base, wrong);
    writeFileSync(wrong, readFileSync(base, 'utf8').replace('retries: 1', 'retries: 1\n    url: http://a'));
    const never = join(folder, 'never.yml');
    const { code, err } = await keys(['merge', '--config', wrong, '--out', never]);
    expect([code, existsSync(never)]).toEqual([1, false]);
    expect(err).toContain('/services/0');
  });

  it('says how it is used', async () => {
    for (const args of [[], ['merge'], ['mend'], ['refresh', 'now'], ['merge', '--confg', 'x']]) {
      const { code, err } = await keys(args);
      expect([args, code, err.trim() !== '']).toEqual([args, 1, true]);
    }
  });
});

it('the program itself ends with the command’s code', async () => {
  const node = ['--conditions=@dailydoco/source', '--import', sourceHooks, program];
  const run = promisify(execFile);
  const out = join(folder, 'program.yml');
  const { stdout } = await run(process.execPath, [...node, 'merge', '--config', base, '--out', out]);
  expect(stdout).toContain('the configuration is written');
  expect(existsSync(out)).toBe(true);
  await expect(run(process.execPath, [...node, 'mend'])).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('usage:'),
  });
});
