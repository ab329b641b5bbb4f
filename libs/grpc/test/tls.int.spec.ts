import { readFileSync } from 'node:fs';
import { DomainError } from '@dailydoco/errors';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Authority, eventually, MountedSecret } from '@dailydoco/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Certificates, type CertificateFiles, GrpcHealthClient, type GrpcTls } from '../src/index.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testClient } from './test-server.js';

const cleanup = cleanupAfterEach();
const SERVER = 'localhost';
const ANSWER = { applies: true, referrerId: 'someone' };
const REQUEST = { referralCode: 'ada', visitorId: '' };

let house: Authority;
let strangers: Authority;
let logged: string[];

beforeAll(() => {
  house = new Authority('house');
  strangers = new Authority('strangers');
});
afterAll(() => {
  house.close();
  strangers.close();
});

const logger = {
  info: (_: object, text: string) => void logged.push(text),
  warn: (_: object, text: string) => void logged.push(text),
} as unknown as ConstructorParameters<typeof Certificates>[0]['logger'];

function certificates(files: CertificateFiles): Certificates {
  logged = [];
  // Read anew when the spec says so.
  const made = new Certificates({ ...files, logger, everyMs: 3_600_000 });
  cleanup(() => made.close());
  return made;
}

async function serve(files: CertificateFiles, clients?: readonly string[], maxConnectionAgeMs = 60_000) {
  const tls: GrpcTls = { certificates: certificates(files), clients };
  let served = 0;
  const server = await startTestServer(
    {
      checkReferral: async () => {
        served += 1;
        return ANSWER;
      },
    },
    { transport: { tls, maxConnectionAgeMs } },
  );
  cleanup(server.stop);
  return { address: `${SERVER}:${server.port}`, tls, served: () => served };
}

function dial(address: string, files: CertificateFiles | undefined) {
  const tls = files === undefined ? undefined : { certificates: certificates(files) };
  const client = testClient(ReferralServiceService, address, { tls, defaultDeadlineMs: 4_000 });
  cleanup(client.close);
  return client;
}

const reasonOf = async (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    (answer) => answer,
    (error: unknown) => (error instanceof DomainError ? error.reason : error),
  );

describe('mutual TLS', () => {
  it('lets those in whose certificate carries a name of the list, and answers health by the same way', async () => {
    const { address } = await serve(house.issue([SERVER]), ['identity', 'viral-engine']);
    const files = house.issue(['viral-engine', 'dd-viral-engine-grpc.default.svc']);
    expect(await dial(address, files).checkReferral(REQUEST)).toEqual(ANSWER);
    const health = new GrpcHealthClient(address, { certificates: certificates(files) });
    cleanup(() => health.close());
    expect(await health.isServing('', 4_000)).toBe(true);
    const plain = new GrpcHealthClient(address);
    cleanup(() => plain.close());
    expect(await plain.isServing()).toBe(false);
  });

  it('without a list lets everybody in whom the authority has signed', async () => {
    const { address } = await serve(house.issue([SERVER]));
    expect(await dial(address, house.issue(['anyone'])).checkReferral(REQUEST)).toEqual(ANSWER);
  });

  it.each([
    ['another name', ['payouts']],
    ['a wildcard', ['*.viral-engine', '*']],
    ['a name that only begins alike', ['viral-engine.evil.example']],
    ['no name but a common one', []],
  ])('tells a caller with %s that it may not call, before anything is done', async (_, names) => {
    const { address, served } = await serve(house.issue([SERVER]), ['viral-engine', 'localhost', 'a.viral-engine']);
    expect(await reasonOf(dial(address, house.issue(names)).checkReferral(REQUEST))).toBe('UNAUTHENTICATED');
    expect(served()).toBe(0);
  });

  it.each([
    ['no certificate', () => undefined],
    ['a certificate of another authority', () => strangers.issue(['viral-engine'], house)],
  ])('gives a caller with %s no connection', async (_, files) => {
    const { address, served } = await serve(house.issue([SERVER]), ['viral-engine']);
    expect(await reasonOf(dial(address, files()).checkReferral(REQUEST))).toBe('UNAVAILABLE');
    expect(served()).toBe(0);
  });

  it.each([
    ['another name', () => house.issue(['elsewhere'])],
    ['no name but a common one', () => house.issue([])],
    ['another authority', () => strangers.issue([SERVER], house)],
  ])('keeps a client from a server with %s', async (_, files) => {
    const { address, served } = await serve(files());
    expect(await reasonOf(dial(address, house.issue(['viral-engine'])).checkReferral(REQUEST))).toBe('UNAVAILABLE');
    expect(served()).toBe(0);
  });
});

