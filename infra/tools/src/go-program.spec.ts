import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { programDigest } from './go-program.js';
import { isToolName, TOOL_NAMES } from './tools.js';

describe('what a built program is kept under', () => {
  let folder: string;
  const machine = { platform: 'linux', arch: 'x64' };
  const digest = (goPackage = '.') => programDigest({ moduleFolder: folder, goPackage }, machine);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'go-program-'));
    writeFileSync(join(folder, 'go.mod'), 'module example.com/it\n');
    writeFileSync(join(folder, 'go.sum'), '');
    writeFileSync(join(folder, 'main.go'), 'package main\n');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ['go.mod', 'module example.com/other\n'],
    ['go.sum', 'example.com/dependency v1.0.0 h1:x=\n'],
    ['main.go', 'package main\n\nfunc main() {}\n'],
    ['more.go', 'package main\n'],
  ])('changes with %s', (file, text) => {
    const before = digest();
    writeFileSync(join(folder, file), text);
    expect(digest()).not.toBe(before);
  });

  it('changes with the package and the machine', () => {
    expect(digest('./other')).not.toBe(digest());
    expect(programDigest({ moduleFolder: folder, goPackage: '.' }, { ...machine, arch: 'arm64' })).not.toBe(digest());
  });

  it('stays the same for documents and tests beside it', () => {
    const before = digest();
    writeFileSync(join(folder, 'README.md'), 'words');
    writeFileSync(join(folder, 'main_test.go'), 'package main\n');
    expect(digest()).toBe(before);
  });

  it('is refused for a module that pins nothing', () => {
    rmSync(join(folder, 'go.sum'));
    expect(() => digest()).toThrow(/no go\.sum, so its versions are not pinned/);
  });
});

describe('the names of tools', () => {
  it('are those that a module stands for', () => {
    expect(TOOL_NAMES).toEqual(['helm', 'helm-docs', 'k6', 'stripe-mock']);
    expect(TOOL_NAMES.every(isToolName)).toBe(true);
  });

  it('do not include what objects inherit', () => {
    expect(isToolName('toString')).toBe(false);
  });
});
