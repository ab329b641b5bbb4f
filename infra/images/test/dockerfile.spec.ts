import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { IMAGES, PROCESS } from '../src/catalogue.js';

const repository = fileURLToPath(new URL('../../../', import.meta.url));
const text = readFileSync(join(repository, 'Dockerfile'), 'utf8');
const instructions = text
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '');
const final = instructions.slice(instructions.findLastIndex((line) => line.startsWith('FROM ')));
const after = (word: string): string => final.find((line) => line.startsWith(`${word} `))?.slice(word.length + 1) ?? '';

describe('the Dockerfile', () => {
  it('starts the same process as the images that are made without it', () => {
    expect(JSON.parse(after('ENTRYPOINT'))).toEqual(PROCESS.entrypoint);
    expect(JSON.parse(after('CMD'))).toEqual(PROCESS.command);
    expect(after('USER')).toBe(PROCESS.user);
    const [, health = ''] = after('HEALTHCHECK').split(' CMD ');
    expect(JSON.parse(health)).toEqual(PROCESS.healthcheck);
    const environment = Object.fromEntries(
      after('ENV')
        .trim()
        .split(/\s+/)
        .map((pair) => pair.split('=')),
    );
    expect(environment).toEqual(PROCESS.environment);
    const ports = new Set(IMAGES.flatMap((image) => image.ports));
    expect(after('EXPOSE').split(' ').map(Number)).toEqual([...ports].toSorted((a, b) => a - b));
  });

  it('builds with the Node that the repository pins', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
    };
    expect(text).toContain(`ARG BUILD_IMAGE=docker.io/library/node:${devDependencies['node']}-`);
  });

  it('builds every image’s project', () => {
    const projects = /--projects=(\S+)/.exec(text)?.[1]?.split(',');
    expect(projects).toEqual([...IMAGES.map(({ name }) => `@dailydoco/${name}`), '@dailydoco/images']);
  });

  it('runs nothing in the last stage, which has no shell, and ends with a plain user', () => {
    expect(final.filter((line) => line.startsWith('RUN '))).toEqual([]);
    expect(final.findIndex((line) => line.startsWith('USER '))).toBeGreaterThan(
      final.findLastIndex((line) => line.startsWith('COPY ')),
    );
  });

  it('needs no builder in particular', () => {
    for (const line of instructions) expect(line).not.toMatch(/<<|--mount|--parents|--link|--chmod|--exclude/);
    expect(text.startsWith('# syntax=')).toBe(false);
  });

  it('sees neither what was built before nor any secret', () => {
    const ignored = readFileSync(join(repository, '.dockerignore'), 'utf8').split('\n');
    expect(ignored).toEqual(
      expect.arrayContaining([
        '**/node_modules',
        '**/dist',
        '.git',
        '.local',
        'infra/images/out',
        'infra/compose/secrets',
      ]),
    );
  });
});
