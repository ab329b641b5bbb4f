import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { RUNTIME_PACKAGES } from '../src/air-gapped.js';
import { readDebianLock, readPrintedUri, requireSuite } from '../src/debian.js';
import { controlFields } from '../src/debian-status.js';
import { STORES } from '../src/stores.js';

describe('what apt prints', () => {
  it('becomes a pinned package, its version unescaped', () => {
    const digest = '0'.repeat(64);
    const line = `'http://mirror.example/pool/z/zlib1g_1%3a1.2.13.dfsg-1_amd64.deb' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86 SHA256:${digest}`;
    expect(readPrintedUri(line)).toEqual({
      name: 'zlib1g',
      version: '1:1.2.13.dfsg-1',
      architecture: 'amd64',
      sha256: digest,
    });
  });

  it.each(['Reading package lists...', "'http://x/y.deb' y_1_amd64.deb 86 MD5Sum:abc", ''])('%j is none', (line) => {
    expect(readPrintedUri(line)).toBeUndefined();
  });
});

describe('debian.lock.json', () => {
  const lock = readDebianLock(fileURLToPath(new URL('../debian.lock.json', import.meta.url)));

  it('pins each package of the runtime, and nothing that could run a command', () => {
    const names = lock.sets['runtime']?.map(({ name }) => name);
    expect(names).toEqual([...RUNTIME_PACKAGES].toSorted());
    for (const shell of ['bash', 'dash', 'busybox', 'coreutils', 'apt', 'dpkg', 'perl-base'])
      expect(names).not.toContain(shell);
  });

  it('pins what each store needs, by digest', () => {
    for (const { name, packages, alone } of STORES) {
      const pinned = lock.sets[name] ?? [];
      expect(pinned.map((one) => one.name)).toEqual(expect.arrayContaining([...packages, ...alone]));
      for (const { sha256 } of pinned) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

describe('another system', () => {
  it('is refused with what to do', () => {
    expect(() => requireSuite('bookworm', 'ID=debian\nVERSION_CODENAME=trixie\n')).toThrow(
      /apt is for trixie.*Debian bookworm/,
    );
    expect(() => requireSuite('bookworm', 'ID=alpine\n')).toThrow(/another system/);
    expect(() => requireSuite('bookworm', 'VERSION_CODENAME=bookworm\n')).not.toThrow();
  });
});

describe('a control file', () => {
  it('is read without the lines that continue a field', () => {
    const fields = controlFields('Package: tzdata\nDescription: time zones\n Version: not this one\nVersion: 2026f\n');
    expect(fields.get('Package')).toBe('tzdata');
    expect(fields.get('Version')).toBe('2026f');
  });
});

describe('licences/node.txt', () => {
  it('is Node’s own', () => {
    const text = readFileSync(fileURLToPath(new URL('../licences/node.txt', import.meta.url)), 'utf8');
    expect(text).toMatch(/^Node\.js is licensed for use as follows:/);
    expect(text).toContain('OpenSSL');
  });
});
