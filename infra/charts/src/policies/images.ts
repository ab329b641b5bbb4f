import { containersOf, type KubernetesObject, nameOf, podTemplates } from '../kubernetes.js';

/** Every repository that the charts may take an image from. A new one is a decision: it is added here and reviewed. */
export const KNOWN_IMAGES: Readonly<Record<string, string>> = {
  'ghcr.io/dailydoco/dailydoco/identity': 'ours',
  'ghcr.io/dailydoco/dailydoco/viral-engine': 'ours',
  'ghcr.io/dailydoco/dailydoco/payouts': 'ours',
  'ghcr.io/dailydoco/dailydoco/analytics': 'ours',
  'ghcr.io/dailydoco/dailydoco/website-builder': 'ours',
  'ghcr.io/dailydoco/dailydoco/ai-gateway': 'ours',
  'ghcr.io/dailydoco/dailydoco/gateway': 'ours',
  'docker.io/library/kong': 'the gateway',
  'docker.io/library/postgres': 'the evaluation’s database',
  'docker.io/valkey/valkey': 'the evaluation’s Redis',
  'docker.io/apache/kafka': 'the evaluation’s Kafka',
  'ghcr.io/cloudnative-pg/postgresql': 'databases that CloudNativePG runs',
  'docker.io/otel/opentelemetry-collector-contrib': 'the collector of traces and metrics',
};

interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

/** Splits registry/repository:tag@digest; an absent tag is empty. */
export function parseImage(image: string): ImageName {
  const [name = ''] = image.split('@');
  const colon = name.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  if (colon < name.lastIndexOf('/')) return { repository: name, tag: '' };
  return { repository: colon === -1 ? name : name.slice(0, colon), tag: colon === -1 ? '' : name.slice(colon + 1) };
}

/** Images that name no version, or that nobody decided to take. */
export function imageProblems(objects: readonly KubernetesObject[], ourVersion: string): string[] {
  return imagesOf(objects).flatMap(({ place, image }) => {
    const { repository, tag } = parseImage(image);
    if (tag === '') return [`${place}: image ${image} has no tag`];
    if (tag === 'latest') return [`${place}: image ${image} names no version`];
    const known = KNOWN_IMAGES[repository];
    if (known === undefined) return [`${place}: image ${image} is of no known repository`];
    if (known === 'ours' && tag !== ourVersion) return [`${place}: image ${image} is not of version ${ourVersion}`];
    return [];
  });
}

function imagesOf(objects: readonly KubernetesObject[]): readonly { place: string; image: string }[] {
  const ofPods = podTemplates(objects).flatMap((pod) =>
    containersOf(pod).map(({ name, image }) => ({ place: `${nameOf(pod.owner)}, container ${name}`, image })),
  );
  const ofClusters = objects.flatMap((object) => {
    const image = (object.spec as { imageName?: string } | undefined)?.imageName;
    return image === undefined ? [] : [{ place: nameOf(object), image }];
  });
  return [...ofPods, ...ofClusters];
}
