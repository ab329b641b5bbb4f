import { normaliseReferralCode } from '../members/referral-code.js';
import type { Click, CodeOwner } from './click.js';

export interface FollowLinkParts {
  /** Undefined for a code that nobody has. */
  readonly findOwner: (code: string) => Promise<CodeOwner | undefined>;
  /** Takes a click to be stored soon; never waits and never throws. */
  readonly log: (click: Click) => void;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** Somebody follows a referral link: the click is logged under the browser's visitor id, which is made where there is none. */
export class FollowLink {
  readonly #parts: FollowLinkParts;

  constructor(parts: FollowLinkParts) {
    this.#parts = parts;
  }

  /** The visitor id to be remembered by the browser; undefined when the code is unknown and nothing was recorded. */
  async follow(typedCode: string, visitorId: string | undefined): Promise<string | undefined> {
    const { findOwner, log, clock, newId } = this.#parts;
    const code = normaliseReferralCode(typedCode);
    const owner = code === undefined ? undefined : await findOwner(code);
    if (owner === undefined) return undefined;
    const visitor = visitorId ?? newId();
    log({ ...owner, id: newId(), visitorId: visitor, clickedAt: clock.now() });
    return visitor;
  }
}
