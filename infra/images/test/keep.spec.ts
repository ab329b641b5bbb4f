import { describe, expect, it } from '@jest/globals';
import { keepsPackageFile, keepsWorkspaceFile } from '../src/keep.js';

describe('of a package', () => {
  it.each([
    ['pg', 'lib/index.js', true],
    ['pg', 'lib/data.json', true],
    ['pg', 'lib/native.node', true],
    ['pg', 'lib/docs/index.js', true],
    ['pg', 'LICENSE', true],
    ['pg', 'LICENSE.md', true],
    ['pg', 'docs/NOTICE.md', true],
    ['pg', 'lib/license.js', true],
    ['pg', 'lib/index.d.ts', false],
    ['pg', 'lib/index.d.mts', false],
    ['pg', 'lib/index.js.map', false],
    ['pg', 'README.md', false],
    ['pg', 'test/pg.js', false],
    ['pg', 'examples/pg.js', false],
    ['@prisma/client', 'runtime/client.mjs', true],
    ['@prisma/client', 'runtime/query_compiler_fast_bg.postgresql.mjs', true],
    ['@prisma/client', 'runtime/query_compiler_fast_bg.postgresql.wasm-base64.mjs', true],
    ['@prisma/client', 'runtime/query_compiler_fast_bg.mysql.mjs', false],
    ['@prisma/client', 'runtime/query_compiler_small_bg.postgresql.mjs', false],
    ['@prisma/client', 'runtime/wasm-compiler-edge.mjs', false],
    ['other', 'runtime/wasm-compiler-edge.mjs', true],
  ])('%s, %s is kept: %s', (name, path, kept) => {
    expect(keepsPackageFile(name, path)).toBe(kept);
  });
});

describe('of our own workspaces', () => {
  it.each([
    ['dist/main.js', true],
    ['dist/main.js.map', true],
    ['prisma/migrations/1_begin/migration.sql', true],
    ['openapi/openapi.json', true],
    ['templates/plain/index.html', true],
    ['kong.yml', true],
    ['package.json', true],
    ['src/main.ts', false],
    ['test/till.spec.ts', false],
    ['dist/split.spec.js', false],
    ['prisma/schema.prisma', false],
    ['.reports/unit.json', false],
    ['README.md', false],
  ])('%s is kept: %s', (path, kept) => {
    expect(keepsWorkspaceFile(path)).toBe(kept);
  });
});
