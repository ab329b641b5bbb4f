import { beforeAll, describe, expect, it } from '@jest/globals';
import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { ENDPOINTS } from './endpoints.js';
import type { Json } from './answer.js';
import { call, expecting, get } from './gateway.js';
import { register } from './world.js';

const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

interface Operation {
  readonly method: (typeof METHODS)[number];
  readonly path: string;
}

let document: Json;

beforeAll(async () => {
  document = expecting(200, await get('/openapi.json'));
});

const operations = (): Operation[] =>
  Object.entries<object>(document.paths).flatMap(([path, item]) =>
    METHODS.filter((method) => method.toLowerCase() in item).map((method) => ({ method, path })),
  );
/** Parameters have the same place, whatever they are called. */
const placed = ({ method, path }: Operation): string =>
  `${method} ${path.replaceAll(/\{[^}]+\}/g, '{}').replace(/(?<=.)\/$/, '')}`;

describe('the OpenAPI document', () => {
  it('is of version 3.1 and describes itself', () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.info).toMatchObject({ title: expect.stringMatching(/./), version: expect.stringMatching(/./) });
  });

  it.each(ENDPOINTS.filter(({ undocumented }) => undocumented !== true).map((endpoint) => [placed(endpoint)]))(
    'has %s',
    (endpoint) => {
      expect(operations().map(placed)).toContain(endpoint);
    },
  );

  it('sums up every operation and says what it answers', () => {
    for (const { method, path } of operations()) {
      const operation = document.paths[path][method.toLowerCase()];
      expect([method, path, typeof operation.summary]).toEqual([method, path, 'string']);
      expect(Object.keys(operation.responses)).toContainEqual(expect.stringMatching(/^[23]\d\d$/));
    }
  });

  it('names no component that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(0);
    for (const [, kind = '', name = ''] of references)
      expect([kind, name, name in (document.components[kind] ?? {})]).toEqual([kind, name, true]);
  });

  it('holds nothing that is for the cluster only', () => {
    const paths = Object.keys(document.paths);
    expect(paths.filter((path) => /^\/(internal|health\/|metrics$)/.test(path))).toEqual([]);
  });

  it('is the truth: every operation is answered by the service that owns it', async () => {
    // Nobody's paths are told apart by the trace, which they have not: no service has seen the request.
    expect((await get('/nothing/here')).body.traceId).toBeUndefined();
    for (const { method, path } of operations()) {
      const filled = path.replaceAll(/\{[^}]+\}/g, () => randomUUID());
      const answer = await call(method, filled, { anyBody: true });
      expect([method, path, answer.status >= 500]).toEqual([method, path, false]);
      expect([method, path, answer.status === 405]).toEqual([method, path, false]);
      const isNobodys = answer.status === 404 && answer.body?.traceId === undefined;
      expect([method, path, isNobodys]).toEqual([method, path, false]);
    }
  });
});

describe('everybody', () => {
  it('reads the documentation as a page', async () => {
    const page = await get('/docs');
    expect([page.status, page.mediaType]).toEqual([200, 'text/html']);
    const scripts = [...page.text.matchAll(/<script src="([^"]+)"/g)].map(([, src = '']) => src);
    expect(scripts.length).toBeGreaterThan(0);
    for (const src of scripts) expect([src, (await get(src)).status]).toEqual([src, 200]);
  });

  it('sees that every service is well', async () => {
    expect((await get('/healthz')).status).toBe(200);
  });

  it('can check a token with the public keys, which hold no secret', async () => {
    const { keys } = expecting(200, await get('/.well-known/jwks.json'));
    expect(keys.length).toBeGreaterThan(0);
    for (const key of keys) {
      expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', kid: expect.stringMatching(/./) });
      expect(key).not.toHaveProperty('d');
    }
    const { token, id } = await register(undefined);
    const [head = '', payload = '', signature = ''] = token.split('.');
    const decoded = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    expect(decoded(head)).toMatchObject({ alg: 'ES256' });
    const jwk = keys.find(({ kid }: { kid: string }) => kid === decoded(head).kid);
    const given = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' as const };
    const signed = Buffer.from(`${head}.${payload}`);
    expect(verify('sha256', signed, given, Buffer.from(signature, 'base64url'))).toBe(true);
    const claims = decoded(payload);
    expect(claims).toMatchObject({ sub: id, aud: 'dailydoco', roles: ['partner'] });
    expect(claims.exp - claims.iat).toBe(900);
  });
});
