import { describe, expect, it } from '@jest/globals';
import { asTenantId, asUserId } from '../ids.js';
import { firstSaltedDay, identify, networkOf } from './click-identity.js';
import { Hmac } from './hmac.js';
import { machineVisit } from './machine-visit.adapter.js';

const click = (at: string, sender = { address: '203.0.113.9', userAgent: 'A browser' }) => ({
  id: 'id',
  tenantId: asTenantId('t'),
  ownerId: asUserId('u'),
  code: 'ABCDEFGH',
  linkId: undefined,
  campaign: undefined,
  visitorId: 'v',
  brought: undefined,
  clickedAt: new Date(at),
  sender,
});
const salt = new Hmac(new Uint8Array(32).fill(1));
const identityOf = (...args: Parameters<typeof click>) => identify(click(...args), salt).identity;

describe('An identity', () => {
  it('is the same for the same browser at the same address, and another for any other', () => {
    const first = identityOf('2026-06-01T00:00:00Z');
    expect(first).toMatch(/^[0-9a-f]{32}$/);
    expect(identityOf('2026-06-01T23:59:59.999Z')).toBe(first);
    expect(identityOf('2026-06-01T00:00:00Z', { address: '203.0.113.8', userAgent: 'A browser' })).not.toBe(first);
    expect(identityOf('2026-06-01T00:00:00Z', { address: '203.0.113.9', userAgent: 'B browser' })).not.toBe(first);
  });

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['nonsense', 'nonsense'],
    [':no address', ':no address'],
  ])('takes of the address %s only %s', (address, network) => expect(networkOf(address)).toBe(network));

  it('is the same at every address of one IPv6 network, and another at the next', () => {
    const at = (address: string) => identityOf('2026-06-01T00:00:00Z', { address, userAgent: 'A browser' });
    expect(at('2001:db8:1:2:aaaa::1')).toBe(at('2001:db8:1:2:ffff:1:2:3'));
    expect(at('2001:db8:1:3:aaaa::1')).not.toBe(at('2001:db8:1:2:aaaa::1'));
  });

  it('is another under another salt', () => {
    const other = identify(click('2026-06-01T00:00:00Z'), new Hmac(new Uint8Array(32).fill(2)));
    expect(other.identity).not.toBe(identityOf('2026-06-01T00:00:00Z'));
  });

  it('belongs to an hour and a day of UTC', () => {
    expect(identify(click('2026-06-01T23:59:59.999Z'), salt)).toMatchObject({ hour: 23, day: '2026-06-01' });
    expect(identify(click('2026-06-02T01:30:00+02:00'), salt)).toMatchObject({ hour: 23, day: '2026-06-01' });
    expect(identify(click('2026-06-02T00:00:00Z'), salt)).toMatchObject({ hour: 0, day: '2026-06-02' });
  });

  it('can be told again until an hour after its day', () => {
    expect(firstSaltedDay(new Date('2026-06-02T00:59:59.999Z'))).toBe('2026-06-01');
    expect(firstSaltedDay(new Date('2026-06-02T01:00:00Z'))).toBe('2026-06-02');
  });
});

describe('A request for a link', () => {
  const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36';
  it.each([
    ['GET', { 'user-agent': chrome }, undefined],
    ['GET', {}, undefined],
    ['GET', { 'user-agent': chrome, 'sec-purpose': 'prefetch;prerender' }, 'prefetch'],
    ['GET', { 'user-agent': chrome, 'x-moz': 'prefetch' }, 'prefetch'],
    ['GET', { 'user-agent': chrome, purpose: 'preview' }, 'prefetch'],
    ['HEAD', { 'user-agent': chrome }, 'head'],
    ['GET', { 'user-agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)' }, 'bot'],
    ['GET', { 'user-agent': 'facebookexternalhit/1.1' }, 'bot'],
    ['GET', { 'user-agent': 'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)' }, 'bot'],
    ['GET', { 'user-agent': 'curl/8.5.0' }, 'bot'],
  ])('%s with %j is no click because of %j', (method, headers, reason) => {
    expect(machineVisit({ method, headers })).toBe(reason);
    expect(machineVisit({ method, headers })).toBe(reason);
  });
});
