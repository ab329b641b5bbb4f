import { setTimeout as wait } from 'node:timers/promises';
import { type Attempt, type Claim, limpsAfter, stateAfter } from './delivery.js';
import type { ClaimLimits } from './delivery.store.js';
import { FAILING_FOR_MS, pauseAfter, retryAfterMs } from './schedule.js';
import type { Sent } from './sender.adapter.js';
import { signatureHeaders } from './signature.js';

export interface DeliverGiven {
  readonly claim: (limits: ClaimLimits) => Promise<Claim[]>;
  /** The secrets that hold, by subscription id. */
  readonly secretsOf: (
    claims: readonly Claim[],
    now: Date,
  ) => Promise<ReadonlyMap<string, readonly { secret: string }[]>>;
  readonly post: (url: string, message: { headers: Record<string, string>; body: string }) => Promise<Sent>;
  /** Writes down what came of it, in one database transaction, and disables the subscription when `disableFor` says so. */
  readonly record: (claim: Claim, attempt: Recorded) => Promise<void>;
  readonly clock: { now(): Date };
  /** From 0 to 1. */
  readonly random: () => number;
  readonly inFlightMax: number;
  readonly perSubscriptionMax: number;
  /** How long a claim holds: longer than any attempt takes. */
  readonly claimMs: number;
  /** Longest wait for one of those under way before more are looked for. */
  readonly everyMs: number;
  readonly failed: (claim: Claim, error: unknown) => void;
  readonly ended: (sent: Sent, gaveUp: boolean) => void;
}

/** An attempt, what it makes of the message, and what it may make of the subscription. */
export interface Recorded extends Attempt {
  readonly state: 'pending' | 'delivered' | 'failed';
  readonly dueAt: Date | undefined;
  readonly now: Date;
  /** Given since when it has been failing, why the subscription is to be disabled; undefined: it is not. */
  readonly disableFor: (failingSince: Date | undefined) => 'failing' | 'gone' | undefined;
}

/** Of the messages under way, the share that those may have which limp. */
const LIMPING_SHARE = 4;

/**
 * Sends what is due. Every message under way stands for itself: a receiver that is slow, dead or wrong is given few of
 * them and, once it limps, one, out of a share that all of its kind have together; the others never wait for it. An
 * attempt whose process dies is made again when its claim has run out, under the same id.
 */
export class DeliverMessages {
  readonly #given: DeliverGiven;
  readonly #underWay = { steady: new Set<Promise<void>>(), limping: new Set<Promise<void>>() };

  constructor(given: DeliverGiven) {
    this.#given = given;
  }

  /** Begins to send what may be sent now. Returns true when there may be more: one of them is done, or `everyMs` has passed. */
  async runOnce(): Promise<boolean> {
    const { inFlightMax, everyMs } = this.#given;
    const { steady, limping } = this.#underWay;
    const before = steady.size + limping.size;
    const limpingMax = Math.max(1, Math.floor(inFlightMax / LIMPING_SHARE));
    const begun =
      (await this.#begin(false, inFlightMax - steady.size - limping.size)) +
      (await this.#begin(true, Math.min(limpingMax - limping.size, inFlightMax - steady.size - limping.size)));
    const underWay = [...steady, ...limping];
    // What ended while these were claimed has made room for more.
    if (underWay.length === 0) return begun + before > 0;
    await Promise.race([...underWay, wait(everyMs)]);
    return true;
  }

  /** Resolves when nothing is under way any more. */
  async drain(): Promise<void> {
    await Promise.all([...this.#underWay.steady, ...this.#underWay.limping]);
  }

  async #begin(limps: boolean, limit: number): Promise<number> {
    if (limit <= 0) return 0;
    const { claim, secretsOf, clock, claimMs, perSubscriptionMax } = this.#given;
    const now = clock.now();
    const until = new Date(now.getTime() + claimMs);
    const claims = await claim({ now, until, limps, limit, perSubscription: limps ? 1 : perSubscriptionMax });
    if (claims.length === 0) return 0;
    const secrets = await secretsOf(claims, now);
    const lane = limps ? this.#underWay.limping : this.#underWay.steady;
    for (const each of claims) {
      const sending = this.#send(
        each,
        (secrets.get(each.subscriptionId) ?? []).map(({ secret }) => secret),
      )
        .catch((error: unknown) => this.#given.failed(each, error))
        .finally(() => lane.delete(sending));
      lane.add(sending);
    }
    return claims.length;
  }

  async #send(claim: Claim, secrets: readonly string[]): Promise<void> {
    const { post, record, clock, random, ended } = this.#given;
    const startedAt = clock.now();
    const { url, body, messageId, attempt, tries } = claim;
    const sent = await post(url, { headers: signatureHeaders({ id: messageId, at: startedAt, body }, secrets), body });
    const now = clock.now();
    const askedMs = retryAfterMs(sent.retryAfter, now);
    const pauseMs = sent.outcome === 'gone' ? undefined : pauseAfter(tries, random(), askedMs);
    const state = stateAfter(sent.outcome, pauseMs);
    const dueAt = state === 'pending' && pauseMs !== undefined ? new Date(now.getTime() + pauseMs) : undefined;
    const disableFor: Recorded['disableFor'] = (failingSince) => {
      if (sent.outcome === 'gone') return 'gone';
      const isFailing = failingSince !== undefined && now.getTime() - failingSince.getTime() >= FAILING_FOR_MS;
      return isFailing && limpsAfter(sent) ? 'failing' : undefined;
    };
    await record(claim, { ...sent, attempt, startedAt, state, dueAt, now, disableFor });
    ended(sent, state === 'failed');
  }
}
