import { DomainError } from '@dailydoco/errors';
import type { IdempotentCall, OncePerKey, ReplayableAnswer } from '../idempotent-call.js';
import { asEndpointId, type EndpointId, type TenantId } from '../ids.js';

/** Where a billing system sends its events to. */
export interface Endpoint {
  readonly tenantId: TenantId;
  readonly id: EndpointId;
  readonly kind: 'stripe';
  /** What the purchases of this endpoint are. */
  readonly stream: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** When the secret that holds was set; undefined: none was, so nothing is accepted. */
  readonly secretSetAt: Date | undefined;
}

/** How long the secret before the last one is accepted, so that both sides can change theirs without a gap. */
export const FORMER_SECRET_MS = 24 * 3_600_000;

/** A signing secret with when it was set. */
export interface SigningSecret {
  readonly secret: string;
  readonly setAt: Date;
}

/** Which secrets hold: the last one, and the one before it for a day after it was replaced. `all` is newest first. */
export function secretsThatHold(all: readonly SigningSecret[], now: Date): string[] {
  return all
    .slice(0, 2)
    .filter((_, index) => {
      const successor = all[index - 1];
      return successor === undefined || now.getTime() - successor.setAt.getTime() < FORMER_SECRET_MS;
    })
    .map(({ secret }) => secret);
}

/** Endpoints in an open database transaction. */
export interface EndpointBook {
  add(endpoint: Omit<Endpoint, 'secretSetAt'>): Promise<void>;
  /** The endpoint, alone. */
  lock(tenantId: TenantId, id: EndpointId): Promise<Endpoint | undefined>;
  /** Sealed before it is written. */
  addSecret(endpoint: Endpoint, secret: SigningSecret & { readonly setBy: string }): Promise<void>;
}

export interface EndpointReads {
  /** By id; `after` is the last id of the page before. */
  list(query: { tenantId: TenantId; after: EndpointId | undefined; limit: number }): Promise<Endpoint[]>;
}

export interface EndpointsDependencies {
  readonly once: OncePerKey<EndpointBook>;
  readonly withBook: <T>(work: (book: EndpointBook) => Promise<T>) => Promise<T>;
  readonly reads: EndpointReads;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Where billing systems send their events to, each with a signing secret of its own. */
export class Endpoints {
  readonly #dependencies: EndpointsDependencies;

  constructor(dependencies: EndpointsDependencies) {
    this.#dependencies = dependencies;
  }

  create<Body>(
    wanted: Pick<Endpoint, 'tenantId' | 'kind' | 'stream' | 'createdBy'>,
    by: { call: IdempotentCall; answer: (endpoint: Endpoint) => { status: number; body: Body } },
  ): Promise<ReplayableAnswer<Body>> {
    const { once, clock, newId } = this.#dependencies;
    return once(by.call, async (book) => {
      const endpoint = { ...wanted, id: asEndpointId(newId()), createdAt: clock.now() };
      await book.add(endpoint);
      return by.answer({ ...endpoint, secretSetAt: undefined });
    });
  }

  /** Sets the secret that holds from now on; the one before it holds for a day longer. Throws NOT_FOUND. */
  setSecret(
    order: { tenantId: TenantId; endpointId: EndpointId },
    { secret, setBy }: { secret: string; setBy: string },
  ): Promise<Endpoint> {
    const { withBook, clock } = this.#dependencies;
    return withBook(async (book) => {
      const endpoint = await book.lock(order.tenantId, order.endpointId);
      if (endpoint === undefined) throw new DomainError('NOT_FOUND');
      const setAt = clock.now();
      await book.addSecret(endpoint, { secret, setBy, setAt });
      return { ...endpoint, secretSetAt: setAt };
    });
  }

  list(query: { tenantId: TenantId; after: EndpointId | undefined; limit: number }): Promise<Endpoint[]> {
    return this.#dependencies.reads.list(query);
  }
}
