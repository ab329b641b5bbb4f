import { stringify } from 'yaml';
import { checkKong } from './read-kong.js';
import { renderGrpc, renderKong, withGrpc } from './render.js';

const MADE = `Kong 3.9.3, DB-less. Made from the route table (infra/gateway/src/routes.ts) by \`npm run generate\`; edit that.`;

/** What a reader of the file should know of Kong to see what its entries do together. */
const KONG_HEAD = `${MADE}

Who asks. \`jwt\` takes a request with a valid, unexpired token of a person for \`person\`; every other one, with an API key, a
broken token or one under a key that is not known here yet, for \`anonymous\`, and lets it pass: services check every token and
key themselves and answer with a problem. Keys are added by \`dist/keys.js merge\`. Without any, everybody is \`anonymous\`.

Limits. Kong runs ONE entry of a plugin for a request, the most specific: consumer and route, then consumer, then route, then
global. So \`person\` has an entry of its own beside each route's. All count by address: entries of one route, or without a route,
share a count, whoever asks, and differ in how much they allow. (By consumer, all persons would share one count, because
one consumer stands for them; by header, tokens would lie in Redis.) Redis away: requests pass uncounted, and
identity limits sign-ins by itself.

Sizes. Limits stand on routes, because a global one would make Kong read whole gRPC streams. Each is above what the service takes.

Retries. nginx asks a second instance only when no connection came about, or when a GET, HEAD, PUT or DELETE broke off before
an answer; a POST that was sent is never sent again. proxy_next_upstream_timeout (5 s, in Kong's environment) keeps slow answers
from being asked for twice.

Upstreams. One DNS name each, which must resolve to the instances themselves (in Kubernetes a headless Service), so that a check
takes one instance away. Behind a single virtual address a check meets any instance and would take away all.

Fields are those of Kong 3.9's schemas: kong/db/schema/entities/{services,routes,upstreams,targets,consumers,plugins}.lua and
kong/plugins/{jwt,rate-limiting,request-size-limiting,ip-restriction,bot-detection,cors,correlation-id,prometheus,opentelemetry,
request-termination}/schema.lua.`;

const GRPC_HEAD = `${MADE}

For teams outside the cluster, and only when wanted: \`services\` and \`upstreams\` here are appended to those of kong.yml. Kong then
needs a listener with HTTP/2. Callers show an API key with the scope purchases:write, as \`authorization: Bearer dd_…\`; viral-engine
checks it. A stream counts as one request of its address. No other method is routed: they take the services' own tokens only.`;

export interface GeneratedFile {
  readonly name: string;
  readonly head: string;
  readonly document: () => object;
  readonly places: readonly URL[];
}

function placesOf(name: string): URL[] {
  return [new URL(`../${name}`, import.meta.url), new URL(`../../../charts/dailydoco/files/${name}`, import.meta.url)];
}

export const GENERATED: readonly GeneratedFile[] = [
  { name: 'kong.yml', head: KONG_HEAD, document: renderKong, places: placesOf('kong.yml') },
  { name: 'kong-grpc.yml', head: GRPC_HEAD, document: renderGrpc, places: placesOf('kong-grpc.yml') },
];

/** The text of a generated file. Throws KongFileError when Kong would not understand it. */
export function generatedText({ head, document }: GeneratedFile): string {
  checkKong(withGrpc(renderKong(), renderGrpc()));
  const comment = head.split('\n').map((line) => `# ${line}`.trimEnd());
  return `${comment.join('\n')}\n${stringify(document(), { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
