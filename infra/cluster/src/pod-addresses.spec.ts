import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nextChange, readNetworkResult, readPodAddresses, withAddresses } from './pod-addresses.js';
import type { Pod } from './policy-objects.js';

const result = (address: string) =>
  JSON.stringify({
    kind: 'cniCacheV1',
    cniArgs: [
      ['IgnoreUnknown', '1'],
      ['K8S_POD_NAMESPACE', 'dd'],
      ['K8S_POD_NAME', 'shop'],
    ],
    result: { cniVersion: '0.4.0', ips: [{ version: '4', address }] },
  });

describe('addresses that pods were given', () => {
  it('are read from what the network plugin answered', () => {
    expect(readNetworkResult(result('10.244.0.7/16'))).toEqual(['dd/shop', '10.244.0.7']);
    expect(readNetworkResult(result('127.0.0.1/8'))).toBeUndefined();
    expect(readNetworkResult('{}')).toBeUndefined();
  });

  it('leave out a file that is half written', () => {
    const folder = mkdtempSync(join(tmpdir(), 'results-'));
    writeFileSync(join(folder, 'whole'), result('10.244.0.7/16'));
    writeFileSync(join(folder, 'half'), '{"cni');
    expect([...readPodAddresses(folder)]).toEqual([['dd/shop', '10.244.0.7']]);
    rmSync(folder, { recursive: true });
  });

  it('are told as soon as they are there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'results-'));
    const change = nextChange(60_000, folder);
    writeFileSync(join(folder, 'whole'), result('10.244.0.7/16'));
    await change;
    rmSync(folder, { recursive: true });
  });

  it('stand in for what the API server does not know yet, and for nothing else', () => {
    const pod: Pod = { metadata: { name: 'shop', namespace: 'dd' }, spec: { containers: [] } };
    const known: Pod = { ...pod, status: { podIP: '10.244.0.8' } };
    const other: Pod = { ...pod, metadata: { name: 'store', namespace: 'dd' } };
    const addresses = new Map([['dd/shop', '10.244.0.7']]);
    expect(withAddresses([pod, known, other], addresses).map(({ status }) => status?.podIP)).toEqual([
      '10.244.0.7',
      '10.244.0.8',
      undefined,
    ]);
  });
});
