import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { targetRulesOf, webhookSettings } from './settings.js';
import { isPortAllowed, isReachable, wrongTarget } from './target.js';

const rulesOf = (env: Record<string, string> = {}) => targetRulesOf(z.object(webhookSettings).parse(env));
const usual = rulesOf();
const own = rulesOf({ WEBHOOK_NETWORKS: '10.1.0.0/16, fd00:1::/32', WEBHOOK_ALLOW_HTTP: 'true' });

describe('an address', () => {
  it.each(['93.184.216.34', '1.1.1.1', '2606:4700::1111', '::ffff:93.184.216.34'])(
    'that is public is reached: %s',
    (address) => {
      expect(isReachable(address, [])).toBe(true);
    },
  );

  it.each([
    '127.0.0.1',
    '127.8.8.8',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.169.254',
    '168.63.129.16',
    '192.0.2.1',
    '198.18.0.1',
    '203.0.113.5',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    'no address',
  ])('that is set aside for something else is not: %s', (address) => {
    expect(isReachable(address, [])).toBe(false);
  });

  it('of the operators’ own networks is reached, at any port; of others only at the usual ports', () => {
    for (const [address, port, reached, mayPort] of [
      ['10.1.2.3', 8080, true, true],
      ['::ffff:10.1.2.3', 8080, true, true],
      ['fd00:1::5', 25, true, true],
      ['10.2.0.1', 443, false, true],
      ['93.184.216.34', 443, true, true],
      ['93.184.216.34', 25, true, false],
    ] as const) {
      expect([address, isReachable(address, own.networks), isPortAllowed(address, port, own)]).toEqual([
        address,
        reached,
        mayPort,
      ]);
    }
  });
});

describe('a URL', () => {
  it.each(['https://hooks.example.com/a?b=c', 'https://hooks.example.com:8443/', 'https://93.184.216.34/'])(
    'is fine: %s',
    (url) => {
      expect(wrongTarget(url, usual)).toBeUndefined();
    },
  );

  it.each([
    ['/hooks', 'absolute'],
    ['http://hooks.example.com/', 'https://'],
    ['ftp://hooks.example.com/', 'https://'],
    ['https://me:secret@hooks.example.com/', 'user'],
    ['https://hooks.example.com/#part', 'fragment'],
    ['https://hooks.example.com:6379/', 'port 443 or 8443'],
    ['https://127.0.0.1/', 'not public'],
    ['https://2130706433/', 'not public'],
    ['https://0x7f.1/', 'not public'],
    ['https://[::1]/', 'not public'],
    ['https://[::ffff:a9fe:a9fe]/', 'not public'],
    ['https://localhost/', 'not public'],
    ['https://LOCALHOST./', 'not public'],
    ['https://metadata.google.internal/', 'not public'],
  ])('is refused: %s', (url, why) => {
    expect(wrongTarget(url, usual)).toContain(why);
  });

  it('may lead into the operators’ own networks where they allow it', () => {
    expect(wrongTarget('http://10.1.2.3:8080/hooks', own)).toBeUndefined();
    expect(wrongTarget('http://receiver.internal:8080/hooks', own)).toBeUndefined();
    expect(wrongTarget('http://10.2.0.1:8080/hooks', own)).toContain('not public');
  });

  it('needs settings that are networks and ports', () => {
    const schema = z.object(webhookSettings);
    expect(schema.safeParse({ WEBHOOK_NETWORKS: '10.1.0.0' }).success).toBe(false);
    expect(schema.safeParse({ WEBHOOK_PORTS: 'https' }).success).toBe(false);
  });
});
