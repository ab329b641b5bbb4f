import {
  type Container,
  type KubernetesObject,
  matches,
  nameOf,
  ofKind,
  podTemplates,
  type PodTemplate,
} from '../kubernetes.js';
import { selectorOf } from './selectors.js';

// What keeps a fleet answering while pods come and go.

// libs/lifecycle: a shutdown first waits SHUTDOWN_DELAY_MS, then drains, stops consumers, the relay and the stores.
const STOP_STAGES = 4;
const STAGE_MS = 10_000;
/** Beyond what an ai-gateway waits for answers under way, each stage may take this long (services/ai-gateway/src/runtime.ts). */
const LAST_RECORDS_MS = 3_000;
const DEFAULT_GRACE_SECONDS = 30;

/** The stores of an evaluation have one pod each, and losing it is losing the store: no budget helps. */
function isEvaluationStore({ owner }: PodTemplate): boolean {
  return owner.metadata.annotations?.['dailydoco.dev/not-for-production'] !== undefined;
}

export function availabilityProblems(objects: readonly KubernetesObject[]): string[] {
  const budgets = ofKind(objects, 'PodDisruptionBudget');
  const served = podTemplates(objects).filter(({ owner }) => ['Deployment', 'StatefulSet'].includes(owner.kind));
  return served.flatMap((pod) => [
    ...budgetProblems(pod, budgets),
    ...pod.spec.containers.flatMap((container) => probeProblems(nameOf(pod.owner), container)),
    ...shutdownProblems(pod),
    ...rolloutProblems(pod),
  ]);
}

function budgetProblems(pod: PodTemplate, budgets: readonly KubernetesObject[]): string[] {
  if (isEvaluationStore(pod)) return [];
  const own = budgets.filter((budget) => matches(pod.labels, selectorOf(budget)));
  if (own.length === 1) return [];
  return [`${nameOf(pod.owner)}: ${own.length} PodDisruptionBudgets select its pods, not one`];
}

function probeProblems(pod: string, container: Container): string[] {
  return (['startupProbe', 'readinessProbe', 'livenessProbe'] as const)
    .filter((probe) => container[probe] === undefined)
    .map((probe) => `${pod}, container ${container.name}: has no ${probe}`);
}

/** The kubelet kills at the end of the grace period: whatever a process may take to stop must fit in it. */
function shutdownProblems(pod: PodTemplate): string[] {
  const name = nameOf(pod.owner);
  if (isEvaluationStore(pod)) return [];
  const graceMs = (pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1_000;
  return pod.spec.containers.flatMap((container) => {
    const preStopMs = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
    const own = settingMs(container, 'SHUTDOWN_DELAY_MS');
    if (own === undefined) {
      return graceMs > preStopMs + STAGE_MS
        ? []
        : [`${name}: ${graceMs} ms of grace leave under 10 s after ${preStopMs} ms of preStop`];
    }
    if (preStopMs === 0) return [`${name}: routers learn of its end only while it still serves, and it has no preStop`];
    const completionMs = settingMs(container, 'COMPLETION_DRAIN_MS');
    const stageMs = completionMs === undefined ? STAGE_MS : completionMs + LAST_RECORDS_MS;
    const neededMs = preStopMs + own + STOP_STAGES * stageMs;
    return graceMs > neededMs
      ? []
      : [`${name}: a shutdown may take ${neededMs} ms, its grace ends after ${graceMs} ms`];
  });
}

function settingMs({ env = [] }: Container, name: string): number | undefined {
  const value = env.find((variable) => variable.name === name)?.value;
  return value === undefined ? undefined : Number(value);
}

/** A Deployment that rolls takes no pod away before its successor is ready, and spreads its pods. */
function rolloutProblems({ owner, spec }: PodTemplate): string[] {
  if (owner.kind !== 'Deployment') return [];
  const { strategy, replicas } = owner.spec as {
    strategy?: { type?: string; rollingUpdate?: { maxUnavailable?: number | string } };
    replicas?: number;
  };
  const problems: string[] = [];
  const rolls = strategy?.type !== 'Recreate';
  if (rolls && strategy?.rollingUpdate?.maxUnavailable !== 0)
    problems.push(`${nameOf(owner)}: a rollout may take pods away before others are ready (maxUnavailable is not 0)`);
  if (!rolls && (replicas ?? 2) > 1)
    problems.push(`${nameOf(owner)}: several pods are replaced all at once (Recreate)`);
  if (rolls && (spec.topologySpreadConstraints ?? []).length === 0)
    problems.push(`${nameOf(owner)}: its pods are not spread over nodes and zones`);
  return problems;
}
