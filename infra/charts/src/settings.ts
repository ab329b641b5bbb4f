import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './places.js';

/** A setting as docs/settings.md describes it, which is made from the schemas that read the environment. */
export interface Setting {
  readonly name: string;
  readonly required: boolean;
  /** Whether it may only come from a file, because what it holds opens something. */
  readonly secret: boolean;
}

/** What one process reads: a service, its migration, or the gateway's commands. */
export type Settings = ReadonlyMap<string, Setting>;

const ROW = /^\| `(?<name>[A-Z0-9_]+)`\s*\|[^|]*\|\s*(?<fallback>[^|]*?)\s*\|\s*(?<meaning>.*?)\s*\|$/;

/** The tables of docs/settings.md, by "<service>" and, for its migration, "<service> migrate". */
export function parseSettings(text: string): ReadonlyMap<string, Settings> {
  const tables = new Map<string, Map<string, Setting>>();
  let service = '';
  let table = '';
  for (const line of text.split('\n')) {
    const heading = /^## (.*)$/.exec(line)?.[1];
    if (heading !== undefined) service = table = heading;
    if (line === 'Its migration job:') table = `${service} migrate`;
    const { name, fallback = '', meaning = '' } = ROW.exec(line)?.groups ?? {};
    if (name === undefined) continue;
    const settings = tables.get(table) ?? new Map<string, Setting>();
    settings.set(name, {
      name,
      required: fallback === '**required**',
      secret: meaning.includes('Secret: better given as'),
    });
    tables.set(table, settings);
  }
  return tables;
}

/** The settings of every process of the fleet. */
export function readSettings(): ReadonlyMap<string, Settings> {
  const tables = new Map(parseSettings(readFileSync(join(repository, 'docs', 'settings.md'), 'utf8')));
  // The gateway's commands have schemas beside the one that the document shows; their names stand at the beginning of lines.
  const source = readFileSync(join(repository, 'infra', 'gateway', 'src', 'config.ts'), 'utf8');
  const commands = [...source.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name = '']) => name);
  const gateway = new Map(commands.map((name) => [name, { name, required: false, secret: false }]));
  tables.set('gateway', gateway);
  return tables;
}
