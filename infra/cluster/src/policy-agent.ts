import type { ApiClient } from './api-client.js';
import { explainFailure } from './failure.js';
import { nextChange, readPodAddresses, withAddresses } from './pod-addresses.js';
import { POLICY_TABLE, renderPolicies } from './policy.js';
import type { Namespace, NetworkPolicy, Pod, PolicyWorld } from './policy-objects.js';
import { runToEnd } from './program.js';
import { type Flow, isKnown, nameFlow, readRefused } from './refused-flows.js';

const EVERY_MS = 400;

interface List<T> {
  readonly items: readonly T[];
}

export interface PolicyAgentOptions {
  readonly api: ApiClient;
  readonly say: (text: string) => void;
  /** Told once for each flow that a policy refused. */
  readonly onRefused: (text: string) => void;
}

/** Keeps the kernel's rules as the cluster's NetworkPolicies say, for as long as the machine runs. */
export async function enforcePolicies(options: PolicyAgentOptions): Promise<never> {
  const told = new Set<string>();
  let applied = '';
  let said = '';
  for (;;) {
    try {
      const refused = applied === '' ? [] : await refusedFlows();
      const world = await readWorld(options.api);
      const rules = renderPolicies(world);
      if (rules !== applied) await runToEnd('nft', ['-f', '-'], { input: rules });
      else tellRefused(refused, { ...options, world, told });
      applied = rules;
      said = '';
    } catch (error) {
      const text = `policies could not be applied: ${explainFailure(error)}`;
      if (text !== said) options.say(text);
      said = text;
    }
    await nextChange(EVERY_MS);
  }
}

async function refusedFlows(): Promise<Flow[]> {
  return readRefused(await runToEnd('nft', ['-j', 'list', 'set', 'ip', POLICY_TABLE, 'denied']));
}

interface Telling extends PolicyAgentOptions {
  readonly world: PolicyWorld;
  readonly told: Set<string>;
}

/**
 * Tells of flows that rules refused which are still right. New rules begin with an empty set, so that a packet of a pod that the
 * rules before them did not know is not held against the policies.
 */
function tellRefused(refused: readonly Flow[], { world, told, onRefused }: Telling): void {
  for (const flow of refused) {
    // The address of a pod that is gone would have been unreachable in any case.
    if (!isKnown(flow.from, world.pods) || !isKnown(flow.to, world.pods)) continue;
    const text = nameFlow(flow, world.pods);
    if (!told.has(text)) onRefused(text);
    told.add(text);
  }
}

async function readWorld(api: ApiClient): Promise<PolicyWorld> {
  const [policies, pods, namespaces] = await Promise.all([
    api.get<List<NetworkPolicy>>('/apis/networking.k8s.io/v1/networkpolicies?resourceVersion=0'),
    api.get<List<Pod>>('/api/v1/pods?resourceVersion=0'),
    api.get<List<Namespace>>('/api/v1/namespaces?resourceVersion=0'),
  ]);
  // Read last: a pod that the API server does not have yet has no use for its address.
  const addresses = readPodAddresses();
  return {
    policies: policies.items,
    pods: withAddresses(pods.items, addresses),
    namespaces: namespaces.items,
  };
}
