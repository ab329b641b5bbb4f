import { DomainError, type FieldError } from '@dailydoco/errors';
import type { Answer, IdempotencyScope, ReplayableAnswer } from '@dailydoco/http';
import { newSecret } from './signature.js';
import { MAX_SUBSCRIPTIONS, type Subscription, type Wanted } from './subscription.js';
import type { SubscriptionKey, SubscriptionStore } from './subscription.store.js';
import { type TargetRules, wrongTarget } from './target.js';

export interface KeyedCall {
  readonly key: string | undefined;
  readonly scope: IdempotencyScope;
  readonly requestHash: Uint8Array;
}

export interface SubscriptionsDependencies {
  /** Does the work at most once per key, in one database transaction with the key. */
  readonly once: <Body>(
    call: KeyedCall,
    work: (book: SubscriptionStore) => Promise<Answer<Body>>,
  ) => Promise<ReplayableAnswer<Body>>;
  readonly withBook: <T>(work: (book: SubscriptionStore) => Promise<T>) => Promise<T>;
  readonly reads: SubscriptionStore;
  /** What can be subscribed to. */
  readonly eventTypes: readonly string[];
  readonly rules: TargetRules;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (count: number) => Uint8Array;
}

/** A secret as it is shown, once: the stored answer of an Idempotency-Key names its version only. */
export type WithSecret<Body> = Body & { readonly secret: string };

/** Who hears of what, decided by administrators. */
export class Subscriptions {
  readonly #given: SubscriptionsDependencies;

  constructor(given: SubscriptionsDependencies) {
    this.#given = given;
  }

  get eventTypes(): readonly string[] {
    return this.#given.eventTypes;
  }

  /** Throws VALIDATION_FAILED and WEBHOOK_LIMIT_REACHED. */
  async create<Body extends { id: string }>(
    { tenantId, by, ...wanted }: Wanted & { tenantId: string; by: string },
    { call, view }: { call: KeyedCall; view: (subscription: Subscription) => Body },
  ): Promise<ReplayableAnswer<WithSecret<Body>>> {
    const { once, clock, newId, randomBytes } = this.#given;
    const sound = this.#check(wanted);
    const answer = await once(call, async (book) => {
      if ((await book.countAlone(tenantId)) >= MAX_SUBSCRIPTIONS) throw new DomainError('WEBHOOK_LIMIT_REACHED');
      const at = clock.now();
      const subscription: Subscription = { ...enabled(at), ...sound, tenantId, id: newId(), createdAt: at };
      await book.add(subscription, by);
      const version = await book.addSecret(subscription, { secret: newSecret(randomBytes), at, formerUntil: at });
      await book.note(subscription, { change: 'created', detail: sound, by, at });
      return { status: 201, body: { view: view(subscription), version } };
    });
    const { view: body, version } = answer.body;
    return { ...answer, body: { ...body, secret: await this.#secretOf({ tenantId, id: body.id }, version) } };
  }

  /** Throws NOT_FOUND and VALIDATION_FAILED. Enabled again, it starts anew: what waited is sent, however long it failed. */
  async change({
    tenantId,
    id,
    by,
    status,
    ...wanted
  }: Wanted & SubscriptionKey & { by: string; status: Subscription['status'] }): Promise<Subscription> {
    const sound = this.#check(wanted);
    return this.#given.withBook(async (book) => {
      const present = await locked(book, { tenantId, id });
      const at = this.#given.clock.now();
      const turned = present.status !== status;
      const state =
        status === 'enabled'
          ? enabled(at)
          : { ...present, status, disabledBecause: present.disabledBecause ?? ('by_hand' as const) };
      const changed: Subscription = { ...present, ...(turned ? state : {}), ...sound, changedAt: at };
      await book.save(changed);
      await book.note(present, { change: turned ? status : 'changed', detail: sound, by, at });
      return changed;
    });
  }

  /** A new secret; the one before it holds `overlapMs` longer, so that receivers can take both meanwhile. Throws NOT_FOUND. */
  async rotate(
    { tenantId, id, by, overlapMs }: SubscriptionKey & { by: string; overlapMs: number },
    call: KeyedCall,
  ): Promise<ReplayableAnswer<WithSecret<{ formerHoldsUntil: string }>>> {
    const { once, clock, randomBytes } = this.#given;
    const answer = await once(call, async (book) => {
      const present = await locked(book, { tenantId, id });
      const at = clock.now();
      const formerUntil = new Date(at.getTime() + overlapMs);
      const version = await book.addSecret(present, { secret: newSecret(randomBytes), at, formerUntil });
      await book.note(present, { change: 'secret_rotated', detail: { version, formerUntil }, by, at });
      return { status: 200, body: { version, formerHoldsUntil: formerUntil.toISOString() } };
    });
    const { version, formerHoldsUntil } = answer.body;
    return { ...answer, body: { formerHoldsUntil, secret: await this.#secretOf({ tenantId, id }, version) } };
  }

  /** Throws NOT_FOUND. */
  async delete({ tenantId, id, by }: SubscriptionKey & { by: string }): Promise<void> {
    await this.#given.withBook(async (book) => {
      const present = await locked(book, { tenantId, id });
      const at = this.#given.clock.now();
      await book.delete(present, at);
      await book.note(present, { change: 'deleted', detail: {}, by, at });
    });
  }

  /** Throws NOT_FOUND. */
  async find(key: SubscriptionKey): Promise<Subscription> {
    const found = await this.#given.reads.find(key);
    if (found === undefined) throw new DomainError('NOT_FOUND');
    return found;
  }

  list(query: Parameters<SubscriptionStore['list']>[0]): Promise<Subscription[]> {
    return this.#given.reads.list(query);
  }

  async #secretOf(key: SubscriptionKey, version: number): Promise<string> {
    const secret = await this.#given.reads.findSecret(key, version);
    if (secret === undefined) throw new DomainError('NOT_FOUND');
    return secret;
  }

  #check({ url, eventTypes, description }: Wanted): Wanted {
    const { eventTypes: known, rules } = this.#given;
    const wrongUrl = wrongTarget(url, rules);
    const errors: FieldError[] = [
      ...(wrongUrl === undefined ? [] : [{ path: 'url', message: wrongUrl }]),
      ...eventTypes.flatMap((type, index) =>
        known.includes(type) ? [] : [{ path: `eventTypes.${index}`, message: 'is no event of this service' }],
      ),
    ];
    if (errors.length > 0) throw new DomainError('VALIDATION_FAILED', { fieldErrors: errors });
    return { url: new URL(url).href, eventTypes: [...new Set(eventTypes)].toSorted(), description };
  }
}

function enabled(changedAt: Date): Pick<Subscription, 'status' | 'disabledBecause' | 'failingSince' | 'changedAt'> {
  return { status: 'enabled', disabledBecause: undefined, failingSince: undefined, changedAt };
}

async function locked(book: SubscriptionStore, key: SubscriptionKey): Promise<Subscription> {
  const present = await book.lock(key);
  if (present === undefined) throw new DomainError('NOT_FOUND');
  return present;
}
