import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { largestBody } from '../src/body-limit.js';
import type { KongPlugin } from '../src/kong.js';
import { networksOf } from '../src/networks.js';
import { GLOBAL_PLACE, PluginScopes } from '../src/plugin-scopes.js';
import { renderKong } from '../src/render.js';
import { routePlugins } from '../src/render-plugins.js';
import { ROUTES, routeName } from '../src/routes.js';

describe('of several entries of a plugin one is run, the most specific', () => {
  const entry = (mark: string, consumer?: string): KongPlugin => ({
    name: 'rate-limiting',
    ...(consumer !== undefined && { consumer }),
    config: { mark },
  });
  const route = (name: string, plugins: KongPlugin[]) => ({ name, paths: [`/${name}`], protocols: ['http'], plugins });
  const scopes = new PluginScopes({
    ...renderKong(),
    services: [],
    routes: [
      route('both', [entry('route'), entry('route and person', 'person')]),
      route('route-only', [entry('route')]),
      route('none', []),
    ],
    plugins: [entry('global'), entry('person', 'person')],
  });

  it.each([
    ['both', 'person', 'route and person', 'both'],
    ['route-only', 'person', 'person', GLOBAL_PLACE],
    ['none', 'person', 'person', GLOBAL_PLACE],
    ['both', 'anonymous', 'route', 'both'],
    ['route-only', undefined, 'route', 'route-only'],
    ['none', 'anonymous', 'global', GLOBAL_PLACE],
  ])('%s for %s: that of %s, counted at %s', (name, consumer, mark, place) => {
    const found = scopes.find('rate-limiting', { route: name, consumer });
    expect([found?.plugin.config['mark'], found?.place]).toEqual([mark, place]);
  });
});

describe('the route table', () => {
  const scopes = new PluginScopes(renderKong());
  const limited = ROUTES.filter(({ perMinute }) => perMinute !== undefined);

  it('limits its strict routes alike for everybody: a token of one’s own does not help to guess others’ passwords', () => {
    expect(limited.length).toBeGreaterThan(0);
    for (const route of limited) {
      for (const consumer of ['anonymous', 'person']) {
        const found = scopes.find('rate-limiting', { route: routeName(route), consumer });
        expect([route.path, consumer, found?.plugin.config['minute']]).toEqual([route.path, consumer, route.perMinute]);
      }
    }
  });

  it('waits five minutes for answers that may take minutes, and half a minute for all others, by the same instances', () => {
    const { services } = renderKong();
    for (const route of ROUTES) {
      const [service] = services.filter(({ routes }) => routes.some(({ name }) => name === routeName(route)));
      expect([route.path, service?.read_timeout, service?.host]).toEqual([
        route.path,
        route.slow === true ? 300_000 : 30_000,
        `${route.service}.upstream`,
      ]);
    }
    expect(ROUTES.filter(({ slow }) => slow).map(({ path }) => path)).toEqual([
      '/v1/plans:simulate',
      '/v1/tax-reports/{year}',
      '/ai/v1/chat/completions',
    ]);
  });

  it('limits the body on every route', () => {
    for (const route of ROUTES)
      expect([route.path, scopes.find('request-size-limiting', { route: routeName(route) })]).not.toContain(undefined);
  });

  it('keeps what only administrators may do to their networks, and to no others', () => {
    const admin = ROUTES.filter((route) => route.admin).map(({ path }) => path);
    expect(admin).toEqual([
      '/v1/users/{id}/roles',
      '/v1/users/{id}/suspend',
      '/v1/users/{id}/reactivate',
      '/v1/tenants',
      '/v1/api-keys',
      '/v1/api-keys/{id}',
      '/v1/network/{userId}/move',
      '/v1/network-moves',
      '/v1/links/{id}/owner',
      '/v1/landing-origins',
      '/v1/coupons',
      '/v1/coupons/{id}',
      '/v1/coupons/{id}/archive',
      '/v1/attribution',
      '/v1/referral-sources/{userId}',
      '/v1/webhook-endpoints',
      '/v1/webhook-endpoints/{id}/secret',
      '/v1/commission-webhooks/{id}/rotate-secret',
      '/v1/commission-webhooks/{id}/deliveries/{messageId}/replay',
      '/v1/commission-webhooks/{id}/replay',
      '/v1/plans',
      '/v1/plans/default',
      '/v1/plans/{id}/archive',
      '/v1/plans:simulate',
      '/v1/transparency/keys',
      '/v1/payout-webhooks/{id}/rotate-secret',
      '/v1/payout-webhooks/{id}/deliveries/{messageId}/replay',
      '/v1/payout-webhooks/{id}/replay',
    ]);
    for (const route of ROUTES) {
      const kinds = ['ip-restriction', 'bot-detection'].map((name) => scopes.find(name, { route: routeName(route) }));
      expect([route.path, kinds.map((found) => found !== undefined)]).toEqual([
        route.path,
        [route.admin === true, route.admin === true],
      ]);
    }
  });
});

interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  maxLength?: number;
  maxItems?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
}

const document = JSON.parse(
  readFileSync(new URL('../../../services/identity/openapi/openapi.json', import.meta.url), 'utf8'),
) as {
  paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: Schema }> } }>>;
  components: { schemas: Record<string, Schema> };
};
/** A character may be written `\u0041`. */
const BYTES_OF_CHARACTER = 6;
const BYTES_OF_SCALAR = 64;

/** The largest JSON text that a schema lets through, in bytes; Infinity when it sets no bound. */
function largestText(schema: Schema): number {
  const { $ref, type, maxLength, format, items, maxItems, properties, additionalProperties } = schema;
  const choices = schema.anyOf ?? schema.oneOf;
  if ($ref !== undefined) return largestText(document.components.schemas[$ref.split('/').at(-1) ?? ''] ?? {});
  if (choices !== undefined) return Math.max(...choices.map(largestText));
  if (schema.enum !== undefined || schema.const !== undefined)
    return Math.max(
      ...(schema.enum ?? [schema.const]).map((value) => BYTES_OF_CHARACTER * JSON.stringify(value).length),
    );
  if (type === 'number' || type === 'integer' || type === 'boolean' || type === 'null') return BYTES_OF_SCALAR;
  if (type === 'string' && (maxLength !== undefined || format === 'uuid'))
    return BYTES_OF_CHARACTER * (maxLength ?? BYTES_OF_SCALAR) + 2;
  if (type === 'array' && items !== undefined) return (maxItems ?? Infinity) * (largestText(items) + 1) + 2;
  if (type !== 'object' || additionalProperties !== false) return Infinity;
  const members = Object.entries(properties ?? {});
  return members.reduce((sum, [name, member]) => sum + BYTES_OF_CHARACTER * name.length + 8 + largestText(member), 2);
}

describe('no body that a service would take is too large for the gateway', () => {
  const wall = (path: string): number => {
    const route = ROUTES.find((candidate) => candidate.path === path);
    const plugin = route && routePlugins(route).find(({ name }) => name === 'request-size-limiting');
    return plugin === undefined ? 0 : largestBody(plugin);
  };
  const ofService = 1_048_576;
  const bodies = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).flatMap(([method, { requestBody }]) =>
      Object.values(requestBody?.content ?? {}).map(({ schema }) => [method, path, schema] as const),
    ),
  );

  it.each(bodies)('%s %s', (_method, path, schema) => {
    expect(wall(path)).toBeGreaterThan(Math.min(largestText(schema), ofService));
  });
});

it('a file of a bank may be as large as the service takes it', () => {
  const { content = {} } = document.paths['/v1/bank-files']?.['post']?.requestBody ?? {};
  const largest = content['application/xml']?.schema.maxLength ?? 0;
  const route = ROUTES.find(({ path }) => path === '/v1/bank-files');
  const plugin = route && routePlugins(route).find(({ name }) => name === 'request-size-limiting');
  expect(largest).toBeGreaterThan(1_048_576);
  expect(plugin && largestBody(plugin)).toBeGreaterThan(largest);
});

describe('networks', () => {
  it.each([
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8'], false],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['::1', ['10.0.0.0/8', '::1'], true],
    ['fd00::7', ['fc00::/7'], true],
    ['fe80::7', ['fc00::/7'], false],
    ['203.0.113.9', ['203.0.113.9'], true],
    ['', ['0.0.0.0/0'], false],
    ['nonsense', ['0.0.0.0/0', '::/0'], false],
  ])('%s in %p: %p', (address, texts, expected) => {
    expect(networksOf(texts)?.holds(address)).toBe(expected);
  });

  it.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0/8', '::/129', 'example.com', '10.0.0.0/8/8', ''])(
    '%p is none',
    (text) => {
      expect(networksOf([text])).toBeUndefined();
    },
  );
});
