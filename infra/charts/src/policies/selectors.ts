import {
  type KubernetesObject,
  type Labels,
  matches,
  nameOf,
  ofKind,
  podTemplates,
  type PodTemplate,
} from '../kubernetes.js';

interface Selecting {
  readonly selector?: { readonly matchLabels?: Labels };
  readonly podSelector?: { readonly matchLabels?: Labels };
}

/** The labels that a PodDisruptionBudget, a workload or a NetworkPolicy selects its pods by. */
export function selectorOf({ spec }: KubernetesObject): Labels {
  const { selector, podSelector } = spec as Selecting;
  return (selector ?? podSelector)?.matchLabels ?? {};
}

interface ServiceSpec {
  readonly selector?: Labels;
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly targetPort?: number | string }[];
}

/** Labels by which operators name the pods that they make; no template of this release has them. */
const OPERATORS_LABELS = /^(cnpg\.io|strimzi\.io)\//;

/** Selectors that nothing answers to, and ports that nothing listens on. */
export function selectorProblems(objects: readonly KubernetesObject[]): string[] {
  const pods = podTemplates(objects);
  return [
    ...ofKind(objects, 'Service').flatMap((service) => serviceProblems(service, pods)),
    ...ofKind(objects, 'PodDisruptionBudget', 'NetworkPolicy').flatMap((object) => emptyProblems(object, pods)),
    ...ofKind(objects, 'ServiceMonitor', 'PodMonitor').flatMap((monitor) => monitorProblems(monitor, objects, pods)),
  ];
}

function emptyProblems(object: KubernetesObject, pods: readonly PodTemplate[]): string[] {
  const selector = selectorOf(object);
  if (Object.keys(selector).some((key) => OPERATORS_LABELS.test(key))) return [];
  if (pods.some(({ labels }) => matches(labels, selector))) return [];
  return [`${nameOf(object)}: selects no pod of the release`];
}

function serviceProblems(service: KubernetesObject, pods: readonly PodTemplate[]): string[] {
  const { selector = {}, ports } = service.spec as ServiceSpec;
  const selected = pods.filter(({ labels }) => matches(labels, selector));
  if (selected.length !== 1) return [`${nameOf(service)}: selects pods of ${selected.length} workloads, not of one`];
  const [pod] = selected;
  const open = pod?.spec.containers.flatMap(({ ports: own = [] }) => own) ?? [];
  return ports.flatMap(({ port, targetPort = port }) =>
    open.some(({ name, containerPort }) => targetPort === name || targetPort === containerPort)
      ? []
      : [`${nameOf(service)}: port ${port} leads to ${targetPort}, which no container of ${pod?.workload ?? ''} names`],
  );
}

interface MonitorSpec {
  readonly selector: { readonly matchLabels?: Labels; readonly matchExpressions?: readonly unknown[] };
  readonly endpoints?: readonly { readonly port?: string; readonly targetPort?: string | number }[];
  readonly podMetricsEndpoints?: readonly { readonly port?: string }[];
}

function monitorProblems(
  monitor: KubernetesObject,
  objects: readonly KubernetesObject[],
  pods: readonly PodTemplate[],
): string[] {
  const { selector, endpoints = [], podMetricsEndpoints = [] } = monitor.spec as MonitorSpec;
  const wanted = selector.matchLabels ?? {};
  const services = ofKind(objects, 'Service').filter(({ metadata }) => matches(metadata.labels ?? {}, wanted));
  const problems: string[] = [];
  for (const { port } of endpoints)
    if (!services.some(({ spec }) => (spec as ServiceSpec).ports.some(({ name }) => name === port)))
      problems.push(`${nameOf(monitor)}: no Service that it selects has a port named ${port ?? '(none)'}`);
  const selected = pods.filter(({ labels }) => matches(labels, wanted));
  for (const { port } of podMetricsEndpoints)
    if (!selected.some(({ spec }) => spec.containers.some(({ ports = [] }) => ports.some(({ name }) => name === port))))
      problems.push(`${nameOf(monitor)}: no pod that it selects has a port named ${port ?? '(none)'}`);
  return problems;
}
