import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Component } from './sbom.js';

/** The fields of one Debian control paragraph, without the continued lines. */
export function controlFields(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line);
      return match?.[1] === undefined ? [] : [[match[1], match[2] ?? ''] as const];
    }),
  );
}

/** The Debian packages of a root file system that keeps one control file a package, as scanners expect of images without dpkg. */
export function debianComponents(rootFolder: string): Component[] {
  const folder = join(rootFolder, 'var/lib/dpkg/status.d');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => !file.endsWith('.md5sums'))
    .toSorted()
    .map((file) => {
      const fields = controlFields(readFileSync(join(folder, file), 'utf8'));
      return {
        kind: 'deb',
        name: fields.get('Package') ?? file,
        version: fields.get('Version') ?? 'unknown',
        architecture: fields.get('Architecture') ?? 'all',
        licence: `see licences/debian/${fields.get('Package') ?? file}`,
      };
    });
}
