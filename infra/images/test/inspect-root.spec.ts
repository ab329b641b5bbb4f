import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findingsIn } from '../src/inspect-root.js';
import { cycloneDx } from '../src/sbom.js';

// Nobody's files here belong to this user.
const USER_ID = 65_532;
let root: string;

function write(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'root-'));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  write('usr/local/bin/node', '', 0o755);
  write('app/node_modules/pg/package.json', '{"name": "pg", "version": "8.0.0"}');
  write('app/node_modules/pg/esm/package.json', '{"type": "module"}');
  write('app/licences/index.tsv', '');
  write('var/lib/dpkg/status.d/libc6', 'Package: libc6');
  const components = [
    { kind: 'npm', name: 'pg', version: '8.0.0' },
    { kind: 'node', name: 'node', version: '24.0.0' },
    { kind: 'deb', name: 'libc6', version: '2.36', architecture: 'amd64' },
  ] as const;
  const bill = cycloneDx({ image: 'till', version: '0.1.0', epochSeconds: 0, components, needs: [] });
  write('app/sbom.cdx.json', JSON.stringify(bill));
});

afterEach(() => {
  rmSync(root, { recursive: true });
});

describe('a root file system', () => {
  it('is fine when it holds what it says, and nobody may write it', () => {
    expect(findingsIn(root, USER_ID)).toEqual([]);
  });

  const wrong: [string, () => void, RegExp][] = [
    ['a shell', () => write('usr/bin/sh', '', 0o755), /\/usr\/bin\/sh is a shell/],
    [
      'a package manager',
      () => write('usr/bin/apt-get', '', 0o755),
      /\/usr\/bin\/apt-get is a shell or a package manager/,
    ],
    ['a file that runs as root', () => write('usr/bin/mount', '', 0o4755), /mount runs as another user/],
    ['a file that everyone may write', () => write('app/dist.js', '', 0o666), /\/app\/dist\.js can be written/],
    [
      'Prisma’s command line',
      () => write('app/node_modules/prisma/package.json', '{"name": "prisma", "version": "7.0.0"}'),
      /prisma is a tool of developers/,
    ],
    [
      'a package that the bill does not name',
      () => write('app/libs/money/node_modules/@a/b/package.json', '{"name": "@a/b", "version": "1.0.0"}'),
      /@a\/b@1\.0\.0 is inside, but not in the bill/,
    ],
    [
      'a bill that names more',
      () => rmSync(join(root, 'app/node_modules/pg'), { recursive: true }),
      /pg@8\.0\.0 is in the bill/,
    ],
    ['a Debian package left out', () => write('var/lib/dpkg/status.d/bash', ''), /Debian’s bash is inside/],
    ['no licences', () => rmSync(join(root, 'app/licences'), { recursive: true }), /licences is missing/],
    ['no bill', () => rmSync(join(root, 'app/sbom.cdx.json')), /sbom\.cdx\.json is missing/],
  ];

  it.each(wrong)('is refused for %s', (_what, make, finding) => {
    make();
    expect(findingsIn(root, USER_ID).filter((sentence) => finding.test(sentence))).toHaveLength(1);
  });

  it('is refused for files of the user that the service runs as', () => {
    const own = process.getuid?.() ?? 0;
    expect(findingsIn(root, own)).toContain('/usr/local/bin/node belongs to the user that the service runs as');
  });
});
