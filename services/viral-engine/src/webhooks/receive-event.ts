import { DomainError } from '@dailydoco/errors';
import type { EndpointId } from '../ids.js';
import type { BillingEvent } from './billing-fact.js';
import { type Endpoint, secretsThatHold, type SigningSecret } from './endpoints.js';

/** What was posted, byte for byte: the signature is over these bytes. */
export interface SignedPayload {
  readonly body: Uint8Array;
  readonly signature: string;
}

export interface EventInbox {
  /** An endpoint with its last two secrets, newest first; whose it is follows from its id. */
  findEndpoint(id: EndpointId): Promise<{ endpoint: Endpoint; secrets: readonly SigningSecret[] } | undefined>;
  /** Durable when it resolves; false when the event came before. */
  add(endpoint: Endpoint, event: BillingEvent, receivedAt: Date): Promise<boolean>;
}

export interface ReceiveEventDependencies {
  readonly inbox: EventInbox;
  /**
   * Checks signature and age, and says what the event means. Throws SIGNATURE_INVALID, and VALIDATION_FAILED for an
   * event that is signed and cannot be read.
   */
  readonly open: (payload: SignedPayload, given: { secrets: readonly string[]; now: Date }) => BillingEvent;
  readonly clock: { now(): Date };
  /** How each event was met, for the metric. */
  readonly met: (how: 'stored' | 'duplicate' | 'ignored' | 'refused') => void;
}

/** Takes the events of billing systems: checked and stored before the sender is answered, applied later. */
export class ReceiveEvent {
  readonly #dependencies: ReceiveEventDependencies;

  constructor(dependencies: ReceiveEventDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Resolves when the event is durable, was before, or means nothing to us. Throws NOT_FOUND for an endpoint that does
   * not exist or has no secret yet, SIGNATURE_INVALID, VALIDATION_FAILED.
   */
  async receive(endpointId: EndpointId, payload: SignedPayload): Promise<{ duplicate: boolean; ignored: boolean }> {
    const { inbox, clock, met } = this.#dependencies;
    const found = await inbox.findEndpoint(endpointId);
    const now = clock.now();
    const secrets = found === undefined ? [] : secretsThatHold(found.secrets, now);
    if (found === undefined || secrets.length === 0) {
      met('refused');
      throw new DomainError('NOT_FOUND');
    }
    const event = this.#open(payload, { secrets, now });
    if (event.fact === undefined) {
      met('ignored');
      return { duplicate: false, ignored: true };
    }
    const isNew = await inbox.add(found.endpoint, event, now);
    met(isNew ? 'stored' : 'duplicate');
    return { duplicate: !isNew, ignored: false };
  }

  #open(payload: SignedPayload, given: { secrets: readonly string[]; now: Date }): BillingEvent {
    const { open, met } = this.#dependencies;
    try {
      return open(payload, given);
    } catch (error) {
      met('refused');
      throw error;
    }
  }
}
