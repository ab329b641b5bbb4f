import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { apiKeySha256, newApiKey } from '@dailydoco/auth';
import { ApiKeyServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { type sendUnaryData, Server, ServerCredentials, type ServerUnaryCall } from '@grpc/grpc-js';
import { type Edges, startEdges, told } from './edges.js';
import { type Engine, startEngine } from './engine.js';

// Identity and website-builder on the wire, knowing the keys that the specs put into their maps.
type Asked = { keySha256: Uint8Array };
const keys = { identity: new Map<string, object>(), sites: new Map<string, object>() };
const servers: Server[] = [];
let engine: Engine;
let edges: Edges;

const idOf = (sha256: Uint8Array) => Buffer.from(sha256).toString('hex');

function answering(known: Map<string, object>) {
  return (call: ServerUnaryCall<Asked, object>, reply: sendUnaryData<object>): void => {
    const found = known.get(idOf(call.request.keySha256));
    const nobody = { known: false, apiKeyId: '', writeKeyId: '', siteId: '', tenantId: '', scopes: [] };
    reply(null, found === undefined ? nobody : { ...nobody, known: true, ...found });
  };
}

async function serve(definition: object, method: string, known: Map<string, object>): Promise<string> {
  const server = new Server();
  servers.push(server);
  const { [method]: rpc } = definition as Record<string, never>;
  server.addService({ [method]: rpc! }, { [method]: answering(known) });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return `127.0.0.1:${port}`;
}

beforeAll(async () => {
  engine = await startEngine();
  const identity = await serve(ApiKeyServiceService, 'resolveApiKey', keys.identity);
  const websiteBuilder = await serve(SiteServiceService, 'resolveWriteKey', keys.sites);
  edges = await startEdges(engine, { neighbours: { identity, websiteBuilder } });
});

afterAll(async () => {
  await edges.stop();
  for (const server of servers) server.forceShutdown();
  await engine.stop();
});

const add = (known: Map<string, object>, facts: object): string => {
  const { key } = newApiKey();
  known.set(idOf(apiKeySha256(key)), facts);
  return `Bearer ${key}`;
};

describe('A key', () => {
  it('of a site writes events of its tenant, and does nothing else', async () => {
    const [tenantId, writeKeyId] = [engine.newTenant(), engine.newId()];
    const as = add(keys.sites, { writeKeyId, siteId: engine.newId(), tenantId });
    expect((await edges.post(as, told({ name: 'widget_viewed' }))).body).toMatchObject({ accepted: 1 });
    const { rows } = await engine.pool.query('SELECT name, source_id FROM event WHERE tenant_id = $1', [tenantId]);
    expect(rows).toEqual([{ name: 'widget_viewed', source_id: writeKeyId }]);
    expect((await edges.call('GET', '/v1/metrics/viral', { as })).status).toBe(403);
  });

  it('of identity does what its scopes say', async () => {
    const key = (scopes: string[]) =>
      add(keys.identity, { apiKeyId: engine.newId(), tenantId: engine.newTenant(), scopes });
    expect((await edges.post(key(['events:write', 'scope:of-tomorrow']), told())).status).toBe(202);
    expect((await edges.post(key(['purchases:write']), told())).status).toBe(403);
  });

  it('that neither knows is refused', async () => {
    expect((await edges.post(`Bearer ${newApiKey().key}`, told())).status).toBe(401);
  });

  it('of a site is known while identity is away; of unknown keys nothing is said then', async () => {
    servers[0]?.forceShutdown();
    const as = add(keys.sites, { writeKeyId: engine.newId(), siteId: engine.newId(), tenantId: engine.newTenant() });
    expect((await edges.post(as, told())).status).toBe(202);
    expect((await edges.post(`Bearer ${newApiKey().key}`, told())).status).toBe(503);
  });
});
