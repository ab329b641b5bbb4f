import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindAddress, clientOptions, serverOptions, serviceConfig, targetOf } from './channel-options.js';

describe('a target', () => {
  it.each([
    ['identity:9090', 'dns:///identity:9090'],
    ['127.0.0.1:9090', 'dns:///127.0.0.1:9090'],
    ['dns:///identity:9090', 'dns:///identity:9090'],
    ['ipv4:127.0.0.1:1,127.0.0.1:2', 'ipv4:127.0.0.1:1,127.0.0.1:2'],
    ['dnsmasq:9090', 'dns:///dnsmasq:9090'],
  ])('of %s is %s', (address, target) => {
    expect(targetOf(address)).toBe(target);
  });
});

describe('an address to bind', () => {
  it.each([
    ['0.0.0.0', '0.0.0.0:9090'],
    ['::', '[::]:9090'],
    ['[::1]', '[::1]:9090'],
  ])('at %s is %s', (host, address) => {
    expect(bindAddress(host, 9_090)).toBe(address);
  });
});

describe('the service config', () => {
  it('retries the methods named, on UNAVAILABLE, and no others', () => {
    expect(serviceConfig(['/a.v1.S/Get', '/a.v1.S/List'])).toMatchObject({
      loadBalancingConfig: [{ round_robin: {} }],
      methodConfig: [
        {
          name: [
            { service: 'a.v1.S', method: 'Get' },
            { service: 'a.v1.S', method: 'List' },
          ],
          retryPolicy: { retryableStatusCodes: ['UNAVAILABLE'] },
        },
      ],
      retryThrottling: { maxTokens: 20 },
    });
  });

  it('without a method named retries nothing', () => {
    // An entry without names would be the default of every method.
    expect(serviceConfig([])).toMatchObject({ methodConfig: [] });
  });
});

describe('the options of a server and of a client', () => {
  // grpc-js takes a name that it does not know without a word, so each must occur in its code.
  const root = dirname(fileURLToPath(import.meta.resolve('@grpc/grpc-js')));
  const code = readdirSync(root)
    .filter((name) => name.endsWith('.js') && name !== 'channel-options.js')
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');

  it.each([...Object.keys(serverOptions(1, 1)), ...Object.keys(clientOptions([]))])('%s is read by grpc-js', (name) => {
    expect(code).toContain(`'${name}'`);
  });
});
