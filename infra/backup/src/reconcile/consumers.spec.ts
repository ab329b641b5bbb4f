import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '@dailydoco/local';
import { describe, expect, it } from '@jest/globals';
import { APPLIERS } from './consumers.js';

const services = join(repositoryRoot, 'services');

function sourcesOf(service: string): string[] {
  return readdirSync(join(services, service, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.spec.ts') && !path.startsWith('generated'))
    .map((path) => readFileSync(join(services, service, 'src', path), 'utf8'));
}

/** Consumers by name, as the services' own sources define them. */
function defined(): string[] {
  return readdirSync(services).flatMap((service) =>
    sourcesOf(service).flatMap((source) => [
      ...[...source.matchAll(/(?:defineConsumer|webhooksConsumer)\(\{\s*name: '([^']+)'/g)].map(
        ([, name = '']) => name,
      ),
      ...(/[^a-zA-Z]accessConsumer\(runtime\)/.test(source) ? [`${service}-access`] : []),
    ]),
  );
}

describe('the table of consumers', () => {
  it('names those that the services define, and no others', () => {
    expect(APPLIERS.map(({ name }) => name).toSorted()).toEqual(defined().toSorted());
  });

  it('names every event that a consumer of the ledger or of members handles', () => {
    for (const { name, types } of APPLIERS.filter((applier) => applier.name !== 'analytics-facts')) {
      expect({ name, types: types.length }).toEqual({ name, types: new Set(types).size });
    }
  });
});
