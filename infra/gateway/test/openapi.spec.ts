import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { RouteMatcher } from '../src/match.js';
import { mergeDocuments, type OpenApiDocument } from '../src/openapi.js';
import { renderKong } from '../src/render.js';
import { ROUTES } from '../src/routes.js';

const document = JSON.parse(
  readFileSync(new URL('../../../services/identity/openapi/openapi.json', import.meta.url), 'utf8'),
) as { paths: Record<string, Record<string, { tags: string[] }>> };

describe('the OpenAPI document and the routes', () => {
  it('agree: every documented path is routed to the service that documents it', () => {
    const matcher = new RouteMatcher(renderKong());
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const operation of Object.values(operations)) {
        const host = matcher.find(path.replaceAll(/\{[^}]+\}/g, 'x'))?.service?.host;
        expect([path, operation.tags.map((tag) => `${tag}.upstream`)]).toEqual([path, [host]]);
      }
    }
  });

  it('agree: nothing else is routed, but what is below /docs, /sites and the tiles of a log', () => {
    const documented = new Set(Object.keys(document.paths).map((path) => path.replaceAll(/\{[^}]+\}/g, '{}')));
    const undocumented = ROUTES.filter(
      ({ path, below }) => below !== true && !documented.has(path.replaceAll(/\{[^}]+\}/g, '{}')),
    );
    expect(undocumented.map(({ path }) => path)).toEqual([]);
    expect(ROUTES.filter(({ below }) => below).map(({ path }) => path)).toEqual([
      '/docs/',
      '/v1/transparency/{logId}/tile/',
      '/sites/',
    ]);
  });
});

describe('merging', () => {
  const of = (path: string, schema: object = {}): OpenApiDocument => ({
    openapi: '3.1.0',
    paths: { [path]: { get: { summary: 'x' } } },
    components: { schemas: { Thing: { ...schema } } },
  });

  it('refuses a path that is routed elsewhere, one that stands twice, and one name for two things', () => {
    expect(() => mergeDocuments(new Map([['payouts', of('/v1/purchases')]]))).toThrow('not routed to it');
    expect(() =>
      mergeDocuments(
        new Map([
          ['payouts', of('/v1/payouts')],
          ['viral-engine', of('/v1/plans', { type: 'object' })],
        ]),
      ),
    ).toThrow('schemas/Thing');
  });
});
