import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Edges, startEdges } from './edges.js';
import { type Engine, START, startEngine } from './engine.js';
import { paidInvoice, stripeEvent } from './stripe-events.js';
import { StripeSide } from './stripe-sender.js';

let engine: Engine;
let edges: Edges;
let stripe: StripeSide;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  stripe = new StripeSide({ engine, edges });
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

const newSecret = () => stripe.newSecret();
const sender = (levels?: number) => stripe.sender(levels);
const send: StripeSide['send'] = (...args) => stripe.send(...args);

describe('An endpoint', () => {
  it('is added by an administrator, and accepts nothing before it has a secret', async () => {
    const { tenantId, people } = await edges.tenant();
    const admin = await edges.person(tenantId, people[0]!, ['admin']);
    const { status, body } = await edges.call('POST', '/v1/webhook-endpoints', { as: admin, body: { kind: 'stripe' } });
    expect(status).toBe(201);
    expect(body).toMatchObject({ kind: 'stripe', stream: 'subscription', secretSetAt: null });
    expect(body.url).toBe(`http://127.0.0.1:8000/v1/webhooks/stripe/${body.id}`);
    const silent = { path: new URL(body.url).pathname, secret: newSecret() };
    expect((await send(silent, stripeEvent('invoice.paid', paidInvoice()))).status).toBe(404);
    const set = await edges.call('PUT', `/v1/webhook-endpoints/${body.id}/secret`, {
      as: admin,
      body: { signingSecret: silent.secret },
    });
    expect([set.status, set.body.secretSetAt]).toEqual([200, START.toISOString()]);
    expect(JSON.stringify(set.body)).not.toContain(silent.secret);
    expect((await send(silent, stripeEvent('invoice.paid', paidInvoice()))).status).toBe(200);
    const list = await edges.call('GET', '/v1/webhook-endpoints', { as: admin });
    expect(list.body.items).toEqual([set.body]);
  });

  it('keeps its secret sealed, and bound to itself', async () => {
    const to = await sender();
    const { rows } = await engine.pool.query<{ sealed: Buffer }>(
      'SELECT sealed FROM webhook_secret WHERE endpoint_id = $1',
      [to.endpointId],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]!.sealed.includes(Buffer.from(to.secret.slice(6)))).toBe(false);
  });

  it('takes the former secret for a day after a change, and no longer', async () => {
    const to = await sender();
    const next = newSecret();
    const path = `/v1/webhook-endpoints/${to.endpointId}/secret`;
    await edges.call('PUT', path, { as: to.admin, body: { signingSecret: next } });
    const event = () => stripeEvent('invoice.paid', paidInvoice());
    expect((await send(to, event())).status).toBe(200);
    expect((await send(to, event(), { secret: next })).status).toBe(200);
    engine.clock.advance(24 * 3_600_000);
    try {
      expect((await send(to, event())).status).toBe(400);
      expect((await send(to, event(), { secret: next })).status).toBe(200);
    } finally {
      engine.clock.set(START);
    }
  });

  it.each([
    ['another kind', 'POST', '', { kind: 'paddle' }, 'kind'],
    ['a stream that is no slug', 'POST', '', { kind: 'stripe', stream: 'No' }, 'stream'],
    ['a secret that is none', 'PUT', '/secret', { signingSecret: 'sk_live_123' }, 'signingSecret'],
    ['a secret with a line break', 'PUT', '/secret', { signingSecret: 'whsec_12345678\n' }, 'signingSecret'],
  ])('with %s is refused', async (_, method, below, body, path) => {
    const to = await sender();
    const url = `/v1/webhook-endpoints${below === '' ? '' : `/${to.endpointId}${below}`}`;
    const answer = await edges.call(method, url, { as: to.admin, body });
    expect([answer.status, answer.body.errors.map((error: { path: string }) => error.path)]).toEqual([400, [path]]);
  });

  it('is for administrators; finance may look, partners and keys may not', async () => {
    const to = await sender();
    const finance = await edges.person(to.tenantId, to.people[0]!, ['finance']);
    const partner = await edges.person(to.tenantId, to.people[0]!);
    for (const [as, get, post] of [
      [finance, 200, 403],
      [partner, 403, 403],
      [to.key, 403, 403],
    ] as const) {
      expect((await edges.call('GET', '/v1/webhook-endpoints', { as })).status).toBe(get);
      expect((await edges.call('GET', `/v1/webhook-endpoints/${to.endpointId}/events`, { as })).status).toBe(get);
      expect((await edges.call('POST', '/v1/webhook-endpoints', { as, body: { kind: 'stripe' } })).status).toBe(post);
    }
  });
});
