import {
  matches,
  type NetworkPolicy,
  type Peer,
  type Pod,
  type PolicyPort,
  type PolicyRule,
  type PolicyWorld,
} from './policy-objects.js';

export const POLICY_TABLE = 'dailydoco_policy';

type Direction = 'ingress' | 'egress';

interface PodWithAddress {
  readonly pod: Pod;
  readonly address: string;
}

/**
 * NetworkPolicies as rules for nft. A packet between pods must pass the sender's egress chain and the receiver's ingress chain;
 * a pod that no policy selects in a direction has no chain there. What is refused goes into the set `denied`, to be read by
 * people. Traffic of the node itself (probes) is never asked, as everywhere in Kubernetes.
 */
export function renderPolicies(world: PolicyWorld): string {
  const pods = world.pods.flatMap((pod) => {
    const address = pod.status?.podIP;
    const over = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
    return address === undefined || over || pod.spec.hostNetwork === true ? [] : [{ pod, address }];
  });
  const chains: string[] = [];
  const jumps: Record<Direction, string[]> = { ingress: [], egress: [] };
  for (const of of pods.toSorted((a, b) => a.address.localeCompare(b.address))) {
    for (const direction of ['egress', 'ingress'] as const) {
      const chosen = world.policies.filter((policy) => selects(policy, of.pod, direction));
      if (chosen.length === 0) continue;
      const name = `${direction}-${of.address.replaceAll('.', '-')}`;
      jumps[direction].push(`${of.address} : jump ${name}`);
      chains.push(
        chain(
          name,
          chosen.flatMap((policy) => rulesOf(policy, direction, { world, pods, of })),
        ),
      );
    }
  }
  return tableText(chains, jumps);
}

function tableText(chains: readonly string[], jumps: Record<Direction, readonly string[]>): string {
  const dispatch = (key: 'saddr' | 'daddr', entries: readonly string[]) =>
    entries.length === 0 ? [] : [`ip ${key} vmap { ${entries.join(', ')} }`];
  const known = 'ct state established,related accept';
  const forward = [known, ...dispatch('saddr', jumps.egress), ...dispatch('daddr', jumps.ingress)];
  // To the node itself, where the API server listens.
  const input = [known, ...dispatch('saddr', jumps.egress)];
  return [
    `add table ip ${POLICY_TABLE}`,
    `add set ip ${POLICY_TABLE} denied { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags dynamic; size 4096; }`,
    `flush table ip ${POLICY_TABLE}`,
    `flush set ip ${POLICY_TABLE} denied`,
    `table ip ${POLICY_TABLE} {`,
    ...chains,
    chain('forward', forward, 'type filter hook forward priority filter; policy accept;'),
    chain('input', input, 'type filter hook input priority filter; policy accept;'),
    '}',
    '',
  ].join('\n');
}

function chain(name: string, rules: readonly string[], hook?: string): string {
  const refuse = ['update @denied { ip saddr . ip daddr . meta l4proto . th dport } drop', 'drop'];
  const lines = hook === undefined ? [...rules, ...refuse] : [hook, ...rules];
  return [`  chain ${name} {`, ...lines.map((line) => `    ${line}`), '  }'].join('\n');
}

function selects(policy: NetworkPolicy, pod: Pod, direction: Direction): boolean {
  if (policy.metadata.namespace !== pod.metadata.namespace) return false;
  const types = policy.spec.policyTypes ?? (policy.spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress']);
  const wanted = direction === 'ingress' ? 'Ingress' : 'Egress';
  return types.includes(wanted) && matches(policy.spec.podSelector ?? {}, pod.metadata.labels);
}

interface Scene {
  readonly world: PolicyWorld;
  readonly pods: readonly PodWithAddress[];
  /** The pod whose chain is written. */
  readonly of: PodWithAddress;
}

function rulesOf(policy: NetworkPolicy, direction: Direction, scene: Scene): string[] {
  const rules = direction === 'ingress' ? policy.spec.ingress : policy.spec.egress;
  return (rules ?? []).flatMap((rule) => ruleLines(rule, direction, { ...scene, policy }));
}

function ruleLines(rule: PolicyRule, direction: Direction, scene: Scene & { policy: NetworkPolicy }): string[] {
  const key = direction === 'ingress' ? 'ip saddr' : 'ip daddr';
  const peers = (direction === 'ingress' ? rule.from : rule.to) ?? [];
  // Nobody named means everybody.
  if (peers.length === 0) return portMatches(rule.ports, scene.of).map((ports) => line('', ports));
  return peers.flatMap((peer) => {
    if (peer.ipBlock !== undefined) {
      const { cidr, except = [] } = peer.ipBlock;
      // This cluster speaks IPv4 alone.
      if (cidr.includes(':')) return [];
      const without = except.length === 0 ? '' : `${key} != { ${except.join(', ')} } `;
      return portMatches(rule.ports, scene.of).map((ports) => line(`${key} ${cidr} ${without}`, ports));
    }
    const chosen = scene.pods.filter(({ pod }) => isPeer(peer, pod, scene));
    if (direction === 'ingress') {
      if (chosen.length === 0) return [];
      const addresses = `${key} { ${chosen.map(({ address }) => address).join(', ')} } `;
      return portMatches(rule.ports, scene.of).map((ports) => line(addresses, ports));
    }
    // A named port is the receiver's, so each receiver gets a line of its own.
    return chosen.flatMap((to) => portMatches(rule.ports, to).map((ports) => line(`${key} ${to.address} `, ports)));
  });
}

function line(addresses: string, ports: string): string {
  return `${addresses}${ports}return`;
}

function isPeer(peer: Peer, pod: Pod, { world, policy }: Scene & { policy: NetworkPolicy }): boolean {
  const inNamespace =
    peer.namespaceSelector === undefined
      ? pod.metadata.namespace === policy.metadata.namespace
      : world.namespaces.some(
          ({ metadata }) =>
            metadata.name === pod.metadata.namespace && matches(peer.namespaceSelector ?? {}, metadata.labels),
        );
  return inNamespace && matches(peer.podSelector ?? {}, pod.metadata.labels);
}

/** One nft match for each port that a rule names; an empty one when it names none. Ports that the pod does not have vanish. */
function portMatches(ports: readonly PolicyPort[] | undefined, receiver: PodWithAddress): string[] {
  if (ports === undefined || ports.length === 0) return [''];
  return ports.flatMap((port) => {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    if (port.port === undefined) return [`meta l4proto ${protocol} `];
    if (typeof port.port === 'number')
      return [`${protocol} dport ${port.endPort === undefined ? port.port : `${port.port}-${port.endPort}`} `];
    return receiver.pod.spec.containers
      .flatMap((container) => container.ports ?? [])
      .filter(({ name }) => name === port.port)
      .map(({ containerPort }) => `${protocol} dport ${containerPort} `);
  });
}
