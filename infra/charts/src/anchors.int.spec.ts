import { describe, expect, it } from '@jest/globals';
import { type Example, renderText } from './helm.js';
import { type KubernetesObject, ofKind, parseObjects, podTemplates } from './kubernetes.js';

const SECRET = 'anchors-of-logs';
const NODE = '203.0.113.77/32';

/** An example with a node that may be called, and the Secret where anchoring is on. */
async function rendered(example: Example, secretName: string): Promise<readonly KubernetesObject[]> {
  const values = {
    global: { networkPolicy: { peers: { anchorNode: [{ ipBlock: { cidr: NODE } }] } } },
    'viral-engine': {
      anchors: { secretName },
      settings: { ANCHOR_CHAIN_ID: 8453, ANCHOR_CONTRACT: `0x${'1'.repeat(40)}` },
    },
  };
  return parseObjects(await renderText({ example, values }));
}

/** Workloads that mount the Secret. */
const holders = (objects: readonly KubernetesObject[]): string[] =>
  podTemplates(objects)
    .filter(({ spec }) => JSON.stringify(spec).includes(SECRET))
    .map(({ workload }) => workload);

/** Workloads that are told where its parts are. */
const told = (objects: readonly KubernetesObject[]): string[] =>
  podTemplates(objects)
    .filter(({ spec }) => {
      const names = spec.containers.flatMap(({ env = [] }) => env).map(({ name }) => name);
      return names.includes('ANCHOR_RPC_URL_FILE') && names.includes('ANCHOR_KEY_FILE');
    })
    .map(({ workload }) => workload);

/** Workloads whose policies let them out to the node. */
const letOut = (objects: readonly KubernetesObject[]): string[] =>
  ofKind(objects, 'NetworkPolicy')
    .filter(({ spec }) => JSON.stringify((spec as { egress?: unknown }).egress ?? []).includes(NODE))
    .map(({ metadata }) => metadata.name);

describe('the anchors of transparency logs', () => {
  it('are off without a Secret: nobody is let out to the node', async () => {
    const objects = await rendered('production', '');
    expect([holders(objects), told(objects), letOut(objects)]).toEqual([[], [], []]);
  });

  it('are viral-engine’s alone', async () => {
    const objects = await rendered('production', SECRET);
    expect([holders(objects), told(objects)]).toEqual([['viral-engine'], ['viral-engine']]);
    expect(letOut(objects)).toEqual(['dd-viral-engine']);
  });

  it('are out of reach of the pods that answer, where others do the background work', async () => {
    const objects = await rendered('high-availability', SECRET);
    expect([holders(objects), told(objects)]).toEqual([['viral-engine-background'], ['viral-engine-background']]);
    expect(letOut(objects)).toContain('dd-viral-engine-background');
  });
});
