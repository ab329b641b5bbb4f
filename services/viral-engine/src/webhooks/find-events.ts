import { DomainError } from '@dailydoco/errors';
import type { Money } from '@dailydoco/money';
import type { EndpointId, TenantId } from '../ids.js';
import type { Endpoint } from './endpoints.js';

export type EventStatus = 'received' | 'parked' | 'applied' | 'refused' | 'abandoned';

/** An event that was received, and what became of it. */
export interface TrackedEvent {
  readonly eventId: string;
  readonly type: string;
  readonly status: EventStatus;
  /** Why it is parked, or was refused or abandoned. */
  readonly reason: string | undefined;
  readonly attempts: number;
  /** Its place in the order of arrival. */
  readonly position: bigint;
  readonly receivedAt: Date;
  readonly changedAt: Date;
  /** What a chargeback was above the rest of its purchase: a break that somebody must look at. */
  readonly excess: Money | undefined;
}

export interface EventReads {
  /** Latest first; `before` is the last position of the page before. */
  list(query: {
    tenantId: TenantId;
    endpointId: EndpointId;
    status: EventStatus | undefined;
    before: bigint | undefined;
    limit: number;
  }): Promise<TrackedEvent[]>;
}

/** What became of the events of an endpoint. */
export class FindEvents {
  readonly #reads: EventReads;
  readonly #findEndpoint: (id: EndpointId) => Promise<Pick<Endpoint, 'tenantId'> | undefined>;

  constructor(reads: EventReads, findEndpoint: (id: EndpointId) => Promise<Pick<Endpoint, 'tenantId'> | undefined>) {
    this.#reads = reads;
    this.#findEndpoint = findEndpoint;
  }

  /** Throws NOT_FOUND, also for another tenant's endpoint. */
  async list(query: Parameters<EventReads['list']>[0]): Promise<TrackedEvent[]> {
    const endpoint = await this.#findEndpoint(query.endpointId);
    if (endpoint?.tenantId !== query.tenantId) throw new DomainError('NOT_FOUND');
    return this.#reads.list(query);
  }
}
