import { parseDocument } from 'yaml';

/** As much of Kubernetes' objects as the rules look at. That fields exist and have their types is the verifier's business. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

export type Labels = Readonly<Record<string, string>>;

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly data?: Labels;
  readonly spec?: unknown;
  /** The template that it came from, as Helm names it. */
  readonly source: string;
}

export interface SecretKey {
  readonly name: string;
  readonly key: string;
  readonly optional?: boolean;
}

export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: SecretKey; readonly configMapKeyRef?: SecretKey };
}

export interface Probe {
  readonly grpc?: object;
  readonly httpGet?: { readonly port: number | string };
  readonly tcpSocket?: { readonly port: number | string };
  readonly exec?: object;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly EnvironmentVariable[];
  readonly envFrom?: readonly unknown[];
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly resources?: { readonly requests?: Labels; readonly limits?: Labels };
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number }; readonly exec?: object } };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
}

export interface KeyToPath {
  readonly key: string;
  readonly path: string;
}

export interface VolumeSource {
  readonly secret?: {
    readonly secretName?: string;
    readonly name?: string;
    readonly items?: readonly KeyToPath[];
    readonly optional?: boolean;
  };
  readonly configMap?: { readonly name: string; readonly items?: readonly KeyToPath[]; readonly optional?: boolean };
}

export interface Volume extends VolumeSource {
  readonly name: string;
  readonly projected?: { readonly sources: readonly VolumeSource[] };
  readonly persistentVolumeClaim?: { readonly claimName: string };
  readonly emptyDir?: object;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly topologySpreadConstraints?: readonly unknown[];
}

/** Pods that an object makes: their labels and what they are, with the object that makes them. */
export interface PodTemplate {
  readonly owner: KubernetesObject;
  /** The workload, as the label app.kubernetes.io/name says. */
  readonly workload: string;
  readonly labels: Labels;
  readonly spec: PodSpec;
}

interface TemplateHolder {
  readonly template: { readonly metadata: Metadata; readonly spec: PodSpec };
}

/** Kind/name, by which people and problems name an object. */
export function nameOf(object: KubernetesObject): string {
  return `${object.kind}/${object.metadata.name}`;
}

/** The objects of what Helm writes, in its order. */
export function parseObjects(text: string): readonly KubernetesObject[] {
  return text
    .split(/^---\n/m)
    .filter((part) => part.trim() !== '')
    .flatMap((part) => {
      const source = /^# Source: (.*)$/m.exec(part)?.[1] ?? '';
      // A key that stands twice is found by the verifier, which names all that is wrong.
      const document = parseDocument(part, { uniqueKeys: false });
      const [error] = document.errors;
      if (error !== undefined) throw new Error(`${source} renders to what is no YAML: ${error.message}`);
      const object = document.toJS() as Omit<KubernetesObject, 'source'> | null;
      return object === null ? [] : [{ ...object, source }];
    });
}

export function ofKind(objects: readonly KubernetesObject[], ...kinds: readonly string[]): readonly KubernetesObject[] {
  return objects.filter(({ kind }) => kinds.includes(kind));
}

/** Every template of pods among the objects. */
export function podTemplates(objects: readonly KubernetesObject[]): readonly PodTemplate[] {
  return objects.flatMap((owner) => {
    const template = templateOf(owner);
    if (template === undefined) return [];
    const labels = template.metadata.labels ?? {};
    return [{ owner, workload: labels['app.kubernetes.io/name'] ?? '', labels, spec: template.spec }];
  });
}

function templateOf(object: KubernetesObject): TemplateHolder['template'] | undefined {
  switch (object.kind) {
    case 'Pod':
      return { metadata: object.metadata, spec: object.spec as PodSpec };
    case 'Deployment':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job':
      return (object.spec as TemplateHolder).template;
    case 'CronJob':
      return (object.spec as { jobTemplate: { spec: TemplateHolder } }).jobTemplate.spec.template;
    default:
      return undefined;
  }
}

export function containersOf({ spec }: PodTemplate): readonly Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** Whether labels have everything that `wanted` names. */
export function matches(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}
