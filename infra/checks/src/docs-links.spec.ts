import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { deadLinks, linksIn } from './docs-links.js';

describe('links in documents', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'links-'));
  });

  afterAll(() => rmSync(root, { recursive: true }));

  it('are those to files, pictures included', () => {
    const text = '[a](docs/a.md) [b](b.md#part) [c](https://example.com) [d](#here)\n<img src="p.png" alt="">';
    expect(linksIn(text)).toEqual(['docs/a.md', 'b.md', 'p.png']);
  });

  it('are told when they lead nowhere', () => {
    writeFileSync(join(root, 'one.md'), '[two](two.md) and [nowhere](gone.md)');
    writeFileSync(join(root, 'two.md'), '[one](one.md#a-part)');
    expect(deadLinks(root, ['one.md', 'two.md'])).toEqual(['one.md links to gone.md, which is not there']);
  });
});
