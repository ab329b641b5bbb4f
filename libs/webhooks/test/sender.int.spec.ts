import type { LookupAddress } from 'node:dns';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Sender, type SenderOptions } from '../src/sender.adapter.js';
import { parseNetwork } from '../src/target.js';
import { Receiver } from './receiver.js';

const loopback = parseNetwork('127.0.0.1/32')!;
const message = { headers: { 'webhook-id': 'm1' }, body: '{"type":"x"}' };

let receiver: Receiver;
const senders: Sender[] = [];

beforeAll(async () => {
  receiver = await Receiver.start();
});

afterAll(async () => {
  await Promise.all(senders.map((sender) => sender.close()));
  await receiver.stop();
});

function senderOf(options: Partial<SenderOptions> = {}): Sender {
  const rules = { allowHttp: true, ports: [443], networks: [loopback] };
  const sender = new Sender({ rules, timeoutMs: 1_500, connections: 4, ...options });
  senders.push(sender);
  return sender;
}

describe('what a receiver does', () => {
  const told = async (path: string) => {
    const { outcome, status, answer } = await senderOf().post(receiver.url(path), message);
    return { outcome, status, answer };
  };

  it('is told by its status', async () => {
    for (const [status, outcome] of [
      [200, 'delivered'],
      [202, 'delivered'],
      [404, 'refused'],
      [410, 'gone'],
      [500, 'refused'],
    ] as const) {
      receiver.answer(`/${status}`, status);
      expect(await told(`/${status}`)).toEqual({ outcome, status, answer: `answered ${status}` });
    }
    expect(receiver.at('/200')[0]).toMatchObject({
      body: message.body,
      headers: { 'webhook-id': 'm1', 'content-type': 'application/json', 'user-agent': 'DailyDoco-Webhooks/1' },
    });
  });

  it('is not followed elsewhere', async () => {
    receiver.answer('/moved', 307, { location: receiver.url('/new') });
    expect(await told('/moved')).toMatchObject({ outcome: 'redirected', status: 307 });
    expect(receiver.at('/new')).toEqual([]);
  });

  it('that resets the connection, or says nothing in time, is an outcome, not an error', async () => {
    receiver.behave('/reset', (reply) => reply.socket?.resetAndDestroy());
    receiver.behave('/silent', () => undefined);
    expect(await told('/reset')).toMatchObject({ outcome: 'unreachable', status: undefined });
    expect(await told('/silent')).toMatchObject({ outcome: 'timed_out', status: undefined });
    const closed = await Receiver.start();
    const url = closed.url('/');
    await closed.stop();
    expect(await senderOf().post(url, message)).toMatchObject({
      outcome: 'unreachable',
      answer: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it('with an endless or unreadable answer is read for one KiB only', async () => {
    const filler = Buffer.alloc(65_536, 'x');
    let stopped = false;
    receiver.behave('/giant', (reply) => {
      const more = (): void => {
        while (!stopped && reply.write(filler));
      };
      reply.on('drain', more).on('close', () => (stopped = true));
      more();
    });
    receiver.behave('/binary', (reply) => reply.end(Buffer.from([0x61, 0, 0xff, 0x62])));
    receiver.behave('/hangs', (reply) => reply.writeHead(200).write('begun'));
    expect(await told('/giant')).toEqual({ outcome: 'delivered', status: 200, answer: 'x'.repeat(1_024) });
    expect(await told('/binary')).toMatchObject({ outcome: 'delivered', answer: 'a\uFFFD\uFFFDb' });
    expect(await told('/hangs')).toMatchObject({ outcome: 'delivered', answer: 'begun' });
  });
});

describe('an address that may not be reached', () => {
  const closedRules = { allowHttp: true, ports: [443], networks: [] };
  const resolving =
    (addresses: LookupAddress[]): NonNullable<SenderOptions['resolve']> =>
    (_, tell) =>
      tell(null, addresses);

  it('is not connected to, whether it is written down or what a name stands for', async () => {
    const sender = senderOf({ rules: closedRules, resolve: resolving([{ address: '127.0.0.1', family: 4 }]) });
    const before = receiver.received.length;
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', 'rebound.example']) {
      const sent = await sender.post(`http://${host}:${receiver.port}/`, message);
      expect([host, sent.outcome]).toEqual([host, 'blocked']);
    }
    expect(receiver.received).toHaveLength(before);
  });

  it('is left out where a name stands for several, and the connection goes to what was judged', async () => {
    const resolve = resolving([
      { address: '10.0.0.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]);
    const sent = await senderOf({ resolve }).post(`http://mixed.example:${receiver.port}/mixed`, message);
    expect(sent.outcome).toBe('delivered');
    expect(receiver.at('/mixed')).toHaveLength(1);
  });

  it('counts the port, too', async () => {
    const rules = { ...closedRules, networks: [parseNetwork('10.0.0.0/8')!] };
    const public25 = senderOf({ rules, resolve: resolving([{ address: '93.184.216.34', family: 4 }]) });
    expect(await public25.post('http://mail.example:25/', message)).toMatchObject({ outcome: 'blocked' });
  });

  it('is a failure like any other when the name is not known', async () => {
    const resolve: NonNullable<SenderOptions['resolve']> = (_, tell) => tell(new Error('ENOTFOUND'), []);
    expect(await senderOf({ resolve }).post('https://gone.example/', message)).toMatchObject({
      outcome: 'unreachable',
    });
  });
});
