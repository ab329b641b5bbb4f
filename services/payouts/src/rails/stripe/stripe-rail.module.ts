import type { Config } from '../../config.js';
import type { CallRail } from '../rail.js';
import { type StripeDestination, stripeTransferRail } from './stripe-rail.js';
import { StripeTransferStore } from './stripe-transfer.store.js';
import { StripeTransfers } from './transfers.adapter.js';

const DAY_MS = 86_400_000;

export interface StripeRailGiven {
  readonly config: Config;
  readonly pool: ConstructorParameters<typeof StripeTransferStore>[0];
  readonly clock: { now(): Date };
}

/** The rail as the settings make it; undefined: switched off. */
export function stripeRail({ config, pool, clock }: StripeRailGiven): CallRail<StripeDestination> | undefined {
  const { STRIPE_API_KEY: apiKey, STRIPE_API_BASE: apiBase } = config;
  if (apiKey === undefined) return undefined;
  return stripeTransferRail({
    transfers: new StripeTransfers({ apiKey, apiBase }),
    memory: new StripeTransferStore(pool),
    clock,
    lookAgainMs: lookAgainMsOf(config),
  });
}

/** Pause between two looks at a transfer that was made, in milliseconds. */
export function lookAgainMsOf({ STRIPE_LOOK_AGAIN_DAYS: days }: Pick<Config, 'STRIPE_LOOK_AGAIN_DAYS'>): number {
  return days * DAY_MS;
}
