/** Where a tenant wants its events sent to. */
export interface Subscription {
  readonly tenantId: string;
  readonly id: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string;
  readonly status: 'enabled' | 'disabled';
  /** Undefined: it is enabled. */
  readonly disabledBecause: DisabledBecause | undefined;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** The first of the attempts in a row that failed; undefined: the last one succeeded. */
  readonly failingSince: Date | undefined;
}

/** failing: nothing was taken for days. gone: the receiver answered 410. */
export type DisabledBecause = 'by_hand' | 'failing' | 'gone';

export interface SigningSecret {
  readonly version: number;
  readonly secret: string;
  /** When it stops to hold; undefined: when there is another. */
  readonly validUntil: Date | undefined;
}

/** What an administrator decides about a subscription. */
export interface Wanted {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string;
}

export type Change = 'created' | 'changed' | 'secret_rotated' | 'disabled' | 'enabled' | 'deleted' | 'replayed';

/** Most subscriptions of one tenant in one service. */
export const MAX_SUBSCRIPTIONS = 20;
