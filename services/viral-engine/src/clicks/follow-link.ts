import type { TenantId } from '../ids.js';
import { broughtBy, passOn, withClickId } from '../links/landing.js';
import { normaliseReferralCode } from '../members/referral-code.js';
import type { Click, CodeTarget, Sender } from './click.js';

export interface FollowLinkParts {
  /** Undefined for a code that nobody has. */
  readonly findTarget: (code: string) => Promise<CodeTarget | undefined>;
  /** Takes a click to be stored soon; never waits and never throws. */
  readonly log: (click: Click) => void;
  /** Makes the id of a click something that only we can make. */
  readonly sign: (tenantId: TenantId, clickId: string) => string;
  /** The landing page of the installation. */
  readonly landingUrl: string;
  readonly clock: { now(): Date };
  readonly newId: () => string;
}

/** A request for a referral link. */
export interface Visit {
  /** As somebody may have typed it. */
  readonly code: string;
  /** What the browser remembers; undefined when it remembers nothing. */
  readonly visitorId: string | undefined;
  readonly sender: Sender;
  readonly query: Readonly<Record<string, unknown>>;
  /** False: a machine asks, or a browser that shows the page to nobody yet. It is sent on, and nothing is recorded. */
  readonly isClick: boolean;
}

/** Where the browser goes, and the visitor id that it should remember, if a click was recorded. */
export interface Followed {
  readonly location: string;
  readonly visitorId: string | undefined;
}

/** Somebody follows a referral link: the click is logged under the browser's visitor id, which is made where there is none. */
export class FollowLink {
  readonly #parts: FollowLinkParts;

  constructor(parts: FollowLinkParts) {
    this.#parts = parts;
  }

  async follow(visit: Visit): Promise<Followed> {
    const { findTarget, log, sign, landingUrl, clock, newId } = this.#parts;
    const code = normaliseReferralCode(visit.code);
    const target = code === undefined ? undefined : await findTarget(code);
    if (target === undefined) return { location: landingUrl, visitorId: undefined };
    const brought = broughtBy(visit.query);
    const location = passOn(target.location, brought);
    if (!visit.isClick) return { location, visitorId: undefined };
    const [id, visitorId] = [newId(), visit.visitorId ?? newId()];
    const { tenantId, ownerId, linkId, campaign } = target;
    // Field by field: a copy of the target without its location takes longer, and every redirect makes one.
    log({
      tenantId,
      ownerId,
      code: target.code,
      linkId,
      campaign,
      id,
      visitorId,
      clickedAt: clock.now(),
      sender: visit.sender,
      brought,
    });
    return { location: withClickId(location, sign(tenantId, id)), visitorId };
  }
}
