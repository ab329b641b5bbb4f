import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import type { KongDocument, KongPlugin, KongRoute } from './kong.js';

/** The file holds something that this program does not understand; it names every place. */
export class KongFileError extends Error {
  constructor(problems: readonly string[]) {
    super(
      `the gateway does not understand its configuration:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
    this.name = 'KongFileError';
  }
}

const schema = JSON.parse(readFileSync(new URL('../schema/kong.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: true, strictTypes: false }).compile<KongDocument>(schema);

/** Reads a kong.yml. Throws KongFileError for anything that is not understood whole: half a configuration is none. */
export function readKong(text: string): KongDocument {
  const document: unknown = parse(text, { strict: true, uniqueKeys: true });
  if (!validate(document)) throw new KongFileError((validate.errors ?? []).map(describe));
  const problems = contradictionsIn(document);
  if (problems.length > 0) throw new KongFileError(problems);
  return document;
}

function describe({ instancePath, message = 'is wrong', params }: ErrorObject): string {
  const extra = 'additionalProperty' in params ? ` (${String(params['additionalProperty'])})` : '';
  return `${instancePath === '' ? '/' : instancePath} ${message}${extra}`;
}

/** What a schema cannot say: names are unique, patterns compile, one plugin of a kind in one place. */
function contradictionsIn({ services, routes, plugins }: KongDocument): string[] {
  const allRoutes: KongRoute[] = [...services.flatMap((service) => service.routes), ...routes];
  return [
    ...repeated(services.map(({ name }) => name)).map((name) => `service ${name} stands twice`),
    ...repeated(allRoutes.map(({ name }) => name)).map((name) => `route ${name} stands twice`),
    ...repeated(allRoutes.flatMap(({ paths }) => paths)).map((path) => `path ${path} stands twice`),
    ...[plugins, ...allRoutes.map((route) => route.plugins ?? [])].flatMap(repeatedPlugins),
    ...allRoutes.flatMap(({ paths }) => paths.filter((path) => !compiles(path)).map((path) => `${path} is no pattern`)),
  ];
}

function repeatedPlugins(plugins: readonly KongPlugin[]): string[] {
  return repeated(plugins.map(({ name }) => name)).map((name) => `plugin ${name} stands twice in one place`);
}

function repeated(texts: readonly string[]): string[] {
  return [...new Set(texts.filter((text, index) => texts.indexOf(text) !== index))];
}

function compiles(path: string): boolean {
  if (!path.startsWith('~')) return true;
  try {
    new RegExp(path.slice(1), 'u');
    return true;
  } catch {
    return false;
  }
}
