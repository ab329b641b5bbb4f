import { expect } from '@jest/globals';
import { asUserId, type TenantId, type UserId } from '../src/ids.js';
import { registerMember } from '../src/members/register-member.js';
import { BROWSER, type Edges, sale } from './edges.js';
import type { Engine } from './engine.js';

/** Whom a purchase paid. */
export const beneficiaries = ({ body }: { body: { commissions: { beneficiaryId: string }[] } }) =>
  body.commissions.map(({ beneficiaryId }) => beneficiaryId);

/** People who bring each other, by codes and clicks, at registrations and first purchases. */
export class Referring {
  readonly #engine: Engine;
  readonly #edges: Edges;

  constructor(engine: Engine, edges: Edges) {
    this.#engine = engine;
    this.#edges = edges;
  }

  /** A tenant with a member, an administrator, and a key that records purchases. */
  async world({ firstPurchase = true } = {}) {
    const tenantId = this.#engine.newTenant();
    const ada = await this.#engine.join(tenantId);
    const asAdmin = await this.#edges.person(tenantId, asUserId(this.#engine.newId()), ['admin']);
    if (firstPurchase) {
      const body = { firstPurchase };
      expect((await this.#edges.call('PUT', '/v1/attribution', { as: asAdmin, body })).body).toEqual(body);
    }
    return { tenantId, ada, asAdmin, key: this.#edges.apiKey(tenantId) };
  }

  async register(
    tenantId: TenantId,
    by: string | { referralCode?: string; visitorId?: string; clickId?: string },
    registeredAt = this.#engine.clock.now(),
  ) {
    const { referralCode, visitorId, clickId: told } = typeof by === 'string' ? { referralCode: by } : by;
    const clickId = this.#edges.runtime.clickIds.read(tenantId, told);
    const userId = asUserId(this.#engine.newId());
    await this.#engine.withMembers((book) =>
      registerMember(
        book,
        { tenantId, userId, status: 'active', referralCode, visitorId, clickId, registeredAt },
        { now: this.#engine.clock.now(), randomBytes: this.#engine.tools.randomBytes },
      ),
    );
    return { userId, referrer: await this.referrerOf(tenantId, userId) };
  }

  async referrerOf(tenantId: TenantId, userId: UserId): Promise<UserId | undefined> {
    const member = await this.#engine.withMembers((book) => book.findMember(tenantId, userId));
    return member?.upline[0];
  }

  buy(key: string, buyerId: string, other: object = {}) {
    return this.#edges.call('POST', '/v1/purchases', { as: key, body: sale(buyerId, other) });
  }

  /** Follows a link as a browser would; resolves when the click is stored. */
  async follow(code: string, query = '', visitorId?: string) {
    const response = await fetch(`${this.#edges.url}/r/${code}${query}`, {
      redirect: 'manual',
      headers: { 'user-agent': BROWSER, ...(visitorId !== undefined && { cookie: `dd_visitor=${visitorId}` }) },
    });
    const clickId = new URL(response.headers.get('location') ?? '').searchParams.get('ddcid') ?? '';
    expect(clickId).toMatch(/^[\w-]{44}$/);
    await this.#edges.runtime.clicks.settled();
    return { clickId, visitorId: response.headers.getSetCookie()[0]?.match(/^dd_visitor=([^;]+)/)?.[1] ?? '' };
  }
}
