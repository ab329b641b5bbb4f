import { containersOf, type KubernetesObject, nameOf, ofKind, podTemplates, type VolumeSource } from '../kubernetes.js';

// Everything that an object names must be there: rendered, made by an operator out of what is rendered, or said to exist.

/** A Secret or ConfigMap that can be named: its keys, or undefined where nobody here can know them. */
type Keys = ReadonlySet<string> | undefined;

interface Reference {
  readonly from: string;
  readonly kind: string;
  readonly name: string;
  readonly keys: readonly string[];
}

/** What may be referred to, by Kind/name. */
export type Inventory = ReadonlyMap<string, Keys>;

/** Everything that a rendering brings, and the Secrets that the values say exist. */
export function inventoryOf(objects: readonly KubernetesObject[], existingSecrets: readonly string[]): Inventory {
  const inventory = new Map<string, Keys>(existingSecrets.map((name) => [`Secret/${name}`, undefined]));
  for (const object of objects) {
    inventory.set(nameOf(object), new Set(Object.keys(object.data ?? {})));
    for (const [name, keys] of secretsMadeFrom(object)) inventory.set(`Secret/${name}`, keys);
  }
  return inventory;
}

/** The Secrets that an operator makes when it meets the object. */
function secretsMadeFrom({ apiVersion, kind, metadata, spec }: KubernetesObject): readonly [string, Keys][] {
  const { name } = metadata;
  switch (`${apiVersion.split('/')[0]} ${kind}`) {
    case 'external-secrets.io ExternalSecret': {
      const { target, data = [] } = spec as { target?: { name?: string }; data?: readonly { secretKey: string }[] };
      return [[target?.name ?? name, new Set(data.map(({ secretKey }) => secretKey))]];
    }
    case 'cert-manager.io Certificate':
      return [[(spec as { secretName: string }).secretName, new Set(['ca.crt', 'tls.crt', 'tls.key'])]];
    case 'postgresql.cnpg.io Cluster':
      return [[`${name}-ca`, new Set(['ca.crt', 'ca.key'])]];
    case 'kafka.strimzi.io Kafka':
      return [[`${name}-cluster-ca-cert`, new Set(['ca.crt', 'ca.p12', 'ca.password'])]];
    case 'kafka.strimzi.io KafkaUser':
      return [[name, new Set(['password', 'sasl.jaas.config'])]];
    default:
      return [];
  }
}

/** References that lead nowhere. */
export function referenceProblems(objects: readonly KubernetesObject[], inventory: Inventory): string[] {
  const references = [...podReferences(objects), ...objects.flatMap(objectReferences)];
  return references.flatMap(({ from, kind, name, keys }) => {
    const target = `${kind}/${name}`;
    if (!inventory.has(target)) return [`${from}: names ${target}, which is neither rendered nor said to exist`];
    const there = inventory.get(target);
    return keys
      .filter((key) => there !== undefined && !there.has(key))
      .map((key) => `${from}: names key ${key} of ${target}, which has no such key`);
  });
}

function volumeReferences(from: string, { secret, configMap }: VolumeSource): Reference[] {
  const references: Reference[] = [];
  const keysOf = (items: readonly { key: string }[] = []) => items.map(({ key }) => key);
  // A reference that may lead nowhere still names something that belongs to the release; its keys come later.
  if (secret !== undefined) {
    const keys = secret.optional === true ? [] : keysOf(secret.items);
    references.push({ from, kind: 'Secret', name: secret.secretName ?? secret.name ?? '', keys });
  }
  if (configMap !== undefined)
    references.push({ from, kind: 'ConfigMap', name: configMap.name, keys: keysOf(configMap.items) });
  return references;
}

