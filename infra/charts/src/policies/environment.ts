import {
  type Container,
  containersOf,
  type EnvironmentVariable,
  type KubernetesObject,
  nameOf,
  podTemplates,
  type PodTemplate,
  type VolumeSource,
} from '../kubernetes.js';
import type { Settings } from '../settings.js';
import { KNOWN_IMAGES, parseImage } from './images.js';

// A variable that nobody reads is a setting that silently has its default: names are held against what the processes read.

/** What Node and OpenTelemetry read in every process of ours. Variables that others are made of, as $(NAME), are for them. */
const RUNTIME =
  /^(NODE_ENV|NODE_OPTIONS|NODE_EXTRA_CA_CERTS|OTEL_(SERVICE_NAME|RESOURCE_ATTRIBUTES|SDK_DISABLED|EXPORTER_OTLP_ENDPOINT|TRACES_SAMPLER|TRACES_SAMPLER_ARG))$/;
/** What the main job of `helm test` reads (charts/dailydoco/files/tests). */
const TEST = new Set(['GATEWAY_URL', 'SECRETS_DIR']);

export type SettingsOf = ReadonlyMap<string, Settings>;

/** Which process of ours a container runs, by its image and arguments; undefined for images of others. */
export function processOf({ workload }: PodTemplate, { image, args = [] }: Container): string | undefined {
  const { repository } = parseImage(image);
  if (KNOWN_IMAGES[repository] !== 'ours') return undefined;
  if (workload === 'test' || workload === 'topics') return workload;
  const name = repository.split('/').at(-1) ?? '';
  return args.includes('dist/migrate.js') ? `${name} migrate` : name;
}

export function environmentProblems(objects: readonly KubernetesObject[], settings: SettingsOf): string[] {
  return podTemplates(objects).flatMap((pod) =>
    containersOf(pod).flatMap((container) => {
      const place = `${nameOf(pod.owner)}, container ${container.name}`;
      const own = processOf(pod, container);
      const known = own === undefined ? undefined : knownTo(own, settings);
      const problems = [
        ...fileProblems(pod, container),
        ...duplicates(container),
        ...(known === undefined ? [] : nameProblems(container, known)),
      ];
      return problems.map((problem) => `${place}: ${problem}`);
    }),
  );
}

function knownTo(process: string, settings: SettingsOf): Settings {
  if (process === 'test') return new Map([...TEST].map((name) => [name, { name, required: true, secret: false }]));
  if (process === 'topics') return settingsOfTopics(settings);
  const known = settings.get(process);
  if (known === undefined) throw new Error(`docs/settings.md has no settings of ${process}`);
  return known;
}

/** The command that makes topics reads what every service reads about Kafka, and how many copies are wanted. */
function settingsOfTopics(settings: SettingsOf): Settings {
  const kafka = [...(settings.get('identity') ?? [])].filter(([name]) => name.startsWith('KAFKA_'));
  const copies = { name: 'TOPIC_REPLICATION_FACTOR', required: false, secret: false };
  return new Map([...kafka, [copies.name, copies]]);
}

function nameProblems({ env = [] }: Container, known: Settings): string[] {
  const problems: string[] = [];
  const given = new Set<string>();
  const texts = env.map(({ value = '' }) => value).join('\n');
  for (const variable of env.filter(({ name }) => !RUNTIME.test(name) && !texts.includes(`$(${name})`))) {
    const plain = variable.name.replace(/_FILE$/, '');
    const setting = known.get(variable.name) ?? known.get(plain);
    if (setting === undefined) problems.push(`${variable.name} is no setting of this process`);
    else if (setting.secret && setting.name === variable.name)
      problems.push(`${variable.name} is a secret and must come as ${variable.name}_FILE`);
    given.add(plain);
  }
  const missing = [...known.values()].filter(({ name, required }) => required && !given.has(name));
  return [...problems, ...missing.map(({ name }) => `${name} is required and not given`)];
}

function duplicates({ env = [] }: Container): string[] {
  const plain = env.map(({ name }) => name.replace(/_FILE$/, ''));
  const twice = plain.filter((name, index) => plain.indexOf(name) !== index);
  return twice.map((name) => `${name} is given twice`);
}

/** Variables that name a file which no volume brings. */
function fileProblems(pod: PodTemplate, container: Container): string[] {
  const files = mountedFiles(pod, container);
  return (container.env ?? [])
    .filter(isFileName)
    .flatMap(({ name, value = '' }) =>
      files.some((file) => (file.endsWith('/') ? value.startsWith(file) : value === file))
        ? []
        : [`${name} names ${value}, which no volume brings`],
    );
}

function isFileName({ name, value }: EnvironmentVariable): boolean {
  return value !== undefined && (name.endsWith('_FILE') || name === 'NODE_EXTRA_CA_CERTS');
}

/** The files that a container's volumes bring; a folder whose files nobody here knows ends in a slash. */
export function mountedFiles({ spec }: PodTemplate, { volumeMounts = [] }: Container): string[] {
  return volumeMounts.flatMap(({ name, mountPath, subPath }) => {
    if (subPath !== undefined) return [mountPath];
    const volume = spec.volumes?.find((one) => one.name === name);
    if (volume === undefined) return [];
    const sources = volume.projected?.sources ?? [volume];
    return sources.flatMap((source) => pathsOf(source).map((path) => `${mountPath}/${path}`));
  });
}

function pathsOf({ secret, configMap }: VolumeSource): string[] {
  const source = secret ?? configMap;
  if (source === undefined) return [];
  return source.items?.map(({ path }) => path) ?? [''];
}
