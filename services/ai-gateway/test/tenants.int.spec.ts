import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from './gateway.js';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway.stop());

const ask = { model: 'dailydoco-template-1', messages: [{ role: 'user', content: 'List: a. b.' }] };

describe('A tenant', () => {
  it('is the one of the token: every completion and every bill is its own, whatever the request says', async () => {
    const [mine, theirs] = [gateway.newTenant(), gateway.newTenant()];
    const [key, token] = [gateway.apiKey(mine), await gateway.person(mine)];
    const claims = { tenantId: theirs, tenant_id: theirs, user: theirs, metadata: { tenantId: theirs } };
    for (const as of [key.as, token]) {
      const headers = { 'x-tenant-id': theirs, 'openai-organization': theirs, 'openai-project': theirs };
      const { status } = await gateway.call('POST', '/ai/v1/chat/completions', {
        as,
        body: { ...ask, ...claims },
        headers,
      });
      expect(status).toBe(200);
      await gateway.streamChat(as, { ...ask, ...claims });
    }
    expect(await gateway.completionsOf(theirs)).toEqual([]);
    expect(await gateway.billsOf(theirs)).toEqual([]);
    expect(await gateway.completionsOf(mine)).toHaveLength(4);
    expect(await gateway.billsOf(mine)).toHaveLength(4);
  });

  it('has no ids in any path or query that another could try: the endpoints take none', async () => {
    const { body } = await gateway.call('GET', '/internal/openapi.json');
    const operations = Object.values<Record<string, { parameters?: unknown[] }>>(body.paths).flatMap((path) =>
      Object.values(path),
    );
    expect(operations.length).toBeGreaterThan(0);
    expect(operations.flatMap(({ parameters = [] }) => parameters)).toEqual([]);
    expect(Object.keys(body.paths).filter((path) => path.includes('{'))).toEqual([]);
  });
});
