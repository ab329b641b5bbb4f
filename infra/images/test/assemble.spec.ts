import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { assembleImage } from '../src/assemble-image.js';
import { packRoot } from '../src/root-file-system.js';
import { filesBelow } from '../src/tree.js';
import { smallRepository, TILL } from './small-repository.js';

const EPOCH_SECONDS = 1_700_000_000;
let repository: string;

beforeAll(() => {
  repository = smallRepository();
  const status = join(repository, 'runtime/var/lib/dpkg/status.d');
  mkdirSync(status, { recursive: true });
  writeFileSync(
    join(status, 'libc6'),
    'Package: libc6\nVersion: 2.36-9+deb12u14\nArchitecture: amd64\nDescription: C\n more\n',
  );
  mkdirSync(join(repository, 'runtime/usr/share/doc/libc6'), { recursive: true });
  writeFileSync(join(repository, 'runtime/usr/share/doc/libc6/copyright'), 'LGPL');
  assemble('out');
});

afterAll(() => {
  rmSync(repository, { recursive: true });
});

function assemble(out: string): void {
  assembleImage(TILL, {
    repository,
    out: join(repository, out),
    runtimeRoot: join(repository, 'runtime'),
    nodeBinary: join(repository, 'LICENSE'),
    nodeVersion: '24.21.0',
    epochSeconds: EPOCH_SECONDS,
  });
}

const inside = (path: string): string => join(repository, 'out/app', path);

describe('what goes into an image', () => {
  it('is what runs, and the licences', () => {
    expect(filesBelow(inside('services'))).toEqual([
      'till/dist/main.js',
      'till/dist/main.js.map',
      'till/package.json',
      'till/prisma/migrations/1_begin/migration.sql',
    ]);
    expect(filesBelow(inside('node_modules/alpha'))).toEqual(['LICENSE.md', 'index.js', 'package.json']);
    expect(existsSync(inside('node_modules/@types'))).toBe(false);
    expect(existsSync(inside('node_modules/prisma'))).toBe(false);
    expect(existsSync(inside('libs/testing'))).toBe(false);
  });

  it('keeps the places of packages, so that Node resolves as it does in the checkout', () => {
    expect(readlinkSync(inside('node_modules/@dailydoco/money'))).toBe('../../libs/money');
    expect(JSON.parse(readFileSync(inside('libs/money/node_modules/beta/package.json'), 'utf8'))).toMatchObject({
      version: '2.0.0',
    });
    expect(JSON.parse(readFileSync(inside('node_modules/beta/package.json'), 'utf8'))).toMatchObject({
      version: '1.0.0',
    });
  });

  it('cannot be written by others, and bears one time', () => {
    for (const path of ['', 'services/till/dist', 'services/till/dist/main.js', 'sbom.cdx.json']) {
      expect({ path, others: statSync(inside(path)).mode & 0o022 }).toEqual({ path, others: 0 });
      expect(statSync(inside(path)).mtimeMs).toBe(EPOCH_SECONDS * 1_000);
    }
  });

  it('says whose each part is, and who ships no licence text', () => {
    const index = readFileSync(inside('licences/index.tsv'), 'utf8').split('\n');
    expect(index).toContain('npm\talpha\t1.0.0\tMIT\ttext included');
    expect(index).toContain('npm\tbeta\t2.0.0\t(MIT OR Apache-2.0)\tits author ships no text');
    expect(index.find((line) => line.startsWith('deb\tlibc6\t2.36-9+deb12u14'))).toMatch(/text included$/);
    expect(readFileSync(inside('licences/npm/alpha@1.0.0/LICENSE.md'), 'utf8')).toBe('MIT, alpha');
    expect(readFileSync(inside('licences/debian/libc6/copyright'), 'utf8')).toBe('LGPL');
    expect(existsSync(inside('licences/node/LICENSE'))).toBe(true);
  });

  it('is the same, byte for byte, when it is made again', async () => {
    assemble('again');
    const digests = [];
    for (const name of ['out', 'again']) {
      const file = join(repository, `${name}.tar`);
      await packRoot(join(repository, name), file, EPOCH_SECONDS);
      digests.push(createHash('sha256').update(readFileSync(file)).digest('hex'));
    }
    expect(digests[0]).toBe(digests[1]);
  });
});

describe('an image is refused', () => {
  it('when a library is not built', () => {
    const dist = join(repository, 'libs/money/dist');
    rmSync(dist, { recursive: true });
    expect(() => assemble('refused')).toThrow(/libs\/money is not built: run npm run build/);
    mkdirSync(dist);
  });

  it('when what is installed is not what the lockfile says', () => {
    const file = join(repository, 'node_modules/alpha/package.json');
    writeFileSync(file, JSON.stringify({ name: 'alpha', version: '1.0.1' }));
    expect(() => assemble('refused')).toThrow(
      /alpha is installed as 1\.0\.1, but package-lock\.json says 1\.0\.0: run npm/,
    );
  });
});
