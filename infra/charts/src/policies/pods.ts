import { type Container, containersOf, nameOf, type PodTemplate } from '../kubernetes.js';

// What every pod of a release must be beside what the Pod Security Standards ask, which the verifier evaluates.

/** Workloads that talk to the Kubernetes API, and so are given a token. */
const TALKS_TO_KUBERNETES = new Set(['kong-keys']);

/** Where a pod's settings are laxer than a security review lets pass. */
export function podProblems(pod: PodTemplate): string[] {
  const name = nameOf(pod.owner);
  const { spec } = pod;
  const problems: string[] = [];
  const token = TALKS_TO_KUBERNETES.has(pod.workload);
  if (spec.automountServiceAccountToken !== token)
    problems.push(`${name}: automountServiceAccountToken must be ${token}, said aloud`);
  if (spec.enableServiceLinks !== false)
    problems.push(`${name}: enableServiceLinks must be false, or the Services of the namespace become settings`);
  return [...problems, ...containersOf(pod).flatMap((container) => containerProblems(name, container))];
}

function containerProblems(pod: string, { name, securityContext, resources }: Container): string[] {
  const problems: string[] = [];
  if (securityContext?.readOnlyRootFilesystem !== true)
    problems.push(`${pod}, container ${name}: readOnlyRootFilesystem must be true`);
  for (const resource of ['cpu', 'memory'])
    if (resources?.requests?.[resource] === undefined)
      problems.push(`${pod}, container ${name}: requests no ${resource}`);
  // A limit of CPU slows a busy pod down on an idle node; one of memory keeps a leak from taking the node along.
  if (resources?.limits?.['memory'] === undefined) problems.push(`${pod}, container ${name}: has no limit of memory`);
  return problems;
}
