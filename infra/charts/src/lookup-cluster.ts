import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesObject } from './kubernetes.js';

/** A kind that a cluster knows. */
export interface KnownKind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** An API that Helm can ask. */
export interface LookupCluster {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** The plural by which a kind stands in addresses, as the API conventions form it. */
function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower.endsWith('y')) return `${lower.slice(0, -1)}ies`;
  return /(s|x|ch)$/.test(lower) ? `${lower}es` : `${lower}s`;
}

/**
 * As much of a Kubernetes API as Helm asks while it renders: which kinds there are, and what a `lookup` finds. It takes nothing
 * in; a rendering against it says what an upgrade would do to a cluster that holds `objects`.
 */
export async function startLookupCluster(
  kinds: readonly KnownKind[],
  objects: readonly KubernetesObject[],
): Promise<LookupCluster> {
  const answers = new Map<string, unknown>([['/version', { major: '1', minor: '35', gitVersion: 'v1.35.0' }]]);
  const versions = new Map<string, Map<string, object>>();
  for (const { apiVersion, kind } of kinds) {
    const resources = versions.get(apiVersion) ?? new Map<string, object>();
    resources.set(kind, { name: pluralOf(kind), singularName: '', namespaced: true, kind, verbs: ['get', 'list'] });
    versions.set(apiVersion, resources);
  }
  const groups = [...versions.keys()]
    .filter((version) => version.includes('/'))
    .map((groupVersion) => {
      const [name = '', version = ''] = groupVersion.split('/');
      const own = [{ groupVersion, version }];
      return { name, versions: own, preferredVersion: own[0] };
    });
  answers.set('/api', { kind: 'APIVersions', versions: ['v1'] });
  answers.set('/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups });
  for (const [groupVersion, resources] of versions)
    answers.set(rootOf(groupVersion), {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion,
      resources: [...resources.values()],
    });
  for (const object of objects) answers.set(addressOf(object), object);
  const server = createServer((request, response) => {
    const answer = answers.get(new URL(request.url ?? '/', 'http://cluster').pathname);
    const absent = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: 'NotFound',
      code: 404,
      message: 'not found',
    };
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer ?? absent));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function addressOf({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${rootOf(apiVersion)}/namespaces/${metadata.namespace ?? 'default'}/${pluralOf(kind)}/${metadata.name}`;
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** Flags by which `helm template` asks such an API. */
export function lookupFlags({ url }: LookupCluster): readonly string[] {
  return ['--dry-run=server', '--disable-openapi-validation', '--kube-apiserver', url];
}