describe('certificates that are exchanged', () => {
  const text = (file: string): Buffer => readFileSync(file);

  it('lose no call, although connections end and begin all the time, until nothing of the old authority is left', async () => {
    const next = new Authority('next');
    cleanup(() => next.close());
    const secrets = { server: new MountedSecret(), client: new MountedSecret() };
    for (const secret of Object.values(secrets)) cleanup(() => secret.close());
    const both = Buffer.concat([text(house.certFile), text(next.certFile)]);
    const put = (who: 'server' | 'client', by: Authority, ca: Buffer): void => {
      const { certFile, keyFile } = by.issue([who === 'server' ? SERVER : 'viral-engine']);
      secrets[who].write({ cert: text(certFile), key: text(keyFile), ca });
    };
    put('server', house, text(house.certFile));
    put('client', house, text(house.certFile));
    const { address, tls } = await serve(secrets.server.files, ['viral-engine'], 150);
    const client = { certificates: certificates(secrets.client.files) };
    // As the services call it: with connections this short-lived a call can meet the end of two in a row, and grpc-js
    // repeats but once by itself what a server has not begun.
    const caller = testClient(ReferralServiceService, address, {
      tls: client,
      defaultDeadlineMs: 10_000,
      retrySafeMethods: ['checkReferral'],
    });
    cleanup(caller.close);

    let [calls, over] = [0, false];
    const callers = Array.from({ length: 4 }, async () => {
      while (!over) {
        expect(await caller.checkReferral(REQUEST)).toEqual(ANSWER);
        calls += 1;
      }
    });
    const more = async (): Promise<void> => {
      const before = calls;
      await Promise.race([eventually(() => expect(calls).toBeGreaterThan(before + 50)), ...callers]);
    };
    const steps = [
      () => [put('server', house, both), put('client', house, both)],
      () => [put('server', next, both)],
      () => [put('client', next, both)],
      () => [put('server', next, text(next.certFile)), put('client', next, text(next.certFile))],
    ];
    await more();
    for (const step of steps) {
      step();
      await Promise.all([tls.certificates.refresh(), client.certificates.refresh()]);
      await more();
    }
    over = true;
    await Promise.all(callers);
    // Whoever still shows the old authority's certificate gets no connection any more.
    expect(await reasonOf(dial(address, house.issue(['viral-engine'])).checkReferral(REQUEST))).toBe('UNAVAILABLE');
    expect(logged.filter((line) => line.includes('cannot be used'))).toEqual([]);
  });

  it('that do not fit together are not used, and said once', async () => {
    const secret = new MountedSecret();
    cleanup(() => secret.close());
    const [one, other] = [house.issue([SERVER]), house.issue([SERVER])];
    const ca = text(house.certFile);
    secret.write({ cert: text(one.certFile), key: text(one.keyFile), ca });
    const { address, tls } = await serve(secret.files);
    const said = logged;
    for (const broken of [
      { cert: text(other.certFile), key: text(one.keyFile), ca },
      { cert: 'half a cert', key: text(one.keyFile), ca },
      { cert: text(one.certFile), key: text(one.keyFile), ca: '' },
    ]) {
      secret.write(broken);
      await tls.certificates.refresh();
      await tls.certificates.refresh();
    }
    expect(said).toEqual(Array(3).fill('the gRPC certificates on disk cannot be used; those in use stay'));
    expect(await dial(address, house.issue(['anyone'])).checkReferral(REQUEST)).toEqual(ANSWER);
  });

  it.each([
    ['a key of another certificate', 'the gRPC key is not that of the certificate'],
    ['a file that is not there', 'ENOENT'],
    ['a text that is no PEM', 'PEM is wanted'],
  ])('with %s do not let a process start', (what, message) => {
    const [one, other] = [house.issue([SERVER]), house.issue([SERVER])];
    const files = {
      'a key of another certificate': { ...one, keyFile: other.keyFile },
      'a file that is not there': { ...one, caFile: '/nowhere/ca.crt' },
      'a text that is no PEM': { ...one, certFile: new URL(import.meta.url).pathname },
    }[what];
    expect(() => certificates(files ?? one)).toThrow(message);
  });
});
