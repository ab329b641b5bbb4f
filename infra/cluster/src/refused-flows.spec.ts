import { describe, expect, it } from '@jest/globals';
import { isKnown, nameFlow, readRefused } from './refused-flows.js';

const flow = { from: '10.244.0.2', to: '10.96.0.1', protocol: 'tcp', port: 5432 };

describe('flows that were refused', () => {
  it('are read from what nft prints', () => {
    const element = { concat: ['10.244.0.2', '10.96.0.1', 'tcp', 5432] };
    const print = (elem?: unknown) =>
      JSON.stringify({
        nftables: [{ metainfo: {} }, { set: { name: 'denied', ...(elem === undefined ? {} : { elem }) } }],
      });
    expect(readRefused(print())).toEqual([]);
    expect(readRefused(print([element, { elem: { val: element, expires: 1 } }]))).toEqual([flow, flow]);
  });

  it('count only between addresses that somebody has', () => {
    const pod = { metadata: { name: 'shop' }, spec: { containers: [] }, status: { podIP: '10.244.0.2' } };
    expect(['10.244.0.2', '10.244.0.3', '172.30.0.1'].map((address) => isKnown(address, [pod]))).toEqual([
      true,
      false,
      true,
    ]);
  });

  it('name the pods that have these addresses now', () => {
    const pod = {
      metadata: { name: 'shop', namespace: 'dd' },
      spec: { containers: [] },
      status: { podIP: '10.244.0.2' },
    };
    expect(nameFlow(flow, [pod])).toBe('dd/shop to 10.96.0.1 at tcp 5432');
  });
});
