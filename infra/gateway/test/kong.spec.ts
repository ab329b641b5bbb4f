import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { normalisePath, RouteMatcher } from '../src/match.js';
import { KongFileError, readKong } from '../src/read-kong.js';
import { renderKong } from '../src/render.js';
import { ROUTES, routeName } from '../src/routes.js';

const committed = readFileSync(new URL('../kong.yml', import.meta.url), 'utf8');
const example = (): ReturnType<typeof JSON.parse> => JSON.parse(JSON.stringify(renderKong()));

describe('kong.yml', () => {
  it('is what the route table says', () => {
    expect(parse(committed)).toEqual(example());
    expect(readKong(committed)).toEqual(example());
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
  const bad: [string, (kong: ReturnType<typeof example>) => void, RegExp][] = [
    ['another format', (kong) => (kong._format_version = '1.1'), /_format_version/],
    ['an unknown member', (kong) => (kong.consumers = []), /consumers/],
    ['an unknown member of a service', (kong) => (kong.services[0].url = 'http://a'), /services\/0.*url/],
    ['an unknown plugin', (kong) => kong.plugins.push({ name: 'ip-restriction', config: {} }), /plugins\/6/],
    ['an unknown field of a plugin', (kong) => (kong.plugins[1].config.second = 5), /second/],
    [
      'traces of another format',
      (kong) => (kong.plugins[5].config.propagation.extract = ['b3']),
      /propagation\/extract/,
    ],
    ['a limit of another kind', (kong) => (kong.plugins[1].config.limit_by = 'consumer'), /limit_by/],
    ['an unquoted no', (kong) => (kong.plugins[1].config.policy = false), /policy/],
    ['retries', (kong) => (kong.services[0].retries = 5), /retries/],
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
  ];

  it.each(bad)('%s', (_what, spoil, where) => {
    const kong = example();
    spoil(kong);
    const read = () => readKong(stringify(kong));
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
