import type { KongDocument, KongPlugin, KongRoute, KongService } from './kong.js';
import { kongPath, REQUESTS_PER_MINUTE, type Route, ROUTES, routeName, SERVICES, type ServiceName } from './routes.js';

const SERVICE_PORT = 8080;
const CONNECT_TIMEOUT_MS = 2_000;
const TIMEOUT_MS = 30_000;
/** A language model may think for minutes before it says the next word. */
const AI_TIMEOUT_MS = 300_000;
/** Above every service's own limit, so that the service's answer (after 401 and 403) is the rule and this the wall. */
const LARGEST_BODY_MEGABYTES = 2;
const TRACES_ENDPOINT = 'http://otel-collector:4318/v1/traces';
const PROTOCOLS = ['http', 'https'];

/** Nobody owns the path: a problem like any other, as far as a fixed text can be one. */
const NOBODY_OWNS_IT = JSON.stringify({
  type: 'urn:dailydoco:problem:not-found',
  title: 'There is nothing here.',
  status: 404,
  detail: 'Nobody owns this path.',
  code: 'NOT_FOUND',
});

function rateLimit(perMinute: number): KongPlugin {
  return {
    name: 'rate-limiting',
    config: {
      minute: perMinute,
      limit_by: 'ip',
      policy: 'redis',
      redis: { host: 'redis', port: 6379 },
      // Redis away: Kong lets requests pass; logins keep limits of their own in identity.
      fault_tolerant: true,
      hide_client_headers: false,
      error_code: 429,
      error_message: 'API rate limit exceeded',
    },
  };
}

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
    ...(route.perMinute === undefined ? {} : { plugins: [rateLimit(route.perMinute)] }),
  };
}

function kongService(name: ServiceName): KongService {
  const timeout = name === 'ai-gateway' ? AI_TIMEOUT_MS : TIMEOUT_MS;
  return {
    name,
    protocol: 'http',
    host: name,
    port: SERVICE_PORT,
    // Only a client knows whether its request may be sent twice.
    retries: 0,
    connect_timeout: CONNECT_TIMEOUT_MS,
    read_timeout: timeout,
    write_timeout: timeout,
    routes: ROUTES.filter(({ service }) => service === name).map(kongRoute),
  };
}

/** The whole declarative configuration, from the route table. */
export function renderKong(): KongDocument {
  return {
    _format_version: '3.0',
    services: SERVICES.map(kongService),
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
    plugins: [
      {
        name: 'correlation-id',
        config: { header_name: 'X-Request-Id', generator: 'uuid', echo_downstream: true },
      },
      rateLimit(REQUESTS_PER_MINUTE),
      {
        name: 'request-size-limiting',
        config: {
          allowed_payload_size: LARGEST_BODY_MEGABYTES,
          size_unit: 'megabytes',
          require_content_length: false,
        },
      },
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
      { name: 'prometheus', config: { status_code_metrics: true, latency_metrics: true } },
      {
        name: 'opentelemetry',
        config: {
          traces_endpoint: TRACES_ENDPOINT,
          resource_attributes: { 'service.name': 'gateway' },
          // The services know this format alone; without the lists Kong would follow whichever one a client sends.
          propagation: { extract: ['w3c'], inject: ['w3c'], default_format: 'w3c' },
        },
      },
    ],
  };
}
