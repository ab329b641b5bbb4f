import { describe, expect, it } from '@jest/globals';
import { asTenantId } from '../ids.js';
import { networkOf } from './client-network.js';
import { isDisposableDomain } from './disposable-domains.adapter.js';
import { fingerprintsOf, type RegistrationOrigin } from './fingerprints.js';
import { mailboxOf } from './mailbox.js';

describe('the mailbox of an address', () => {
  it.each([
    ['ada@people.example', 'ada@people.example'],
    [' Ada@People.Example ', 'ada@people.example'],
    ['ada+shop@people.example', 'ada@people.example'],
    ['ada+a+b@people.example', 'ada@people.example'],
    ['a.d.a@people.example', 'a.d.a@people.example'],
    ['a.d.a+x@gmail.com', 'ada@gmail.com'],
    ['ada@googlemail.com', 'ada@gmail.com'],
    ['ada-shop@yahoo.com', 'ada@yahoo.com'],
    ['ada-lovelace@people.example', 'ada-lovelace@people.example'],
    ['+ada@people.example', '+ada@people.example'],
    ['"a@b"@people.example', '"a@b"@people.example'],
  ])('%j is %j', (email, mailbox) => {
    expect(mailboxOf(email)).toBe(mailbox);
  });
});

describe('the network of an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::6', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['nonsense', 'nonsense'],
  ])('%j is %j', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('a disposable domain', () => {
  it.each([
    ['mailinator.com', true],
    ['a.mailinator.com', true],
    ['MAILINATOR.com', true],
    ['notmailinator.com.example', false],
    ['gmail.com', false],
    ['people.example', false],
    ['com', false],
    ['', false],
  ])('%j: %p', (domain, expected) => {
    expect(isDisposableDomain(domain)).toBe(expected);
  });
});

describe('fingerprints', () => {
  const tenants = [asTenantId('one'), asTenantId('two')] as const;
  const secrets = {
    tenantKey: (tenantId: string) => Buffer.from(`key of ${tenantId}`),
    isDisposable: (domain: string) => domain === 'thrown.example',
  };
  const origin = { address: '203.0.113.7', userAgent: 'Browser', deviceId: 'device' };
  const take = (
    email: string,
    other: Partial<RegistrationOrigin> = {},
    tenantId: (typeof tenants)[number] = tenants[0],
  ) => fingerprintsOf(secrets, { tenantId, email, origin: { ...origin, ...other } });

  it('are equal for aliases of one mailbox from one place, and only there', () => {
    expect(take('ada+1@people.example')).toEqual(take('ADA@people.example'));
    expect(take('bob@people.example').email).not.toEqual(take('ada@people.example').email);
    expect(take('ada@people.example', { address: '203.0.113.8' }).address).not.toEqual(take('x@y.z').address);
  });

  it('of one kind never equal those of another, nor those of another tenant', () => {
    const same = take('x@y.z', { address: 'x@y.z', userAgent: 'x@y.z', deviceId: 'x@y.z' });
    const prints = [same.email, same.address, same.agent, same.device].map((print) =>
      Buffer.from(print!).toString('hex'),
    );
    expect(new Set(prints).size).toBe(4);
    expect(prints.every((print) => print.length === 32)).toBe(true);
    expect(take('x@y.z', {}, tenants[1]).email).not.toEqual(same.email);
  });

  it('say what is not known', () => {
    const print = take('x@thrown.example', { address: undefined, userAgent: '', deviceId: undefined });
    expect(print).toEqual({
      email: expect.anything(),
      emailDisposable: true,
      address: undefined,
      agent: undefined,
      device: undefined,
    });
  });
});
