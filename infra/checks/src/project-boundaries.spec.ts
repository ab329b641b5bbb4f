import { describe, expect, it } from '@jest/globals';
import { forbiddenUses } from './project-boundaries.js';
import type { Project } from './projects.js';

const project = (folder: string, tags: string[], dependencies: string[] = []): Project => ({
  name: `@dailydoco/${folder.split('/')[1]}`,
  folder,
  tags,
  scripts: {},
  dependencies,
  devDependencies: [],
});

describe('boundaries between projects', () => {
  const money = project('libs/money', ['type:lib', 'layer:rules']);
  const payouts = project('services/payouts', ['type:service'], ['@dailydoco/money']);

  it('lets a service use a lib', () => {
    expect(forbiddenUses([money, payouts])).toEqual([]);
  });

  it('names a service that uses a service', () => {
    const viral = project('services/viral-engine', ['type:service'], ['@dailydoco/payouts']);
    expect(forbiddenUses([money, payouts, viral])).toEqual([
      'services/viral-engine (type:service) may not use services/payouts (type:service)',
    ]);
  });

  it('names rules that reach for machinery, and production code that uses the testing lib', () => {
    const database = project('libs/database', ['type:lib']);
    const rules = project('libs/money', ['type:lib', 'layer:rules'], ['@dailydoco/database']);
    const testing = project('libs/testing', ['type:testing']);
    const service = project('services/payouts', ['type:service'], ['@dailydoco/testing']);
    expect(forbiddenUses([database, rules, testing, service])).toHaveLength(2);
  });

  it('names a project without a tag', () => {
    expect(forbiddenUses([project('libs/loose', [])])).toHaveLength(1);
  });
});
