import { describe, expect, it } from '@jest/globals';
import { renderPolicies } from './policy.js';
import type { NetworkPolicy, Peer, Pod, PolicyPort } from './policy-objects.js';

function pod(name: string, address: string, namespace = 'dd'): Pod {
  return {
    metadata: { name, namespace, labels: { app: name } },
    spec: { containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: address },
  };
}

const shop = pod('shop', '10.244.0.2');
const store = pod('store', '10.244.0.3');
const stranger = pod('shop', '10.244.0.4', 'elsewhere');
const namespaces = [
  { metadata: { name: 'dd', labels: { 'kubernetes.io/metadata.name': 'dd' } } },
  { metadata: { name: 'elsewhere', labels: { 'kubernetes.io/metadata.name': 'elsewhere' } } },
];

function ingress(from: readonly Peer[] | undefined, ports?: readonly PolicyPort[]): NetworkPolicy {
  return {
    metadata: { name: 'p', namespace: 'dd' },
    spec: {
      podSelector: { matchLabels: { app: 'store' } },
      policyTypes: ['Ingress'],
      ingress: [{ ...(from === undefined ? {} : { from }), ...(ports === undefined ? {} : { ports }) }],
    },
  };
}

function egress(to: readonly Peer[], ports: readonly PolicyPort[]): NetworkPolicy {
  return {
    metadata: { name: 'p', namespace: 'dd' },
    spec: { podSelector: { matchLabels: { app: 'shop' } }, policyTypes: ['Egress'], egress: [{ to, ports }] },
  };
}

/** The lines of a chain that let something through. */
function allowed(policies: readonly NetworkPolicy[], chain: string, pods = [shop, store, stranger]): string[] {
  const text = renderPolicies({ policies, pods, namespaces });
  const found = new RegExp(`chain ${chain} \\{\\n([^}]*(?:\\}[^}\\n]*\\n[^}]*)*?)\\n  \\}`).exec(text)?.[1];
  if (found === undefined) throw new Error(`no chain ${chain} in\n${text}`);
  return found
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.endsWith('return'));
}

const toStore = 'ingress-10-244-0-3';
const fromShop = 'egress-10-244-0-2';

describe('who may call a pod', () => {
  it('is everybody while no policy selects it', () => {
    const text = renderPolicies({ policies: [], pods: [shop, store], namespaces });
    expect(text).not.toContain('vmap');
    expect(text).not.toContain('drop');
  });

  it('is nobody under a policy without a rule', () => {
    const deny: NetworkPolicy = {
      metadata: { name: 'deny', namespace: 'dd' },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    };
    expect(allowed([deny], toStore)).toEqual([]);
    expect(allowed([deny], fromShop)).toEqual([]);
    const text = renderPolicies({ policies: [deny], pods: [shop, store, stranger], namespaces });
    expect(text).toContain(
      'ip daddr vmap { 10.244.0.2 : jump ingress-10-244-0-2, 10.244.0.3 : jump ingress-10-244-0-3 }',
    );
    expect(text).not.toContain('ingress-10-244-0-4');
  });

  it('is the named pods of the policy’s own namespace', () => {
    const policy = ingress([{ podSelector: { matchLabels: { app: 'shop' } } }], [{ port: 5432 }]);
    expect(allowed([policy], toStore)).toEqual(['ip saddr { 10.244.0.2 } tcp dport 5432 return']);
  });

  it('is every pod of a named namespace, or of all of them', () => {
    const named = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'elsewhere' } } };
    expect(allowed([ingress([named])], toStore)).toEqual(['ip saddr { 10.244.0.4 } return']);
    const all = { namespaceSelector: {}, podSelector: { matchLabels: { app: 'shop' } } };
    expect(allowed([ingress([all])], toStore)).toEqual(['ip saddr { 10.244.0.2, 10.244.0.4 } return']);
  });

  it('is a network but for its exceptions', () => {
    const block = { ipBlock: { cidr: '10.0.0.0/8', except: ['10.96.0.0/16'] } };
    expect(allowed([ingress([block])], toStore)).toEqual(['ip saddr 10.0.0.0/8 ip saddr != { 10.96.0.0/16 } return']);
  });

  it('is nobody of IPv6, which this cluster does not speak', () => {
    expect(allowed([ingress([{ ipBlock: { cidr: '::/0' } }])], toStore)).toEqual([]);
  });

  it('is everybody at a port when only the port is named', () => {
    expect(allowed([ingress(undefined, [{ port: 53, protocol: 'UDP' }])], toStore)).toEqual(['udp dport 53 return']);
  });

  it('is nobody when the named pods do not exist', () => {
    expect(allowed([ingress([{ podSelector: { matchLabels: { app: 'none' } } }])], toStore)).toEqual([]);
  });

  it('is what any of several policies lets through', () => {
    const other = ingress([{ podSelector: { matchLabels: { app: 'store' } } }], [{ port: 9092 }]);
    expect(
      allowed([ingress([{ podSelector: { matchLabels: { app: 'shop' } } }], [{ port: 1 }]), other], toStore),
    ).toEqual(['ip saddr { 10.244.0.2 } tcp dport 1 return', 'ip saddr { 10.244.0.3 } tcp dport 9092 return']);
  });
});

describe('whom a pod may call', () => {
  it('is the named pods at the named ports, ranges too', () => {
    const peer = { podSelector: { matchLabels: { app: 'store' } } };
    expect(allowed([egress([peer], [{ port: 5432 }, { port: 9000, endPort: 9010 }])], fromShop)).toEqual([
      'ip daddr 10.244.0.3 tcp dport 5432 return',
      'ip daddr 10.244.0.3 tcp dport 9000-9010 return',
    ]);
  });

  it('follows a port’s name to the receiver’s number', () => {
    const peer = { podSelector: { matchLabels: { app: 'store' } } };
    expect(allowed([egress([peer], [{ port: 'http' }])], fromShop)).toEqual([
      'ip daddr 10.244.0.3 tcp dport 8080 return',
    ]);
    expect(allowed([egress([peer], [{ port: 'grpc' }])], fromShop)).toEqual([]);
  });

  it('holds for calls to the node as well', () => {
    const text = renderPolicies({ policies: [egress([], [])], pods: [shop], namespaces });
    expect(text).toMatch(
      /chain input \{[^}]*hook input[^}]*ip saddr vmap \{ 10\.244\.0\.2 : jump egress-10-244-0-2 \}/,
    );
  });
});

describe('pods that are over or use the node’s address', () => {
  it('have no chain', () => {
    const over: Pod = { ...store, status: { phase: 'Succeeded', podIP: '10.244.0.3' } };
    const onNode: Pod = { ...store, spec: { ...store.spec, hostNetwork: true } };
    for (const one of [over, onNode])
      expect(renderPolicies({ policies: [ingress([])], pods: [one], namespaces })).not.toContain('ingress-');
  });
});
