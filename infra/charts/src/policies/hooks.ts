import { type KubernetesObject, nameOf, ofKind, podTemplates, type PodTemplate } from '../kubernetes.js';

// When the jobs run that prepare stores: see the deployment contract in charts/service-lib/templates/_migration.tpl.

/** Whether a kind of store, or the Secret that opens it, comes with the release itself. */
export interface Made {
  readonly databases: boolean;
  readonly topics: boolean;
}

const HOOK = 'helm.sh/hook';
const WEIGHT = 'helm.sh/hook-weight';
const DELETE = 'helm.sh/hook-delete-policy';

export function hookEvents({ metadata }: KubernetesObject): string {
  return metadata.annotations?.[HOOK] ?? '';
}

function weightOf({ metadata }: KubernetesObject): number {
  return Number(metadata.annotations?.[WEIGHT] ?? '0');
}

/** Where the jobs of a rendering are not the hooks, or the ordinary jobs, that they must be. */
export function hookProblems(objects: readonly KubernetesObject[], made: Made, upgrade: boolean): string[] {
  return podTemplates(ofKind(objects, 'Job')).flatMap(({ owner, workload, spec }) => {
    const ofTheRelease = workload === 'topics' ? made.topics : made.databases;
    const expected = ofTheRelease ? (upgrade ? 'pre-upgrade' : '') : 'pre-install,pre-upgrade';
    const problems: string[] = [];
    if (hookEvents(owner) !== expected)
      problems.push(`is a hook of "${hookEvents(owner)}" where "${expected}" is right`);
    if (expected === '') {
      const version = owner.metadata.labels?.['app.kubernetes.io/version']?.replaceAll('.', '-') ?? '(none)';
      if (!owner.metadata.name.includes(version))
        problems.push('is an ordinary job whose name does not carry the version: it could not be replaced');
    } else problems.push(...orderProblems(objects, owner, spec.serviceAccountName));
    return problems.map((problem) => `${nameOf(owner)}: ${problem}`);
  });
}

/** A hook runs before the release's own objects are there: what it needs must be a hook before it, or exist. */
function orderProblems(
  objects: readonly KubernetesObject[],
  job: KubernetesObject,
  account: string | undefined,
): string[] {
  const problems: string[] = [];
  const own = ofKind(objects, 'ServiceAccount').find(({ metadata }) => metadata.name === account);
  if (own === undefined) problems.push('has no account of its own');
  else if (hookEvents(own) !== hookEvents(job)) problems.push(`its account is a hook of "${hookEvents(own)}", or none`);
  else if (weightOf(own) >= weightOf(job)) problems.push('its account does not come before it');
  const policy = job.metadata.annotations?.[DELETE] ?? '';
  // A failed job stays for its log to be read; the next run removes it.
  if (policy !== 'before-hook-creation,hook-succeeded') problems.push(`its deletion policy is "${policy}"`);
  return problems;
}

/** Hooks that mount what only comes with the release, which would wait for it for ever. */
export function hookNeedProblems(objects: readonly KubernetesObject[], upgrade: boolean): string[] {
  if (upgrade) return [];
  const late = new Set(objects.filter((object) => hookEvents(object) === '').map(nameOf));
  return podTemplates(ofKind(objects, 'Job')).flatMap((pod) => {
    const { owner, spec } = pod;
    if (hookEvents(owner) === '') return [];
    const configMaps = (spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
    const secrets = secretsOf(pod);
    const needs = [...secrets.map((name) => `Secret/${name}`), ...configMaps.map((name) => `ConfigMap/${name}`)];
    return needs.filter((need) => late.has(need)).map((need) => `${nameOf(owner)}: runs before ${need} is there`);
  });
}

function secretsOf({ spec }: PodTemplate): readonly string[] {
  const sources = (spec.volumes ?? []).flatMap((volume) => [volume, ...(volume.projected?.sources ?? [])]);
  return sources.flatMap(({ secret }) => secret?.secretName ?? secret?.name ?? []);
}

// A certificate of who signed the database's: nothing in it is secret.
const AUTHORITY = /-ca$/;

/** A migration opens its own database as the owner and holds nothing else; nobody else holds what opens it so. */
export function leastSecretProblems(objects: readonly KubernetesObject[]): string[] {
  const pods = podTemplates(objects);
  const migrations = pods.filter(({ workload }) => workload.endsWith('-migrate'));
  const owners = new Set(migrations.flatMap(secretsOf).filter((name) => !AUTHORITY.test(name)));
  return pods.flatMap((pod) => {
    const held = new Set(secretsOf(pod).filter((name) => !AUTHORITY.test(name)));
    if (migrations.includes(pod))
      return held.size === 1 ? [] : [`${nameOf(pod.owner)}: holds ${held.size} Secrets, not the owner’s alone`];
    // The evaluation's Postgres makes the roles, so it is told their passwords.
    if (pod.labels['app.kubernetes.io/component'] === 'store') return [];
    return [...held]
      .filter((name) => owners.has(name))
      .map((name) => `${nameOf(pod.owner)}: holds ${name}, which only a migration needs`);
  });
}
