import Stripe from 'stripe';
import type { TenantId, UserId } from '../src/ids.js';
import type { Answered, Edges } from './edges.js';
import type { Engine } from './engine.js';
import type { StripeEventBody } from './stripe-events.js';

/** A tenant whose billing system is Stripe. */
export interface Sender {
  readonly tenantId: TenantId;
  readonly people: UserId[];
  readonly key: string;
  readonly admin: string;
  readonly endpointId: string;
  readonly path: string;
  readonly secret: string;
}

/** Stripe, as far as this service sees it: makes endpoints known and sends signed events to them. */
export class StripeSide {
  readonly #engine: Engine;
  readonly #edges: Edges;

  constructor({ engine, edges }: { engine: Engine; edges: Edges }) {
    this.#engine = engine;
    this.#edges = edges;
  }

  newSecret(): string {
    return `whsec_${this.#engine.newId().replaceAll('-', '')}`;
  }

  /** A tenant with a line of members, the first of them a customer of Stripe, and an endpoint. */
  async sender(levels = 1): Promise<Sender> {
    const edges = this.#edges;
    const { tenantId, people, key } = await edges.tenant(levels);
    const [buyer] = people;
    if (buyer === undefined) throw new Error('a tenant has a member');
    const admin = await edges.person(tenantId, buyer, ['admin']);
    const { body } = await edges.call('POST', '/v1/webhook-endpoints', { as: admin, body: { kind: 'stripe' } });
    const secret = this.newSecret();
    await edges.call('PUT', `/v1/webhook-endpoints/${body.id}/secret`, { as: admin, body: { signingSecret: secret } });
    const customer = { customerId: 'cus_NffrFeUfNV2Hib', userId: buyer };
    await edges.call('POST', '/v1/customers', { as: key, body: customer });
    return { tenantId, people, key, admin, endpointId: body.id, path: new URL(body.url).pathname, secret };
  }

  /** Sends an event as Stripe does; `at` is the moment of the signature. */
  send(
    to: Pick<Sender, 'path' | 'secret'>,
    event: StripeEventBody,
    given: { secret?: string; at?: Date } = {},
  ): Promise<Answered> {
    const payload = JSON.stringify(event, null, 2);
    const { secret = to.secret, at = this.#engine.clock.now() } = given;
    const timestamp = Math.floor(at.getTime() / 1_000);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp });
    const headers = { 'stripe-signature': signature };
    return this.#edges.call('POST', to.path, { body: payload, key: null, headers });
  }
}
