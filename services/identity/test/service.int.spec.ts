import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureTopics, events, kafkaBroker, outgoing } from '@dailydoco/events';
import { eventually, getStores, uniqueTopicPrefix } from '@dailydoco/testing';
import { ADMIN, type Identity, newGround, startIdentity, startReplica } from './identity.js';

let identity: Identity;

beforeAll(async () => {
  const { kafkaBrokers } = await getStores();
  const broker = kafkaBroker({ brokers: kafkaBrokers, clientId: 'identity', topicPrefix: uniqueTopicPrefix() });
  await ensureTopics(broker, 1);
  identity = await startIdentity({ broker });
}, 60_000);

afterAll(() => identity.stop());

describe('The service among its neighbours', () => {
  it('publishes all it wrote', async () => {
    const person = await identity.register();
    const { as } = await identity.admin();
    await identity.post(`/v1/users/${person.id}/suspend`, undefined, { as });
    await identity.openTenant();
    await eventually(
      async () => {
        const { rows } = await identity.pool.query(
          'SELECT count(*)::int AS waiting FROM messaging.outbox WHERE published_at IS NULL',
        );
        expect(rows).toEqual([{ waiting: 0 }]);
      },
      { timeoutMs: 30_000 },
    );
  });

  it('warns a person by mail of a payout method that was added, once, and of none of the sandbox', async () => {
    const person = await identity.register();
    const addedAt = new Date('2026-06-01T12:00:00Z');
    const added = (rail: string, heldUntil?: Date) => ({
      id: identity.runtime.newId(),
      key: person.id,
      tenantId: person.tenantId,
      occurredAt: addedAt,
      type: events.payoutMethodAdded,
      payload: { methodId: identity.runtime.newId(), personId: person.id, rail, heldUntil, addedAt },
    });
    const change = added('sepa', new Date('2026-06-03T12:00:00Z'));
    const { outbox } = identity.runtime;
    // As payouts would, by this service's own outbox; the nobody in between is passed over.
    const nobody = { ...added('ach'), payload: { ...added('ach').payload, personId: identity.runtime.newId() } };
    await outbox.append(
      identity.pool,
      [added('sandbox'), nobody, change].map((event) => outgoing(event)),
    );
    const mails = () => identity.mailsOf(person.email, 'payout method');
    await eventually(() => expect(mails()).toHaveLength(1), { timeoutMs: 30_000 });
    expect(mails()[0]).toContain('receives nothing before 2026-06-03T12:00:00.000Z');
    await identity.pool.query('UPDATE messaging.outbox SET published_at = NULL WHERE event_id = $1', [change.id]);
    const after = added('sepa');
    await outbox.append(identity.pool, [outgoing(after)]);
    await eventually(() => expect(mails()).toHaveLength(2), { timeoutMs: 30_000 });
    expect(mails().filter((text) => text.includes('from now on'))).toHaveLength(1);
  }, 90_000);

  it('is alive and ready', async () => {
    expect((await identity.call('GET', '/health/live')).status).toBe(200);
    expect((await identity.call('GET', '/health/ready')).status).toBe(200);
  });

  it('says whether every service answers, and which do not', async () => {
    const names = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'];
    const away = await identity.call('GET', '/healthz');
    expect([away.status, away.body.code]).toEqual([503, 'UNAVAILABLE']);
    expect(away.body.detail).toBe(`Not reachable: ${names.join(', ')}.`);
    expect(away.headers.get('retry-after')).not.toBeNull();
    // Any service that serves gRPC health will do as the six.
    const addresses = names.map((name) => [
      `${name.toUpperCase().replace('-', '_')}_GRPC_ADDRESS`,
      identity.grpcAddress,
    ]);
    const watching = await startReplica(identity, { env: Object.fromEntries(addresses) });
    const well = await watching.call('GET', '/healthz');
    await watching.stop();
    expect([well.status, well.body]).toEqual([200, { services: names }]);
    expect(well.headers.get('cache-control')).toBe('no-store');
  });
});

describe('The documentation', () => {
  it('is a page that loads nothing from elsewhere', async () => {
    const page = await identity.call('GET', '/docs');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.text).not.toMatch(/(src|href)="(https?:)?\/\//);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(files).toHaveLength(4);
    for (const file of files) {
      const { status, headers } = await identity.call('GET', file);
      expect([file, status, headers.get('x-content-type-options')]).toEqual([file, 200, 'nosniff']);
    }
  });

  it('gives out the built document, or says that there is none', async () => {
    const { status, body, headers } = await identity.call('GET', '/openapi.json');
    if (existsSync(new URL('../openapi/openapi.json', import.meta.url))) {
      expect([status, body.openapi]).toEqual([200, expect.stringMatching(/^3\.1\./)]);
    } else {
      expect([status, body.code, headers.get('cache-control')]).toEqual([503, 'UNAVAILABLE', null]);
    }
  });

  it.each(['package.json', 'index.html', '..%2f..%2fpackage.json', '.env', 'x'])('has no file %s', async (file) => {
    expect([400, 404]).toContain((await identity.call('GET', `/docs/${file}`)).status);
  });
});

describe('The first boot', () => {
  it('of many replicas at once makes one tenant, one owner and one key, and a later boot changes nothing', async () => {
    const { ground, drop } = await newGround();
    const replicas = await Promise.all(Array.from({ length: 3 }, () => startReplica({ ground })));
    const [one, ...others] = replicas;
    if (one === undefined) throw new Error('nobody booted');
    const counts = async () => {
      const { rows } = await one.pool.query(
        `SELECT (SELECT count(*)::int FROM tenant WHERE is_default) AS tenants, (SELECT count(*)::int FROM user_account) AS users,
                (SELECT count(*)::int FROM signing_key) AS keys, (SELECT count(*)::int FROM messaging.outbox) AS events`,
      );
      return rows;
    };
    const once = [{ tenants: 1, users: 1, keys: 1, events: 2 }];
    expect(await counts()).toEqual(once);
    const later = await startReplica({ ground }, { env: { BOOTSTRAP_ADMIN_PASSWORD: 'another password of the file' } });
    expect(await counts()).toEqual(once);
    for (const replica of [...replicas, later]) {
      const owner = await replica.logIn(ADMIN);
      const { body } = await replica.call('GET', '/v1/users/me', { as: owner.as });
      expect(body).toMatchObject({ email: ADMIN.email, roles: ['owner', 'partner'] });
    }
    for (const replica of [later, ...others, one]) await replica.stop();
    await drop();
  });
});
