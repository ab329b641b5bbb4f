import { KeyObject, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import { createLogger } from '@dailydoco/telemetry';
import { getStores, startTcpProxy, type TcpProxy, TokenSigner } from '@dailydoco/testing';
import { countingRedis } from '../src/counting-redis.js';
import { createGateway } from '../src/gateway.js';
import type { KongDocument, KongPlugin } from '../src/kong.js';
import { renderKong } from '../src/render.js';
import { SERVICES } from '../src/routes.js';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface GatewayOptions {
  readonly kong?: KongDocument;
  readonly upstreams?: Record<string, string | readonly string[]>;
  readonly redisUrl?: string;
  readonly now?: () => Date;
}

/** What a spec file has at hand: gateways over a real Redis, before one small service that stands for all. */
export interface Bench {
  /** A gateway over the rendered file, with an address of its own for each upstream where one is given. The service echoes. */
  readonly startGateway: (options?: GatewayOptions) => Promise<string>;
  /** What the service does from now on. */
  readonly answerBy: (handler: Handler) => void;
  /** To be done when the test is over, also when it failed half way: anything left open keeps the whole run alive. */
  readonly afterwards: (undo: () => unknown) => void;
  /** A way to the Redis that can be cut, so that it is away for one test alone. */
  readonly wayToRedis: () => Promise<{ proxy: TcpProxy; url: string }>;
}

export const logger = createLogger({ service: 'gateway-spec', level: 'error' });

const echo: Handler = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        method: request.method,
        url: request.url,
        headers: request.headers,
        bytes: Buffer.concat(chunks).length,
      }),
    );
  });
};

/** Sets the bench up for the spec file that calls it. */
export function setUpBench(): Bench {
  let handler = echo;
  let redisUrl = '';
  const closing: (() => unknown)[] = [];
  const service = createServer((request, response) => handler(request, response));
  beforeAll(async () => {
    redisUrl = (await getStores()).redisUrl;
    service.listen(0, '127.0.0.1');
    await once(service, 'listening');
  });
  afterEach(async () => {
    const outcomes = await Promise.allSettled(closing.splice(0).map(async (close) => close()));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  });
  afterAll(async () => {
    const closed = once(service, 'close');
    service.close();
    service.closeAllConnections();
    await closed;
  });
  const startGateway = async (options: GatewayOptions = {}): Promise<string> => {
    handler = echo;
    const address = `127.0.0.1:${(service.address() as AddressInfo).port}`;
    const counts = new URL(options.redisUrl ?? redisUrl);
    counts.searchParams.set('keyPrefix', `spec-${randomUUID()}:`);
    const redis = countingRedis(counts.href, logger);
    closing.push(() => redis.disconnect());
    await redis.connect();
    const app = await createGateway({
      kong: options.kong ?? renderKong(),
      ...(options.now !== undefined && { now: options.now }),
      upstreams: new Map(SERVICES.map((name) => [name, [options.upstreams?.[name] ?? address].flat()])),
      redis,
      logger,
      lifecycle: { draining: false },
    });
    closing.push(() => app.close());
    return app.listen({ port: 0, host: '127.0.0.1' });
  };
  const wayToRedis = async () => {
    const url = new URL(redisUrl);
    const proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) });
    closing.push(() => proxy.close());
    url.port = String(proxy.port);
    return { proxy, url: url.href };
  };
  return {
    startGateway,
    answerBy: (next) => (handler = next),
    afterwards: (undo) => closing.push(undo),
    wayToRedis,
  };
}

/** The file with other limits: the rendered one allows more than a spec wants to send. */
export function kongWith(change: { perMinute?: number; bodyBytes?: number; readTimeoutMs?: number }): KongDocument {
  const kong = renderKong();
  const changed = (plugin: KongPlugin): KongPlugin => {
    if (plugin.name === 'rate-limiting' && change.perMinute !== undefined)
      return { ...plugin, config: { ...plugin.config, minute: change.perMinute } };
    if (plugin.name === 'request-size-limiting' && change.bodyBytes !== undefined)
      return { ...plugin, config: { allowed_payload_size: change.bodyBytes, size_unit: 'bytes' } };
    return plugin;
  };
  return {
    ...kong,
    services: kong.services.map((service) => ({
      ...service,
      read_timeout: change.readTimeoutMs ?? service.read_timeout,
      routes: service.routes.map((route) => ({ ...route, plugins: (route.plugins ?? []).map(changed) })),
    })),
    plugins: kong.plugins.map(changed),
  };
}

/** Keys of a person's tokens, and the file that knows them. */
export async function signingKeys() {
  const signer = await TokenSigner.create();
  const publicKey = await signer.keyFor('spec');
  if (publicKey === undefined) throw new Error('there is no key');
  const pem = KeyObject.from(publicKey).export({ type: 'spki', format: 'pem' }).toString();
  return {
    sign: (claims: object = {}) => signer.sign({ exp: Math.floor(Date.now() / 1_000) + 900, ...claims }),
    known: (kong: KongDocument, { personPerMinute }: { personPerMinute?: number } = {}): KongDocument => ({
      ...kong,
      consumers: kong.consumers.map((consumer) =>
        consumer.username === 'person'
          ? { ...consumer, jwt_secrets: [{ key: 'spec', algorithm: 'ES256', rsa_public_key: pem }] }
          : consumer,
      ),
      plugins: kong.plugins.map((plugin) =>
        plugin.consumer === 'person' && personPerMinute !== undefined
          ? { ...plugin, config: { ...plugin.config, minute: personPerMinute } }
          : plugin,
      ),
    }),
  };
}
