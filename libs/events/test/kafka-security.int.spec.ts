import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KafkaStore, startKafka } from '@dailydoco/stores';
import { eventually } from '@dailydoco/testing';
import { ensureTopics, kafkaBroker, type KafkaBrokerOptions, TOPIC_NAMES } from '../src/index.js';

const USER = { mechanism: 'scram-sha-512', username: 'payouts', password: 'a password of the test' } as const;
let folder: string;
let kafka: KafkaStore | undefined;
let ca: string;
let otherCa: string;

/** A certificate for 127.0.0.1 that signs itself, with its key. */
function certificate(name: string): { key: string; certificate: string } {
  const file = (kind: string): string => join(folder, `${name}.${kind}`);
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
  const files = ['-keyout', file('key'), '-out', file('crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', ...subject, ...files], {
    stdio: 'ignore',
  });
  return { key: readFileSync(file('key'), 'utf8'), certificate: readFileSync(file('crt'), 'utf8') };
}

function broker(options: Partial<KafkaBrokerOptions>) {
  return kafkaBroker({
    brokers: kafka?.secureBrokers ?? [],
    clientId: 'security-spec',
    tls: { ca },
    sasl: USER,
    ...options,
  });
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-security-'));
  const own = certificate('broker');
  ca = own.certificate;
  otherCa = certificate('stranger').certificate;
  const { username, password } = USER;
  kafka = await startKafka({ dataDir: join(folder, 'kafka'), heapMb: 256, secure: { ...own, username, password } });
}, 120_000);

afterAll(async () => {
  await kafka?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a Kafka that is encrypted and asks for a password', () => {
  it('is spoken to by who knows both', async () => {
    expect(await ensureTopics(broker({}), 1)).toEqual([...TOPIC_NAMES]);
    const producer = broker({}).producer();
    const message = { topic: 'viral.events.v1', key: 'k', value: new Uint8Array([1]), headers: {} };
    // A partition that was made a moment ago may not have heard yet that it is led here.
    await eventually(() => producer.send([message]), { timeoutMs: 20_000 });
    await producer.close();
    const admin = broker({}).admin();
    // Nor the group's coordinator that it is one.
    const waiting = await eventually(() => admin.lag('nobody', ['viral.events.v1']), { timeoutMs: 20_000 });
    await admin.close();
    expect(waiting.reduce((sum, { messages }) => sum + messages, 0n)).toBe(1n);
  }, 60_000);

  it.each<[string, () => Partial<KafkaBrokerOptions>, string]>([
    ['a wrong password', () => ({ sasl: { ...USER, password: 'wrong' } }), 'SASL SCRAM SHA512 authentication failed'],
    [
      'an authority that did not sign the broker’s certificate',
      () => ({ tls: { ca: otherCa } }),
      'self-signed certificate',
    ],
  ])(
    'refuses %s, and says why',
    async (_, options, message) => {
      await expect(ensureTopics(broker(options()), 1)).rejects.toThrow(message);
    },
    60_000,
  );
});
