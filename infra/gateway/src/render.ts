import type { KongAddition, KongDocument, KongRoute, KongService, KongUpstream } from './kong.js';
import { CONSUMERS, globalPlugins, routePlugins } from './render-plugins.js';
import { kongPath, type Route, ROUTES, routeName, SERVICES, type ServiceName } from './routes.js';

const SERVICE_PORT = 8080;
const GRPC_PORT = 9090;
const CONNECT_TIMEOUT_MS = 2_000;
const TIMEOUT_MS = 30_000;
/** A language model may think for minutes before it says the next word, a simulation until it says anything. */
const SLOW_TIMEOUT_MS = 300_000;
/** A stream may be silent for so long. */
const GRPC_TIMEOUT_MS = 300_000;
/** See the head of kong.yml for what nginx lets Kong try again. */
const RETRIES = 1;
const PROTOCOLS = ['http', 'https'];

/** Nobody owns the path: a problem like any other, as far as a fixed text can be one. */
const NOBODY_OWNS_IT = JSON.stringify({
  type: 'urn:dailydoco:problem:not-found',
  title: 'There is nothing here.',
  status: 404,
  detail: 'Nobody owns this path.',
  code: 'NOT_FOUND',
});

/** What probing and traffic have in common: an instance is away when connections fail, and back when one probe is well. */
const HEALTHY = { interval: 2, successes: 1 };
const UNHEALTHY = { interval: 2, tcp_failures: 2, timeouts: 2 };
/** Traffic itself: connections that fail. A 500 tells about a request and a 503 about a store, neither about the instance. */
const PASSIVE = {
  type: 'http',
  healthy: { successes: 0 },
  unhealthy: { tcp_failures: 2, timeouts: 0, http_failures: 0 },
};

function kongRoute(route: Route): KongRoute {
  return {
    name: routeName(route),
    paths: [kongPath(route)],
    protocols: PROTOCOLS,
    strip_path: false,
    preserve_host: true,
    // Bodies and streams pass as they come.
    request_buffering: false,
    response_buffering: false,
    plugins: routePlugins(route),
  };
}

/** Kong's timeouts are a service's: slow routes make one of their own, with the same instances. */
function kongServices(owner: ServiceName): KongService[] {
  const own = ROUTES.filter(({ service }) => service === owner);
  const slow = own.filter((route) => route.slow);
  const usual = kongService(
    { name: owner, owner, timeout: TIMEOUT_MS },
    own.filter((route) => !route.slow),
  );
  return [usual, kongService({ name: `${owner}-slow`, owner, timeout: SLOW_TIMEOUT_MS }, slow)].filter(
    ({ routes }) => routes.length > 0,
  );
}

function kongService(
  { name, owner, timeout }: { name: string; owner: ServiceName; timeout: number },
  routes: readonly Route[],
): KongService {
  return {
    name,
    protocol: 'http',
    host: upstreamName(owner),
    port: SERVICE_PORT,
    retries: RETRIES,
    connect_timeout: CONNECT_TIMEOUT_MS,
    read_timeout: timeout,
    write_timeout: timeout,
    routes: routes.map(kongRoute),
  };
}

function kongUpstream(name: ServiceName): KongUpstream {
  return {
    name: upstreamName(name),
    algorithm: 'round-robin',
    healthchecks: {
      active: {
        type: 'http',
        http_path: '/health/ready',
        timeout: 1,
        healthy: { ...HEALTHY, http_statuses: [200] },
        // An instance that says it is not ready says so once, because it shuts down.
        unhealthy: { ...UNHEALTHY, http_failures: 1, http_statuses: [429, 500, 502, 503, 504] },
      },
      passive: PASSIVE,
    },
    targets: [{ target: `${name}:${SERVICE_PORT}`, weight: 100 }],
  };
}

function upstreamName(service: string): string {
  return `${service}.upstream`;
}

/** The whole declarative configuration, from the route table. */
export function renderKong(): KongDocument {
  return {
    _format_version: '3.0',
    consumers: [{ username: CONSUMERS.person }, { username: CONSUMERS.anybody }],
    upstreams: SERVICES.map(kongUpstream),
    services: SERVICES.flatMap(kongServices),
    routes: [
      {
        name: 'nobody-owns-it',
        paths: ['/'],
        protocols: PROTOCOLS,
        strip_path: false,
        plugins: [
          {
            name: 'request-termination',
            config: { status_code: 404, content_type: 'application/problem+json', body: NOBODY_OWNS_IT },
          },
        ],
      },
    ],
    plugins: globalPlugins(),
  };
}

/**
 * What teams outside the cluster may call by gRPC: the two methods that take an API key. Everything else that services say to
 * each other wants a service's own token and is not routed.
 */
export function renderGrpc(): KongAddition {
  const name = 'viral-engine-grpc';
  return {
    _format_version: '3.0',
    upstreams: [
      {
        name: upstreamName(name),
        algorithm: 'round-robin',
        healthchecks: {
          active: { type: 'tcp', timeout: 1, healthy: HEALTHY, unhealthy: UNHEALTHY },
          passive: { ...PASSIVE, type: 'tcp' },
        },
        targets: [{ target: `viral-engine:${GRPC_PORT}`, weight: 100 }],
      },
    ],
    services: [
      {
        name,
        protocol: 'grpc',
        host: upstreamName(name),
        port: GRPC_PORT,
        retries: RETRIES,
        connect_timeout: CONNECT_TIMEOUT_MS,
        read_timeout: GRPC_TIMEOUT_MS,
        write_timeout: GRPC_TIMEOUT_MS,
        routes: [
          {
            name: `${name}-purchases`,
            paths: ['~/dailydoco\\.viral\\.v1\\.PurchaseService/(RecordPurchase|RecordPurchases)$'],
            protocols: ['grpc', 'grpcs'],
            // No size limit: Kong would read a whole stream to measure it. The service bounds each message and what is under way.
          },
        ],
      },
    ],
  };
}

/** A document with the gRPC route in it. */
export function withGrpc(kong: KongDocument, addition: KongAddition): KongDocument {
  return {
    ...kong,
    upstreams: [...kong.upstreams, ...addition.upstreams],
    services: [...kong.services, ...addition.services],
  };
}
