import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { IMAGES } from '../src/catalogue.js';
import { dependencyClosure, type Lockfile } from '../src/closure.js';
import { PACKAGES } from './small-repository.js';

const lock: Lockfile = { lockfileVersion: 3, packages: PACKAGES };
const installed = (place: string): boolean => place !== 'node_modules/alpha-other-platform';
const repository = fileURLToPath(new URL('../../../', import.meta.url));

describe('the dependencies of a workspace', () => {
  const closure = dependencyClosure(lock, 'services/till', installed);

  it('are those of production, through the libraries of the repository', () => {
    expect(closure.workspaces).toEqual(['libs/money', 'services/till']);
    expect(closure.links).toEqual(new Map([['node_modules/@dailydoco/money', 'libs/money']]));
    expect(closure.packages).not.toContain('node_modules/for-tests');
  });

  it('are found as Node finds them: beside the package first, then upwards', () => {
    expect(closure.needs.get('libs/money')).toEqual(['libs/money/node_modules/beta']);
    expect(closure.needs.get('node_modules/alpha')).toEqual(['node_modules/beta']);
  });

  it('leave out other platforms’ packages and optional peers, but not required ones', () => {
    expect(closure.packages).not.toContain('node_modules/alpha-other-platform');
    expect(closure.packages).not.toContain('node_modules/prisma');
    expect(closure.packages).toContain('node_modules/reflect-metadata');
  });

  it('are refused when one is missing, naming it and what to do', () => {
    expect(() => dependencyClosure(lock, 'services/shop', installed)).toThrow(
      /no workspace services\/shop.*npm install/,
    );
    expect(() => dependencyClosure(lock, 'services/till', (place) => !place.endsWith('beta'))).toThrow(
      /beta is not installed: run npm install/,
    );
    const { 'node_modules/beta': _beta, ...rest } = PACKAGES;
    const torn = { lockfileVersion: 3, packages: rest };
    expect(() => dependencyClosure(torn, 'services/till', installed)).toThrow(/node_modules\/alpha needs beta/);
  });
});

describe('this repository', () => {
  const real = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as Lockfile;
  const isInstalled = (place: string): boolean => existsSync(join(repository, place, 'package.json'));

  it.each(IMAGES)('$name needs no tool of developers at run time', ({ name, folder }) => {
    const { packages, workspaces, needs } = dependencyClosure(real, folder, isInstalled);
    for (const tool of ['prisma', 'typescript', '@prisma/engines', 'nx', '@swc/core', 'jest', 'node'])
      expect(packages).not.toContain(`node_modules/${tool}`);
    expect(workspaces).toContain('libs/telemetry');
    expect(workspaces).not.toContain('libs/testing');
    if (name !== 'gateway') expect(packages).toContain('node_modules/@prisma/client');
    const all = new Set([...packages, ...workspaces]);
    for (const place of needs.values()) for (const need of place) expect(all).toContain(need);
  });
});
