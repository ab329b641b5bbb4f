import { type KubernetesObject, nameOf, podTemplates, type PodTemplate } from '../kubernetes.js';

// A process that only answers leaves its events unpublished: somebody else has to do that work.

/** Pods that answer only, with no pods of the same image and account that do the work behind the answers. */
export function backgroundProblems(objects: readonly KubernetesObject[]): string[] {
  const pods = podTemplates(objects);
  return pods
    .filter((pod) => worksInBackground(pod) === 'false')
    .filter((pod) => !pods.some((other) => worksInBackground(other) === 'true' && isSameProcess(pod, other)))
    .map(({ owner }) => `${nameOf(owner)}: answers only, and no other pods do its background work`);
}

function worksInBackground({ spec }: PodTemplate): string | undefined {
  return spec.containers.flatMap(({ env = [] }) => env).find(({ name }) => name === 'BACKGROUND_WORK')?.value;
}

function isSameProcess(one: PodTemplate, other: PodTemplate): boolean {
  const image = ({ spec }: PodTemplate): string | undefined => spec.containers[0]?.image;
  return image(one) === image(other) && one.spec.serviceAccountName === other.spec.serviceAccountName;
}
