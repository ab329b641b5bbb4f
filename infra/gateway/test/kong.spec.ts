import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { GENERATED, generatedText } from '../src/generated-files.js';
import type { KongPlugin, KongRoute, KongService } from '../src/kong.js';
import { normalisePath, RouteMatcher } from '../src/match.js';
import { checkKong, KongFileError, readKong } from '../src/read-kong.js';
import { renderGrpc, renderKong, withGrpc } from '../src/render.js';
import { ROUTES, routeName } from '../src/routes.js';

const committed = readFileSync(new URL('../kong.yml', import.meta.url), 'utf8');
const indexOf = (name: string) => renderKong().plugins.findIndex((plugin) => plugin.name === name);
const example = (): ReturnType<typeof JSON.parse> => JSON.parse(JSON.stringify(renderKong()));

describe('the generated files', () => {
  const texts = GENERATED.flatMap((file) => file.places.map((place) => [place.pathname, place, file] as const));

  it.each(texts)('%s is what the route table says', (_name, place, file) => {
    expect(readFileSync(place, 'utf8')).toBe(generatedText(file));
  });

  it('say to Kong what the table says', () => {
    expect(readKong(committed)).toEqual(example());
  });

  it('stay a whole when gRPC is added, and only then is there a route of it', () => {
    const kong = withGrpc(renderKong(), renderGrpc());
    expect(checkKong(kong)).toEqual(kong);
    const grpc = (services: readonly KongService[]) => services.filter(({ protocol }) => protocol === 'grpc');
    expect(grpc(renderKong().services)).toEqual([]);
    const routes = grpc(kong.services).flatMap((service) => service.routes);
    expect(routes.flatMap(({ paths }) => paths)).toEqual([expect.stringContaining('PurchaseService')]);
    expect(routes.some((route) => 'strip_path' in route)).toBe(false);
  });

  it('ends with a catch-all that answers 404 as a problem', () => {
    const { routes } = readKong(committed);
    expect(routes).toHaveLength(1);
    expect(routes[0]!.paths).toEqual(['/']);
    const config = routes[0]!.plugins![0]!.config as { body: string };
    expect(JSON.parse(config.body)).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});

describe('a file that is not understood whole is refused, and the place is named', () => {
  const plugin = (kong: ReturnType<typeof example>, name: string) => kong.plugins[indexOf(name)];
  const routePlugin = (kong: ReturnType<typeof example>, name: string) =>
    kong.services
      .flatMap((service: KongService) => service.routes)
      .flatMap((route: KongRoute) => route.plugins)
      .find((entry: KongPlugin) => entry.name === name);
  const key = { key: 'k', algorithm: 'ES256', rsa_public_key: '-----BEGIN PUBLIC KEY-----\nAAAA\n' };

  const bad: [string, (kong: ReturnType<typeof example>) => void, RegExp][] = [
    ['another format', (kong) => (kong._format_version = '1.1'), /_format_version/],
    ['an unknown member', (kong) => (kong.vaults = []), /vaults/],
    ['an unknown member of a service', (kong) => (kong.services[0].url = 'http://a'), /services\/0.*url/],
    ['an unknown plugin', (kong) => kong.plugins.push({ name: 'acl', config: {} }), /plugins\/7/],
    ['an unknown field of a plugin', (kong) => (plugin(kong, 'rate-limiting').config.second = 5), /second/],
    [
      'traces of another format',
      (kong) => (plugin(kong, 'opentelemetry').config.propagation.extract = ['b3']),
      /propagation\/extract/,
    ],
    ['a limit of another kind', (kong) => (plugin(kong, 'rate-limiting').config.limit_by = 'header'), /limit_by/],
    ['an unquoted no', (kong) => (plugin(kong, 'rate-limiting').config.policy = false), /policy/],
    ['a limit of nobody', (kong) => (plugin(kong, 'rate-limiting').consumer = 'robot'), /robot is no consumer/],
    ['many retries', (kong) => (kong.services[0].retries = 50), /retries/],
    ['a port that is none', (kong) => (kong.services[0].port = 70_000), /port/],
    ['a stripped path', (kong) => (kong.services[0].routes[0].strip_path = true), /strip_path/],
    ['a route without a path', (kong) => (kong.services[0].routes[0].paths = []), /paths/],
    ['a path without a slash', (kong) => (kong.services[0].routes[0].paths = ['v1']), /paths\/0/],
    ['a pattern that does not compile', (kong) => (kong.services[0].routes[0].paths = ['~/v1/(']), /is no pattern/],
    ['a name that stands twice', (kong) => (kong.services[1].name = kong.services[0].name), /stands twice/],
    [
      'a path that stands twice',
      (kong) => (kong.services[1].routes[0].paths = kong.services[0].routes[0].paths),
      /stands twice/,
    ],
    ['a plugin that stands twice', (kong) => kong.plugins.push(kong.plugins[0]), /stands twice in one place/],
    ['an open route without a service', (kong) => (kong.routes[0].plugins = []), /routes\/0\/plugins/],
    ['a host that is no upstream', (kong) => (kong.services[0].host = 'identity'), /identity is no upstream/],
    ['an upstream without a target', (kong) => (kong.upstreams[0].targets = []), /targets/],
    ['a target without a port', (kong) => (kong.upstreams[0].targets[0].target = 'identity'), /target/],
    [
      'an unknown check',
      (kong) => (kong.upstreams[0].healthchecks.active.unhealthy.panic = 1),
      /healthchecks\/active\/unhealthy.*panic/,
    ],
    ['a token of another claim', (kong) => (plugin(kong, 'jwt').config.key_claim_name = 'iss'), /key_claim_name/],
    ['a token in the query', (kong) => (plugin(kong, 'jwt').config.uri_param_names = ['jwt']), /uri_param_names/],
    ['nobody for anonymous', (kong) => (plugin(kong, 'jwt').config.anonymous = 'robot'), /robot is no consumer/],
    ['a key that is none', (kong) => (kong.consumers[0].jwt_secrets = [key]), /key k is no public key/],
    [
      'a network that is none',
      (kong) => (routePlugin(kong, 'ip-restriction').config.allow = ['10.0.0.0/33']),
      /no network/,
    ],
    ['a bot that is no pattern', (kong) => (routePlugin(kong, 'bot-detection').config.deny = ['(']), /is no pattern/],
    [
      'a body limit for everything',
      (kong) => kong.plugins.push(routePlugin(kong, 'request-size-limiting')),
      /plugins\/7/,
    ],
  ];

  it.each(bad)('%s', (_what, spoil, where) => {
    const kong = example();
    spoil(kong);
    const read = () => checkKong(kong);
    expect(read).toThrow(KongFileError);
    expect(read).toThrow(where);
  });

  it('YAML with a key that stands twice', () => {
    expect(() => readKong(`${committed}\nplugins: []\n`)).toThrow(/unique/i);
  });
});

describe('the way of a path', () => {
  const matcher = new RouteMatcher(renderKong());
  const serviceOf = (path: string) => matcher.find(path)?.service?.name;

  it('leads every route of the table to its service, and nothing beside it', () => {
    for (const route of ROUTES) {
      const path = route.path.replaceAll(/\{[^}]+\}/g, '0197-x') + (route.below === true ? 'a/b.css' : '');
      expect([path, matcher.find(path)?.route.name]).toEqual([path, routeName(route)]);
      if (route.below !== true) {
        const below = matcher.find(`${path}/`)?.route.name ?? '';
        expect(below).not.toBe(routeName(route));
        expect([path, serviceOf(`${path}x/y/z`)]).toEqual([path, undefined]);
      }
    }
  });

  it('has no two patterns for one path: Kong would take either', () => {
    const patterns = ROUTES.filter(({ below }) => below !== true).map(({ path }) => path.split('/'));
    const fitBoth = (a: readonly string[], b: readonly string[]) =>
      a.length === b.length &&
      a.every((part, index) => part === b[index] || part.startsWith('{') || b[index]?.startsWith('{') === true);
    const doubtful = patterns.flatMap((a, index) =>
      patterns
        .slice(index + 1)
        .filter((b) => fitBoth(a, b))
        .map((b) => [a.join('/'), b.join('/')]),
    );
    expect(doubtful).toEqual([]);
  });

  it.each([
    ['/v1/../internal', '/internal'],
    ['/v1/%2e%2e/internal', '/internal'],
    ['//v1///plans', '/v1/plans'],
    ['/v1/purchases/a%2Fb?x=1&y=/../', '/v1/purchases/a%2Fb'],
    ['/', '/'],
  ])('%s is %s', (raw, path) => {
    expect(normalisePath(raw)?.path).toBe(path);
  });

  it.each(['', 'v1', 'http://a/b', '/a\\b', '/%', '/%zz', '/a b', '/a#b'])('%p is no path', (raw) => {
    expect(normalisePath(raw)).toBeUndefined();
  });
});
