import {
  type KubernetesObject,
  type Labels,
  matches,
  nameOf,
  ofKind,
  podTemplates,
  type PodTemplate,
} from '../kubernetes.js';

// NetworkPolicies are played through: of every two pods of the release, which port of the other may one call?

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly Requirement[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string };
}

interface Rule {
  readonly ports?: readonly { readonly port: number; readonly protocol?: string }[];
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
}

interface PolicySpec {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** Whether labels meet a selector; operators other than In and Exists are not used here, and are refused aloud. */
export function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Labels): boolean {
  const meets = ({ key, operator, values = [] }: Requirement) => {
    const value = labels[key];
    if (operator === 'In') return value !== undefined && values.includes(value);
    if (operator === 'Exists') return value !== undefined;
    throw new Error(`a selector with ${operator} is not played through yet: add it to network.ts`);
  };
  return matches(labels, matchLabels) && matchExpressions.every(meets);
}

type Direction = 'ingress' | 'egress';

/** Whether a peer means a pod of the release: by its labels, or because it means every address. */
function includesPod({ podSelector, namespaceSelector, ipBlock }: Peer, labels: Labels): boolean {
  if (ipBlock !== undefined) return ipBlock.cidr === '0.0.0.0/0';
  return podSelector !== undefined && namespaceSelector === undefined && selects(podSelector, labels);
}

/** Whether the policies of one end let it speak with a pod of the release on a port. */
function lets(
  policies: readonly KubernetesObject[],
  direction: Direction,
  own: Labels,
  other: Labels,
  port: number,
): boolean {
  const type = direction === 'ingress' ? 'Ingress' : 'Egress';
  const specs = policies.map(({ spec }) => spec as PolicySpec);
  const chosen = specs.filter(
    ({ podSelector, policyTypes }) => policyTypes.includes(type) && selects(podSelector, own),
  );
  if (chosen.length === 0) return true;
  return chosen
    .flatMap((spec) => spec[direction] ?? [])
    .some((rule) => {
      const open =
        rule.ports === undefined || rule.ports.some((one) => (one.protocol ?? 'TCP') === 'TCP' && one.port === port);
      const peers = direction === 'ingress' ? rule.from : rule.to;
      // A rule without peers lets everybody.
      return open && (peers === undefined || peers.some((peer) => includesPod(peer, other)));
    });
}

