import { type KubernetesObject, nameOf } from '../kubernetes.js';

export interface ReleaseNames {
  readonly release: string;
  readonly namespace: string;
}

const COMMON = [
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/version',
  'app.kubernetes.io/managed-by',
  'helm.sh/chart',
];

/** Objects that cannot be told to belong to the release: wrong name, namespace or labels, or one that stands twice. */
export function labelProblems(objects: readonly KubernetesObject[], { release, namespace }: ReleaseNames): string[] {
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const { name, namespace: own, labels = {} } = object.metadata;
    const problems = COMMON.filter((label) => labels[label] === undefined).map((label) => `has no label ${label}`);
    if (labels['app.kubernetes.io/instance'] !== release)
      problems.push(`its label app.kubernetes.io/instance is not ${release}`);
    if (own !== namespace) problems.push(`its namespace is ${own ?? 'not said'}, not ${namespace}`);
    if (!name.startsWith(`${release}-`)) problems.push(`its name does not begin with ${release}-`);
    if (seen.has(nameOf(object))) problems.push('stands twice in the release');
    seen.add(nameOf(object));
    return problems.map((problem) => `${nameOf(object)}: ${problem}`);
  });
}
