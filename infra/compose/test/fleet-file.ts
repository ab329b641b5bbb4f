import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface ComposeService {
  readonly image: string;
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly secrets?: readonly (string | { source: string; target: string })[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly ports?: readonly string[];
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly networks: Readonly<Record<string, { internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { file: string }>>;
}

/** The folder of docker-compose.yml: every relative path in it is from here. */
export const folder = fileURLToPath(new URL('../', import.meta.url));
export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** A compose file with its merge keys resolved. */
export function composeFile(name: string): ComposeFile {
  return parse(readFileSync(`${folder}${name}`, 'utf8'), { merge: true, maxAliasCount: -1 }) as ComposeFile;
}

/** What docs/settings.md says of one service or its migration: names, and whether each is required. */
export function documentedSettings(service: string, job = false): ReadonlyMap<string, boolean> {
  const text = readFileSync(`${repository}docs/settings.md`, 'utf8');
  const chapter = text.split(/^## /m).find((part) => part.startsWith(`${service}\n`)) ?? '';
  const [own = '', migration = ''] = chapter.split('Its migration job:');
  const rows = (job ? migration : own).matchAll(/^\| `([A-Z0-9_]+)` *\|[^|]*\| *(\S+) *\|/gm);
  return new Map([...rows].map(([, name = '', fallback = '']) => [name, fallback === '**required**']));
}
