import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { expecting, get, post } from './gateway.js';
import { METRICS_WITHIN_MS, soon } from './waiting.js';
import type { Money } from './wire.js';
import { at, money, newKey, openTenant, record, refund, registerChain, type Tenant } from './world.js';

interface ViralMetrics {
  readonly registrations: number;
  readonly referredRegistrations: number;
  readonly invitesSent: number;
  readonly kFactor: number;
  readonly purchases: number;
  readonly revenue: readonly Money[];
  readonly commissions: readonly Money[];
}

const HOUR_MS = 3_600_000;
let tenant: Tenant;

beforeAll(async () => {
  tenant = await openTenant('metrics');
  const chain = await registerChain(tenant, 3);
  const buyer = at(chain, 2);
  const { key } = await newKey(tenant, 'purchases:write', 'events:write');
  const half = await record(key, buyer);
  await record(key, buyer);
  await record(key, buyer, { amount: money('10.00', 'EUR') });
  await refund(key, half.id, { amount: money('39.50') });
  const event = (name: string, id = randomUUID()) => ({
    id,
    name,
    occurredAt: new Date().toISOString(),
    properties: {},
  });
  const twice = randomUUID();
  const events = [event('invite_sent'), event('invite_sent', twice), event('invite_sent', twice), event('page_seen')];
  expecting(202, await post('/v1/events', { as: key, json: { events } }));
});

const read = (from: Date | string, to: Date | string, as = tenant.owner.token) => {
  const text = (time: Date | string) => (typeof time === 'string' ? time : time.toISOString());
  const query = new URLSearchParams({ from: text(from), to: text(to) });
  return get<ViralMetrics>(`/v1/metrics/viral?${query.toString()}`, { as });
};
const around = (ms: number) => new Date(Date.now() + ms);
const sorted = (amounts: readonly Money[]) => amounts.toSorted((a, b) => (a.currency < b.currency ? -1 : 1));

describe('the viral metrics', () => {
  it('count registrations, invitations, purchases and money of a time, at most ten seconds behind', async () => {
    await soon(async () => {
      const metrics = expecting(200, await read(around(-HOUR_MS), around(HOUR_MS)));
      expect(metrics).toMatchObject({ referredRegistrations: 2, invitesSent: 2, purchases: 3 });
      // Three people registered; the owner, who came with the tenant, may be counted with them.
      expect([3, 4]).toContain(metrics.registrations);
      expect(metrics.kFactor).toBeCloseTo(2 / metrics.registrations, 9);
      expect(sorted(metrics.revenue)).toEqual([money('10.00', 'EUR'), money('118.50')]);
      // 35 % on two levels, of what was not refunded.
      expect(sorted(metrics.commissions)).toEqual([money('3.50', 'EUR'), money('41.475')]);
    }, METRICS_WITHIN_MS);
  });

  it('are exact to the moment, not to the hour', async () => {
    const now = around(60_000);
    const later = expecting(200, await read(now, around(HOUR_MS)));
    expect(later).toMatchObject({ registrations: 0, referredRegistrations: 0, invitesSent: 0, purchases: 0 });
  });

  it('of a time without anything are zero', async () => {
    const metrics = expecting(200, await read('2020-01-01T00:00:00Z', '2020-02-01T00:00:00Z'));
    expect(metrics).toEqual({
      registrations: 0,
      referredRegistrations: 0,
      invitesSent: 0,
      kFactor: 0,
      purchases: 0,
      revenue: [],
      commissions: [],
    });
  });

  it('are those of the own tenant', async () => {
    const other = await openTenant('metrics-too');
    const metrics = expecting(200, await read(around(-HOUR_MS), around(HOUR_MS), other.owner.token));
    expect(metrics).toMatchObject({ referredRegistrations: 0, invitesSent: 0, purchases: 0, revenue: [] });
  });

  it.each<[string, string, string]>([
    ['a time that is none', 'yesterday', '2025-01-01T00:00:00Z'],
    ['an end before the beginning', '2025-02-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['a time without a zone', '2025-01-01T00:00:00', '2025-02-01T00:00:00Z'],
  ])('are refused for %s', async (_what, from, to) => {
    const { status, body } = await read(from, to);
    expect([status, body]).toMatchObject([400, { code: 'VALIDATION_FAILED' }]);
  });
});