/** A call that two pods of the release may make. */
export interface Call {
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

export function callText({ from, to, port }: Call): string {
  return `${from} → ${to}:${port}`;
}

/** Every call between pods of the release that the policies of one end let through, over the ports that containers name. */
export function allowedCalls(objects: readonly KubernetesObject[], direction: Direction): readonly Call[] {
  const policies = ofKind(objects, 'NetworkPolicy');
  const pods = podTemplates(objects);
  return pods.flatMap((from) =>
    pods
      .filter((to) => to !== from)
      .flatMap((to) => {
        const [own, other] = direction === 'egress' ? [from, to] : [to, from];
        return portsOf(to)
          .filter((port) => lets(policies, direction, own.labels, other.labels, port))
          .map((port) => ({ from: from.workload, to: to.workload, port }));
      }),
  );
}

function portsOf({ spec }: PodTemplate): readonly number[] {
  return spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
}

/** As much of charts/dailydoco/files/flows.yaml as is compared. */
export interface FlowTable {
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly flows: readonly {
    readonly from: string;
    readonly to: string;
    readonly port: number | string;
    readonly when?: string;
  }[];
}

// A place of the table that a workload of the release may stand for, and the port that it then has.
const STORE_PORTS: Readonly<Record<string, number>> = { postgres: 5432, redis: 6379, kafka: 9092 };
const PLACES: Readonly<Record<string, string>> = { collector: 'otel-collector' };

/** The rows of the table as calls between workloads; places outside the release are among them under their own names. */
export function tableCalls({ groups, flows }: FlowTable): readonly (Call & { readonly conditional: boolean })[] {
  const members = (name: string) => groups[name] ?? [PLACES[name] ?? name];
  return flows.flatMap(({ from, to, port, when }) => {
    const number = typeof port === 'number' ? port : STORE_PORTS[port];
    if (number === undefined) return [];
    return members(from).flatMap((caller) =>
      members(to)
        .filter((callee) => callee !== caller)
        .map((callee) => ({ from: caller, to: callee, port: number, conditional: isConditional(when) })),
    );
  });
}

/** Where background work has no pods of its own, there is no workload that such a row is about. */
function isConditional(when: string | undefined): boolean {
  return when !== undefined && !when.endsWith('.background.separate');
}

const EVERYBODY = 'clients';

/** Calls that one end's policies let through and that stand in no row, and rows whose call is not let through. */
export function flowProblems(objects: readonly KubernetesObject[], table: FlowTable): string[] {
  if (ofKind(objects, 'NetworkPolicy').length === 0) return ['there is no NetworkPolicy'];
  const rows = tableCalls(table);
  const workloads = new Set(podTemplates(objects).map(({ workload }) => workload));
  const due = rows.filter(({ from, to, conditional }) => !conditional && workloads.has(from) && workloads.has(to));
  return (['ingress', 'egress'] as const).flatMap((direction) => {
    const allowed = allowedCalls(objects, direction);
    const told = (call: Call) =>
      rows.some((row) => row.to === call.to && row.port === call.port && [call.from, EVERYBODY].includes(row.from));
    const open = new Set(allowed.map(callText));
    return [
      ...allowed
        .filter((call) => !told(call))
        .map((call) => `${callText(call)} is let through (${direction}) and stands in no row of files/flows.yaml`),
      ...due
        .map(callText)
        .filter((call) => !open.has(call))
        .map((call) => `${call} stands in files/flows.yaml and is not let through (${direction})`),
      ...openProblems(objects, direction, table),
    ];
  });
}

/** Rules that name no peer or no port, and so mean the whole world; only the gateway's clients may be everybody. */
function openProblems(objects: readonly KubernetesObject[], direction: Direction, { flows }: FlowTable): string[] {
  return ofKind(objects, 'NetworkPolicy').flatMap((policy) => {
    const { podSelector, [direction]: rules = [] } = policy.spec as PolicySpec;
    const workload = podSelector.matchLabels?.['app.kubernetes.io/name'];
    const open = flows.filter(({ from, to }) => from === EVERYBODY && to === workload).map(({ port }) => port);
    return rules.flatMap(({ ports = [], from, to }) => {
      if (ports.length === 0) return [`${nameOf(policy)}: a rule (${direction}) names no port`];
      const peers = direction === 'ingress' ? from : to;
      if (peers !== undefined) return [];
      return ports
        .filter(({ port }) => !open.includes(port))
        .map(({ port }) => `${nameOf(policy)}: port ${port} is open to everybody (${direction})`);
    });
  });
}

/** Pods that no policy denies everything: what one of them may call, or be called by, nobody need have written down. */
export function defaultDenyProblems(objects: readonly KubernetesObject[]): string[] {
  const denials = ofKind(objects, 'NetworkPolicy')
    .map(({ spec }) => spec as PolicySpec)
    .filter(
      ({ ingress = [], egress = [], policyTypes }) => ingress.length + egress.length === 0 && policyTypes.length === 2,
    );
  return podTemplates(objects)
    .filter(({ labels }) => !denials.some(({ podSelector }) => selects(podSelector, labels)))
    .map(({ owner }) => `${nameOf(owner)}: no NetworkPolicy denies it everything that others do not allow`);
}

// Settings that hold the address of another workload: a host, or a URL.
const ADDRESS = /(?:^|\/\/|@)(?<host>[a-z0-9][a-z0-9.-]*):(?<port>\d+)(?:\/|$)/;

/** Neighbours that a pod is told to call, and that the policies do not let it call. */
export function neighbourProblems(objects: readonly KubernetesObject[]): string[] {
  const policies = ofKind(objects, 'NetworkPolicy');
  if (policies.length === 0) return [];
  const pods = podTemplates(objects);
  const services = new Map(
    ofKind(objects, 'Service').map((service) => [service.metadata.name, service.spec as ServiceSpec]),
  );
  return pods.flatMap((pod) =>
    pod.spec.containers
      .flatMap(({ env = [] }) => env)
      .flatMap(({ name, value = '' }) => {
        const { host = '', port = '' } = ADDRESS.exec(value)?.groups ?? {};
        const service = services.get(host);
        if (service === undefined)
          return name.endsWith('_GRPC_ADDRESS')
            ? [`${nameOf(pod.owner)}: ${name} names ${value}, which is no Service of the release`]
            : [];
        const target = pods.find(({ labels }) => matches(labels, service.selector ?? {}));
        if (target === undefined || target.workload === pod.workload) return [];
        const containerPort = portBehind(service, Number(port), target);
        if (containerPort === undefined)
          return [`${nameOf(pod.owner)}: ${name} names port ${port} of ${host}, which it does not have`];
        const open =
          lets(policies, 'egress', pod.labels, target.labels, containerPort) &&
          lets(policies, 'ingress', target.labels, pod.labels, containerPort);
        return open
          ? []
          : [
              `${nameOf(pod.owner)}: ${name} names ${value}, and the policies do not let it call ${target.workload}:${containerPort}`,
            ];
      }),
  );
}

interface ServiceSpec {
  readonly selector?: Labels;
  readonly ports: readonly { readonly port: number; readonly targetPort?: number | string }[];
}

function portBehind({ ports }: ServiceSpec, port: number, { spec }: PodTemplate): number | undefined {
  const own = ports.find((one) => one.port === port);
  if (own === undefined) return undefined;
  const { targetPort = port } = own;
  const named = spec.containers.flatMap(({ ports: open = [] }) => open).find(({ name }) => name === targetPort);
  return typeof targetPort === 'number' ? targetPort : named?.containerPort;
}
