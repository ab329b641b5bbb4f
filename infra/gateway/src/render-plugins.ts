import type { KongPlugin } from './kong.js';
import { REQUESTS_PER_MINUTE, type Route } from './routes.js';

/** Who a request is counted as: someone with a valid token, or anybody else, API keys included. */
export const CONSUMERS = { person: 'person', anybody: 'anonymous' } as const;

/** Above what the schema of every such route lets through; a spec computes it from the OpenAPI document. */
const SMALL_BODY = { allowed_payload_size: 64, size_unit: 'kilobytes' };
/** Above the 1 MiB that services read, so that the service's answer (after 401 and 403) is the rule and this the wall. */
const LARGE_BODY = { allowed_payload_size: 2, size_unit: 'megabytes' };
/** Above the 16 MiB that a file of a bank may have; nginx before it has the same limit for all routes. */
const FILE_BODY = { allowed_payload_size: 17, size_unit: 'megabytes' };
const BODIES = { small: SMALL_BODY, large: LARGE_BODY, file: FILE_BODY } as const;
/** A Redis that hangs holds up a request for so long; then it passes uncounted. */
const REDIS_TIMEOUT_MS = 250;

/** Where administrators are expected unless an installation says otherwise: on the machine itself and in private networks. */
const ADMIN_NETWORKS = ['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];
const CRAWLERS = ['(?i:bot|crawl|spider|scrap)'];
/** Kong takes these libraries for crawlers; administrators' programs are written with them. */
const LIBRARIES = ['^(Apache-HttpClient|Google-HTTP-Java-Client|Python-urllib)/'];

function rateLimit(perMinute: number, consumer?: string): KongPlugin {
  return {
    name: 'rate-limiting',
    ...(consumer !== undefined && { consumer }),
    config: {
      minute: perMinute,
      limit_by: 'ip',
      policy: 'redis',
      redis: { host: 'redis', port: 6379, timeout: REDIS_TIMEOUT_MS },
      fault_tolerant: true,
      hide_client_headers: false,
      error_code: 429,
      error_message: 'API rate limit exceeded',
    },
  };
}

/**
 * A limit of one route. Kong runs one entry of a kind for a request, and one for a consumer wins over one for a route:
 * without its own line here a valid token would lift the route's limit to that of persons.
 */
function routeLimit(perMinute: number): KongPlugin[] {
  return [rateLimit(perMinute), rateLimit(perMinute, CONSUMERS.person)];
}

export function routePlugins({ perMinute, body = 'small', admin }: Route): KongPlugin[] {
  return [
    ...(perMinute === undefined ? [] : routeLimit(perMinute)),
    { name: 'request-size-limiting', config: { ...BODIES[body], require_content_length: false } },
    ...(admin === true ? adminOnly() : []),
  ];
}

function adminOnly(): KongPlugin[] {
  return [
    {
      name: 'ip-restriction',
      config: {
        allow: ADMIN_NETWORKS,
        status: 403,
        message: 'This address is not in a network from which this installation is administered',
      },
    },
    { name: 'bot-detection', config: { allow: LIBRARIES, deny: CRAWLERS } },
  ];
}

const TRACES_ENDPOINT = 'http://otel-collector:4318/v1/traces';

/** What holds on every route. */
export function globalPlugins(): KongPlugin[] {
  return [
    { name: 'correlation-id', config: { header_name: 'X-Request-Id', generator: 'uuid', echo_downstream: true } },
    {
      name: 'jwt',
      config: {
        key_claim_name: 'kid',
        claims_to_verify: ['exp'],
        // A token travels in its header and nowhere else.
        header_names: ['authorization'],
        uri_param_names: [],
        cookie_names: [],
        // Whatever is no valid token passes as anybody's: the service says what is wrong with it.
        anonymous: CONSUMERS.anybody,
        run_on_preflight: false,
      },
    },
    rateLimit(REQUESTS_PER_MINUTE.anybody),
    rateLimit(REQUESTS_PER_MINUTE.person, CONSUMERS.person),
    {
      name: 'cors',
      config: {
        origins: ['*'],
        methods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
        headers: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id', 'traceparent'],
        exposed_headers: ['X-Request-Id', 'Idempotency-Replayed', 'Retry-After', 'ETag'],
        // Tokens travel in a header; no cookie is sent across origins.
        credentials: false,
        max_age: 3600,
        preflight_continue: false,
      },
    },
    {
      name: 'prometheus',
      config: {
        // Labels are bounded: names of services and routes, statuses. A series per consumer would tell nothing more.
        per_consumer: false,
        status_code_metrics: true,
        latency_metrics: true,
        bandwidth_metrics: true,
        upstream_health_metrics: true,
      },
    },
    {
      name: 'opentelemetry',
      config: {
        traces_endpoint: TRACES_ENDPOINT,
        resource_attributes: { 'service.name': 'gateway' },
        // The services know this format alone; without the lists Kong would follow whichever one a client sends.
        propagation: { extract: ['w3c'], inject: ['w3c'], default_format: 'w3c' },
      },
    },
  ];
}
