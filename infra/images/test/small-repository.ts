import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LockedPackage } from '../src/closure.js';

const INTEGRITY = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;

/** A repository with one service, two libraries of which one is for tests, and a handful of packages, on disk. */
export const PACKAGES: Readonly<Record<string, LockedPackage>> = {
  '': { version: '0.1.0' },
  'services/till': {
    name: '@dailydoco/till',
    version: '0.1.0',
    license: 'Apache-2.0',
    dependencies: { '@dailydoco/money': '0.1.0', alpha: '1.0.0', '@prisma/client': '7.0.0', '@types/alpha': '1.0.0' },
  },
  'libs/money': { name: '@dailydoco/money', version: '0.1.0', license: 'Apache-2.0', dependencies: { beta: '^2.0.0' } },
  'libs/testing': { name: '@dailydoco/testing', version: '0.1.0', dependencies: { 'for-tests': '1.0.0' } },
  'node_modules/@dailydoco/money': { resolved: 'libs/money', link: true },
  'node_modules/@dailydoco/testing': { resolved: 'libs/testing', link: true },
  'node_modules/alpha': {
    version: '1.0.0',
    license: 'MIT',
    integrity: INTEGRITY,
    dependencies: { beta: '^1.0.0' },
    optionalDependencies: { 'alpha-other-platform': '1.0.0' },
  },
  'node_modules/alpha-other-platform': { version: '1.0.0', license: 'MIT' },
  'node_modules/beta': { version: '1.0.0', license: 'ISC', integrity: INTEGRITY },
  'libs/money/node_modules/beta': { version: '2.0.0', license: '(MIT OR Apache-2.0)', integrity: INTEGRITY },
  'node_modules/@prisma/client': {
    version: '7.0.0',
    license: 'Apache-2.0',
    peerDependencies: { prisma: '*', 'reflect-metadata': '*' },
    peerDependenciesMeta: { prisma: { optional: true } },
  },
  'node_modules/prisma': { version: '7.0.0' },
  'node_modules/reflect-metadata': { version: '0.2.2', license: 'Apache-2.0' },
  'node_modules/@types/alpha': { version: '1.0.0', license: 'MIT' },
  'node_modules/for-tests': { version: '1.0.0' },
};

const FILES: Readonly<Record<string, string>> = {
  LICENSE: 'the licence of the house',
  'infra/images/healthcheck.mjs': '// asks',
  'infra/images/licences/node.txt': 'Node.js is licensed',
  'services/till/dist/main.js': 'import "@dailydoco/money";',
  'services/till/dist/main.js.map': '{}',
  'services/till/src/main.ts': 'source',
  'services/till/test/till.spec.ts': 'test',
  'services/till/README.md': 'prose',
  'services/till/prisma/schema.prisma': 'model Till {}',
  'services/till/prisma/migrations/1_begin/migration.sql': 'CREATE TABLE till ();',
  'libs/money/dist/index.js': 'export {};',
  'node_modules/alpha/index.js': 'module.exports = 1;',
  'node_modules/alpha/index.d.ts': 'export {};',
  'node_modules/alpha/LICENSE.md': 'MIT, alpha',
  'node_modules/alpha/README.md': 'prose',
  'node_modules/alpha/test/alpha.js': 'test',
  'node_modules/@prisma/client/runtime/client.mjs': 'export {};',
  'node_modules/@prisma/client/runtime/query_compiler_fast_bg.postgresql.mjs': 'export {};',
  'node_modules/@prisma/client/runtime/query_compiler_fast_bg.mysql.mjs': 'export {};',
};

/** Writes it, with everything installed but another platform's package; gives its folder. */
export function smallRepository(): string {
  const root = mkdtempSync(join(tmpdir(), 'images-'));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write('package-lock.json', JSON.stringify({ lockfileVersion: 3, packages: PACKAGES }));
  for (const [place, { name, version, license, link, resolved }] of Object.entries(PACKAGES)) {
    if (place === 'node_modules/alpha-other-platform') continue;
    if (link === true) {
      mkdirSync(dirname(join(root, place)), { recursive: true });
      symlinkSync(join(root, resolved ?? ''), join(root, place));
    } else {
      const named = name ?? place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
      write(join(place, 'package.json'), JSON.stringify({ name: named, version, license }));
    }
  }
  for (const [path, text] of Object.entries(FILES)) write(path, text);
  return root;
}

export const TILL = { name: 'till', folder: 'services/till', ports: [8080] };
