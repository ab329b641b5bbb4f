import { kongPath, ROUTES, type ServiceName } from './routes.js';

/** The part of an OpenAPI 3.1 document that merging looks at. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type Entries = Record<string, Record<string, unknown>>;

const DESCRIPTION = `The public API of DailyDoco: one host, one way of doing things.

Money is a decimal string beside an ISO 4217 code. Errors are problems (RFC 9457) with a stable \`code\`. Lists page by \`pageSize\` and
\`pageToken\`. An Idempotency-Key makes a POST safe to repeat. Under \`/ai/v1\` OpenAI's own conventions hold.`;

/**
 * One document from those of the services. Throws when a service documents a path that is not routed to it, when two document
 * the same one, or when they give one name to different components.
 */
export function mergeDocuments(documents: ReadonlyMap<ServiceName, OpenApiDocument>): object {
  const paths: Entries = {};
  const components: Entries = {};
  const tags: { name: string }[] = [];
  for (const [service, document] of documents) {
    for (const [path, item] of Object.entries(document.paths)) {
      if (!isRoutedTo(service, path)) throw new Error(`${service} documents ${path}, which is not routed to it`);
      if (paths[path] !== undefined) throw new Error(`${path} is documented twice`);
      paths[path] = tagged(item, service);
    }
    mergeComponents(components, document.components ?? {}, service);
    tags.push({ name: service });
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'DailyDoco',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document.' }],
    tags,
    paths: sorted(paths),
    components: Object.fromEntries(Object.entries(components).map(([kind, entries]) => [kind, sorted(entries)])),
  };
}

function mergeComponents(
  components: Entries,
  added: NonNullable<OpenApiDocument['components']>,
  service: ServiceName,
): void {
  for (const [kind, entries] of Object.entries(added)) {
    const known = (components[kind] ??= {});
    for (const [name, entry] of Object.entries(entries)) {
      if (known[name] !== undefined && JSON.stringify(known[name]) !== JSON.stringify(entry))
        throw new Error(`${service} gives the name ${kind}/${name} to something else than another service`);
      known[name] = entry;
    }
  }
}

/** Operations are grouped by the service that answers. */
function tagged(item: Readonly<Record<string, unknown>>, service: ServiceName): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(item).map(([method, operation]) => [
      method,
      operation !== null && typeof operation === 'object' ? { ...operation, tags: [service] } : operation,
    ]),
  );
}

/** Whether the route table gives a documented path to a service. */
export function isRoutedTo(service: ServiceName, path: string): boolean {
  return ROUTES.some((route) => {
    if (route.service !== service) return false;
    const pattern = kongPath(route);
    return pattern.startsWith('~') ? new RegExp(`^${pattern.slice(1)}`).test(path) : path.startsWith(pattern);
  });
}

function sorted<T>(entries: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
