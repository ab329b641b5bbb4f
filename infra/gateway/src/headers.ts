import type { IncomingHttpHeaders } from 'node:http';

/** Headers that belong to one connection (RFC 9110, section 7.6.1), in either direction. */
const OF_ONE_CONNECTION = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** What a client may not say: who it is towards the services, and that it wants to be asked first (this program has been asked). */
const NOT_THE_CLIENTS = [
  'forwarded',
  'x-real-ip',
  'expect',
  'x-consumer-id',
  'x-consumer-custom-id',
  'x-consumer-username',
  'x-credential-identifier',
  'x-anonymous-consumer',
];

/** Headers by which the fleet may talk inside itself: they never cross the gateway. */
const INTERNAL_PREFIX = 'x-dd-';
const FORWARDED_PREFIX = 'x-forwarded-';

export interface Caller {
  readonly address: string;
  /** As the client sent it. */
  readonly host: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
}

/** What a service gets to see of a request's headers. `hasBody`: whether a body follows. */
export function requestHeaders(
  headers: IncomingHttpHeaders,
  caller: Caller,
  { hasBody }: { hasBody: boolean },
): IncomingHttpHeaders {
  const passed = withoutConnection(headers);
  for (const name of Object.keys(passed)) {
    if (NOT_THE_CLIENTS.includes(name) || name.startsWith(FORWARDED_PREFIX)) delete passed[name];
  }
  if (!hasBody) delete passed['content-length'];
  return {
    ...passed,
    host: caller.host,
    'x-forwarded-for': caller.address,
    'x-real-ip': caller.address,
    'x-forwarded-proto': 'http',
    'x-forwarded-host': caller.host,
    'x-request-id': caller.requestId,
    ...(caller.traceparent !== undefined && { traceparent: caller.traceparent }),
  };
}

/** What a client gets to see of an answer's headers. */
export function answerHeaders(headers: IncomingHttpHeaders, requestId: string): IncomingHttpHeaders {
  return { ...withoutConnection(headers), 'x-request-id': requestId };
}

function withoutConnection(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = String(headers.connection ?? '')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  const dropped = new Set([...OF_ONE_CONNECTION, ...named]);
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !dropped.has(name) && !name.startsWith(INTERNAL_PREFIX)),
  );
}
