import { type Chain, FeeTooHigh, lastAnchor, type Place, post } from '@dailydoco/anchors';
import type { AnchorChain, Anchored } from './anchor-logs.js';

/** The contract through a node of the chain. */
export class ContractChain implements AnchorChain {
  readonly #chain: Chain;
  readonly #place: Place;

  constructor(chain: Chain, place: Place) {
    this.#chain = chain;
    this.#place = place;
  }

  last(origin: string): Promise<Anchored | undefined> {
    return lastAnchor(this.#chain, this.#place.contract, origin);
  }

  post(checkpoint: Anchored & { readonly origin: string }): Promise<string> {
    return post(this.#chain, this.#place, checkpoint);
  }

  isDear(error: unknown): boolean {
    return error instanceof FeeTooHigh;
  }
}