function podReferences(objects: readonly KubernetesObject[]): Reference[] {
  return podTemplates(objects).flatMap((pod) => {
    const from = nameOf(pod.owner);
    const { spec } = pod;
    const references: Reference[] = (spec.imagePullSecrets ?? []).map(({ name }) => ({
      from,
      kind: 'Secret',
      name,
      keys: [],
    }));
    if (spec.serviceAccountName !== undefined)
      references.push({ from, kind: 'ServiceAccount', name: spec.serviceAccountName, keys: [] });
    for (const volume of spec.volumes ?? []) {
      for (const source of [volume, ...(volume.projected?.sources ?? [])])
        references.push(...volumeReferences(from, source));
      if (volume.persistentVolumeClaim !== undefined)
        references.push({
          from,
          kind: 'PersistentVolumeClaim',
          name: volume.persistentVolumeClaim.claimName,
          keys: [],
        });
    }
    for (const { valueFrom } of containersOf(pod).flatMap(({ env = [] }) => env)) {
      const { secretKeyRef: secret, configMapKeyRef: configMap } = valueFrom ?? {};
      if (secret !== undefined) references.push({ from, kind: 'Secret', name: secret.name, keys: [secret.key] });
      if (configMap !== undefined)
        references.push({ from, kind: 'ConfigMap', name: configMap.name, keys: [configMap.key] });
    }
    return references;
  });
}

interface Named {
  readonly name: string;
}

function objectReferences(object: KubernetesObject): Reference[] {
  const from = nameOf(object);
  const to = (kind: string, name: string): Reference => ({ from, kind, name, keys: [] });
  switch (object.kind) {
    case 'HorizontalPodAutoscaler':
    case 'ScaledObject': {
      const { kind = 'Deployment', name } = (object.spec as { scaleTargetRef: { kind?: string } & Named })
        .scaleTargetRef;
      const triggers = (object.spec as { triggers?: readonly { authenticationRef?: Named }[] }).triggers ?? [];
      const logins = triggers.flatMap(({ authenticationRef }) => authenticationRef ?? []);
      return [to(kind, name), ...logins.map((login) => to('TriggerAuthentication', login.name))];
    }
    case 'TriggerAuthentication': {
      const { secretTargetRef = [] } = object.spec as { secretTargetRef?: readonly (Named & { key: string })[] };
      return secretTargetRef.map(({ name, key }) => ({ from, kind: 'Secret', name, keys: [key] }));
    }
    case 'RoleBinding': {
      const { roleRef, subjects } = object as unknown as { roleRef: Named; subjects: readonly Named[] };
      return [to('Role', roleRef.name), ...subjects.map(({ name }) => to('ServiceAccount', name))];
    }
    case 'StatefulSet':
      return [to('Service', (object.spec as { serviceName: string }).serviceName)];
    case 'Certificate': {
      const { issuerRef } = object.spec as { issuerRef: { kind?: string } & Named };
      return issuerRef.kind === 'ClusterIssuer' ? [] : [to('Issuer', issuerRef.name)];
    }
    case 'Database':
    case 'ScheduledBackup':
      return [to('Cluster', (object.spec as { cluster: Named }).cluster.name)];
    case 'Ingress':
      return ingressReferences(object, to);
    case 'HTTPRoute':
    case 'GRPCRoute': {
      const { rules } = object.spec as { rules: readonly { backendRefs: readonly Named[] }[] };
      return rules.flatMap(({ backendRefs }) => backendRefs.map(({ name }) => to('Service', name)));
    }
    default:
      return [];
  }
}

function ingressReferences(object: KubernetesObject, to: (kind: string, name: string) => Reference): Reference[] {
  const { rules = [], tls = [] } = object.spec as {
    rules?: readonly { http?: { paths: readonly { backend: { service: Named } }[] } }[];
    tls?: readonly { secretName?: string }[];
  };
  const backends = rules
    .flatMap(({ http }) => http?.paths ?? [])
    .map(({ backend }) => to('Service', backend.service.name));
  return [
    ...backends,
    ...tls.flatMap(({ secretName }) => (secretName === undefined ? [] : [to('Secret', secretName)])),
  ];
}

/** Objects that the release brings and nothing in it uses: left-overs, or a name that is misspelt where it is used. */
export function unusedProblems(objects: readonly KubernetesObject[]): string[] {
  const references = [...podReferences(objects), ...objects.flatMap(objectReferences)];
  const used = new Set(references.map(({ kind, name }) => `${kind}/${name}`));
  const managed = JSON.stringify(ofKind(objects, 'Cluster').map(({ spec }) => spec));
  return ofKind(objects, 'ConfigMap', 'ServiceAccount', 'Secret')
    .filter((object) => !used.has(nameOf(object)) && !managed.includes(`"name":"${object.metadata.name}"`))
    .filter(({ metadata }) => metadata.labels?.['grafana_dashboard'] === undefined)
    .map((object) => `${nameOf(object)}: nothing in the release uses it`);
}
