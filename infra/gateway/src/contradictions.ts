import { createPublicKey } from 'node:crypto';
import type { KongDocument, KongPlugin, KongRoute } from './kong.js';
import { networksOf } from './networks.js';

/** What a schema cannot say: names are unique and stand for something, patterns compile, one plugin of a kind in one place. */
export function contradictionsIn(kong: KongDocument): string[] {
  const { services, routes, plugins } = kong;
  const allRoutes: KongRoute[] = [...services.flatMap((service) => service.routes), ...routes];
  const places = [plugins, ...allRoutes.map((route) => route.plugins ?? [])];
  return [
    ...repeatedNames(kong, allRoutes),
    ...places.flatMap(repeatedPlugins),
    ...unknownNames(kong, places.flat()),
    ...allRoutes.flatMap(({ paths }) => paths.filter((path) => !compiles(path.replace(/^~/, ''))).map(noPattern)),
    ...places.flat().flatMap(wrongConfig),
    ...wrongKeys(kong),
  ];
}

function repeatedNames({ consumers, upstreams, services }: KongDocument, routes: readonly KongRoute[]): string[] {
  const kinds: [string, readonly string[]][] = [
    ['consumer', consumers.map(({ username }) => username)],
    ['upstream', upstreams.map(({ name }) => name)],
    ['service', services.map(({ name }) => name)],
    ['route', routes.map(({ name }) => name)],
    ['path', routes.flatMap(({ paths }) => paths)],
    ['key', consumers.flatMap(({ jwt_secrets: keys = [] }) => keys.map(({ key }) => key))],
  ];
  return kinds.flatMap(([kind, names]) => repeated(names).map((name) => `${kind} ${name} stands twice`));
}

function repeatedPlugins(plugins: readonly KongPlugin[]): string[] {
  const named = plugins.map(({ name, consumer }) => (consumer === undefined ? name : `${name} for ${consumer}`));
  return repeated(named).map((name) => `plugin ${name} stands twice in one place`);
}

function unknownNames({ consumers, upstreams, services }: KongDocument, plugins: readonly KongPlugin[]): string[] {
  const usernames = consumers.map(({ username }) => username);
  const named = plugins.flatMap(({ name, consumer, config }) => [
    ...(consumer === undefined ? [] : [consumer]),
    ...(name === 'jwt' ? [String(config['anonymous'])] : []),
  ]);
  return [
    ...named.filter((name) => !usernames.includes(name)).map((name) => `${name} is no consumer`),
    ...services
      .filter(({ host }) => !upstreams.some(({ name }) => name === host))
      .map(({ name, host }) => `service ${name}: ${host} is no upstream`),
  ];
}

function wrongConfig({ name, config }: KongPlugin): string[] {
  const texts = ['allow', 'deny'].flatMap((member) => (config[member] as string[] | undefined) ?? []);
  if (name === 'bot-detection') return texts.filter((pattern) => !compiles(pattern)).map(noPattern);
  if (name !== 'ip-restriction') return [];
  return texts.filter((network) => networksOf([network]) === undefined).map((network) => `${network} is no network`);
}

function wrongKeys({ consumers }: KongDocument): string[] {
  const keys = consumers.flatMap(({ jwt_secrets: own = [] }) => own);
  return keys.filter(({ rsa_public_key: pem }) => !isPublicKey(pem)).map(({ key }) => `key ${key} is no public key`);
}

function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}

function repeated(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}

function noPattern(pattern: string): string {
  return `${pattern} is no pattern`;
}

function compiles(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}
