import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Redis } from 'ioredis';
import { addressCheck, crawlerCheck } from './admission.js';
import { largestBody } from './body-limit.js';
import { consumerReader } from './consumers.js';
import type { Forwarder } from './forward.js';
import type { KongDocument } from './kong.js';
import { normalisePath, RouteMatcher, type Target } from './match.js';
import { ownAnswer } from './own-answer.js';
import { PerEntry, PluginScopes } from './plugin-scopes.js';
import { RateLimit } from './rate-limits.js';

/** Where a request goes, as far as its path tells. */
export interface Way {
  readonly target: Target;
  readonly path: string;
  /** With its question mark, or empty. */
  readonly query: string;
}

/** What happens to one request, in the order in which Kong runs its plugins. */
export class Server {
  readonly #matcher: RouteMatcher;
  readonly #forwarder: Forwarder;
  readonly #consumerOf: (authorization: string | undefined) => string | undefined;
  readonly #crawlers: PerEntry<ReturnType<typeof crawlerCheck>>;
  readonly #addresses: PerEntry<ReturnType<typeof addressCheck>>;
  readonly #sizes: PerEntry<number>;
  readonly #rates: PerEntry<RateLimit>;

  constructor(parts: { kong: KongDocument; redis: Redis; forwarder: Forwarder; now: () => Date }) {
    const { kong, redis } = parts;
    const scopes = new PluginScopes(kong);
    const jwt = scopes.all('jwt')[0]?.plugin;
    this.#matcher = new RouteMatcher(kong);
    this.#forwarder = parts.forwarder;
    this.#consumerOf = jwt === undefined ? () => undefined : consumerReader(jwt, kong.consumers, parts.now);
    this.#crawlers = new PerEntry(scopes, 'bot-detection', ({ plugin }) => crawlerCheck(plugin));
    this.#addresses = new PerEntry(scopes, 'ip-restriction', ({ plugin }) => addressCheck(plugin));
    this.#sizes = new PerEntry(scopes, 'request-size-limiting', ({ plugin }) => largestBody(plugin));
    this.#rates = new PerEntry(scopes, 'rate-limiting', ({ plugin, place }) => new RateLimit(plugin, { redis, place }));
  }

  /** Before anything else, preflights included. Undefined when the request has been answered. */
  receive(request: FastifyRequest, reply: FastifyReply): Way | undefined {
    const where = normalisePath(request.raw.url ?? '');
    const target = where && this.#matcher.find(where.path);
    if (where === undefined || target === undefined) return void ownAnswer(reply, 400, 'Bad request');
    const refusal = this.#crawlers.for(target.route.name)?.(request.headers['user-agent']);
    if (refusal !== undefined) return void ownAnswer(reply, refusal.status, refusal.message);
    return { target, ...where };
  }

  async serve(reply: FastifyReply, { target, path, query }: Way): Promise<void> {
    const { headers, socket } = reply.request;
    const { name } = target.route;
    const consumer = this.#consumerOf(headers.authorization);
    const address = socket.remoteAddress ?? '';
    const refusal = this.#addresses.for(name, consumer)?.(address);
    if (refusal !== undefined) return void ownAnswer(reply, refusal.status, refusal.message);
    const maxBytes = this.#sizes.for(name, consumer) ?? Number.POSITIVE_INFINITY;
    if (Number(headers['content-length'] ?? 0) > maxBytes)
      return void ownAnswer(reply, 413, 'Request size limit exceeded');
    const verdict = await this.#rates.for(name, consumer)?.take(address);
    if (verdict !== undefined) reply.headers(verdict.headers);
    if (verdict?.allowed === false) return void ownAnswer(reply, 429, verdict.message);
    if (target.service === undefined) return terminate(reply, target);
    this.#forwarder.send(reply, target.service, { path, query, maxBytes });
  }
}

function terminate(reply: FastifyReply, { route }: Target): void {
  const plugin = (route.plugins ?? []).find(({ name }) => name === 'request-termination');
  const { status_code, content_type, body } = plugin?.config ?? {};
  reply.code(Number(status_code)).type(String(content_type)).send(String(body));
}
