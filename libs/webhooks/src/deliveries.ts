import { DomainError } from '@dailydoco/errors';
import type { Answer, ReplayableAnswer } from '@dailydoco/http';
import type { Attempt, Delivery, DeliveryState } from './delivery.js';
import type { DeliveryStore } from './delivery.store.js';
import type { SubscriptionKey, SubscriptionStore } from './subscription.store.js';
import type { KeyedCall } from './subscriptions.js';

/** Most messages that one call puts in line again. */
export const MAX_REPLAYED = 10_000;
/** Most attempts that are shown of one message: more than there are unless it is replayed again and again. */
const MAX_ATTEMPTS_SHOWN = 100;

export interface DeliveriesDependencies {
  readonly reads: { readonly subscriptions: SubscriptionStore; readonly deliveries: DeliveryStore };
  readonly once: <Body>(
    call: KeyedCall,
    work: (books: { subscriptions: SubscriptionStore; deliveries: DeliveryStore }) => Promise<Answer<Body>>,
  ) => Promise<ReplayableAnswer<Body>>;
  readonly clock: { now(): Date };
}

/** What became of messages, and sending them again. */
export class Deliveries {
  readonly #given: DeliveriesDependencies;

  constructor(given: DeliveriesDependencies) {
    this.#given = given;
  }

  /** Throws NOT_FOUND for a subscription that the tenant does not have. */
  async list(query: Parameters<DeliveryStore['list']>[0]): Promise<Delivery[]> {
    await this.#mustExist(query.subscription);
    return this.#given.reads.deliveries.list(query);
  }

  /** Throws NOT_FOUND. */
  async find(key: SubscriptionKey, messageId: string): Promise<Delivery & { body: string; log: Attempt[] }> {
    await this.#mustExist(key);
    const { deliveries } = this.#given.reads;
    const found = await deliveries.find(key, messageId);
    if (found === undefined) throw new DomainError('NOT_FOUND');
    return { ...found, log: await deliveries.attempts(key, messageId, MAX_ATTEMPTS_SHOWN) };
  }

  /** Sends one message again, whatever became of it. Throws NOT_FOUND and CONFLICT while the subscription is disabled. */
  replayOne(
    { by, messageId, ...key }: SubscriptionKey & { messageId: string; by: string },
    call: KeyedCall,
  ): Promise<ReplayableAnswer<{ queued: number }>> {
    return this.#replay(key, { by, call, detail: { messageId } }, async (deliveries, now) => {
      if (!(await deliveries.replayOne(key, messageId, now))) throw new DomainError('NOT_FOUND');
      return 1;
    });
  }

  /**
   * Sends again what came since a moment and stands as one of `states`, at most MAX_REPLAYED messages, oldest first.
   * Throws NOT_FOUND and CONFLICT while the subscription is disabled.
   */
  replaySince(
    { by, since, states, ...key }: SubscriptionKey & { since: Date; states: readonly DeliveryState[]; by: string },
    call: KeyedCall,
  ): Promise<ReplayableAnswer<{ queued: number }>> {
    return this.#replay(key, { by, call, detail: { since, states } }, (deliveries, now) =>
      deliveries.replaySince(key, { since, states, now, limit: MAX_REPLAYED }),
    );
  }

  #replay(
    key: SubscriptionKey,
    { by, call, detail }: { by: string; call: KeyedCall; detail: object },
    work: (deliveries: DeliveryStore, now: Date) => Promise<number>,
  ): Promise<ReplayableAnswer<{ queued: number }>> {
    const { once, clock } = this.#given;
    return once(call, async ({ subscriptions, deliveries }) => {
      const subscription = await subscriptions.lock(key);
      if (subscription === undefined) throw new DomainError('NOT_FOUND');
      if (subscription.status !== 'enabled')
        throw new DomainError('CONFLICT', { detail: 'The subscription is disabled.' });
      const at = clock.now();
      const queued = await work(deliveries, at);
      await subscriptions.note(key, { change: 'replayed', detail: { ...detail, queued }, by, at });
      return { status: 202, body: { queued } };
    });
  }

  async #mustExist(key: SubscriptionKey): Promise<void> {
    if ((await this.#given.reads.subscriptions.find(key)) === undefined) throw new DomainError('NOT_FOUND');
  }
}
