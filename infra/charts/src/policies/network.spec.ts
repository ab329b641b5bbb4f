import { describe, expect, it } from '@jest/globals';
import type { KubernetesObject } from '../kubernetes.js';
import { allowedCalls, callText, flowProblems, type FlowTable, selects } from './network.js';

const label = (name: string) => ({ 'app.kubernetes.io/name': name });

function pod(name: string, port: number): KubernetesObject {
  const spec = { containers: [{ name, image: 'x:1', ports: [{ containerPort: port }] }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: label(name) }, spec, source: '' };
}

function policy(name: string, rules: object): KubernetesObject {
  const spec = { podSelector: { matchLabels: label(name) }, policyTypes: ['Ingress', 'Egress'], ...rules };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec, source: '' };
}

const PODS = [pod('a', 1), pod('b', 2), pod('c', 3)];
const toB = policy('a', { egress: [{ ports: [{ port: 2 }], to: [{ podSelector: { matchLabels: label('b') } }] }] });
const fromA = policy('b', {
  ingress: [{ ports: [{ port: 2 }], from: [{ podSelector: { matchLabels: label('a') } }] }],
});
const TABLE: FlowTable = { groups: {}, flows: [{ from: 'a', to: 'b', port: 2 }] };

const calls = (objects: readonly KubernetesObject[], direction: 'ingress' | 'egress') =>
  allowedCalls(objects, direction).map(callText);

describe('what policies let through', () => {
  it('is everything where none selects a pod', () => {
    expect(calls(PODS, 'egress')).toEqual(['a → b:2', 'a → c:3', 'b → a:1', 'b → c:3', 'c → a:1', 'c → b:2']);
  });

  it('is what the callers’ policies say on one side, and the callees’ on the other', () => {
    expect(calls([...PODS, toB, policy('b', {}), policy('c', {})], 'egress')).toEqual(['a → b:2']);
    expect(calls([...PODS, policy('a', {}), fromA, policy('c', {})], 'ingress')).toEqual(['a → b:2']);
  });

  it('includes every pod where every address is meant', () => {
    const out = policy('a', { egress: [{ ports: [{ port: 3 }], to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] });
    expect(calls([...PODS, out, policy('b', {}), policy('c', {})], 'egress')).toEqual(['a → c:3']);
  });

  it('does not include pods of other namespaces by their labels', () => {
    const peer = { podSelector: { matchLabels: label('b') }, namespaceSelector: {} };
    const out = policy('a', { egress: [{ ports: [{ port: 2 }], to: [peer] }] });
    expect(calls([...PODS, out, policy('b', {}), policy('c', {})], 'egress')).toEqual([]);
  });

  it('is compared with the table of flows in both directions', () => {
    expect(flowProblems([...PODS, toB, fromA, policy('c', {})], TABLE)).toEqual([]);
    expect(flowProblems([...PODS, policy('a', {}), fromA, policy('c', {})], TABLE)).toEqual([
      'a → b:2 stands in files/flows.yaml and is not let through (egress)',
    ]);
    expect(flowProblems([...PODS, toB, fromA, policy('c', { ingress: [{ ports: [{ port: 3 }] }] })], TABLE)).toEqual([
      'a → c:3 is let through (ingress) and stands in no row of files/flows.yaml',
      'b → c:3 is let through (ingress) and stands in no row of files/flows.yaml',
      'NetworkPolicy/c: port 3 is open to everybody (ingress)',
    ]);
  });
});

describe('a selector', () => {
  it('asks for every label and every expression', () => {
    const selector = { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'In', values: ['2', '3'] }] };
    expect(selects(selector, { a: '1', b: '3' })).toBe(true);
    expect(selects(selector, { a: '1', b: '4' })).toBe(false);
    expect(selects(selector, { b: '3' })).toBe(false);
    expect(selects({}, {})).toBe(true);
  });

  it('that is not played through yet is refused', () => {
    expect(() => selects({ matchExpressions: [{ key: 'b', operator: 'NotIn', values: [] }] }, {})).toThrow(/NotIn/);
  });
});
