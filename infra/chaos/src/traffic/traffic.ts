import { setTimeout as wait } from 'node:timers/promises';
import { type Judged, judgeAnswer } from './answer.js';
import type { Doors } from './doors.js';
import type { Inhabitants, Tokens } from './inhabitants.js';
import { type Kind, KINDS, PURCHASE } from './kinds.js';
import type { Sample } from './sample.js';
import { send } from './send.js';

/** Longer than any answer may take, so that a hang is seen as one. */
const CLIENT_TIMEOUT_MS = 45_000;
const RETRY_PAUSE_MS = 1_000;
/** A purchase that is not acknowledged by then is given up. */
const GIVE_UP_MS = 120_000;

/** A steady light load of every kind, open-loop: what is due is sent, however long answers take. */
export class Traffic {
  readonly samples: Sample[] = [];
  /** Purchases that nobody acknowledged. */
  givenUp = 0;
  readonly #doors: Doors;
  readonly #inhabitants: Inhabitants;
  readonly #tokens: Tokens;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #abandoned = false;

  constructor(parts: { doors: Doors; inhabitants: Inhabitants; tokens: Tokens }) {
    this.#doors = parts.doors;
    this.#inhabitants = parts.inhabitants;
    this.#tokens = parts.tokens;
  }

  start(): void {
    for (const kind of KINDS) {
      let n = 0;
      this.#timers.push(
        setInterval(() => {
          n += 1;
          this.#track(kind.name === PURCHASE ? this.#purchase(kind) : this.#once(kind, n).then(() => undefined));
        }, 1_000 / kind.perSecond),
      );
    }
  }

  /** Sends no more, and resolves when all is answered and every purchase acknowledged or given up. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  /** Nobody asks any more what came of it. */
  abandon(): void {
    this.#abandoned = true;
    for (const timer of this.#timers) clearInterval(timer);
  }

  #track(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Once accepted for sending it counts as bought: it is repeated under its key until it is acknowledged. */
  async #purchase(kind: Kind): Promise<void> {
    const inhabitants = this.#inhabitants;
    const { bought } = inhabitants;
    const n = inhabitants.purchases;
    inhabitants.purchases += 1;
    const buyer = n % bought.length;
    bought[buyer] = (bought[buyer] ?? 0) + 1;
    const deadline = performance.now() + GIVE_UP_MS;
    while (performance.now() < deadline && !this.#abandoned) {
      if (await this.#once(kind, n)) return;
      await wait(RETRY_PAUSE_MS);
    }
    this.givenUp += 1;
  }

  /** Whether the answer was the one hoped for. */
  async #once(kind: Kind, n: number): Promise<boolean> {
    const sample: Sample = { kind: kind.name, sentMs: performance.now() };
    this.samples.push(sample);
    const judged = await this.#judged(kind, n);
    sample.result = { ...judged, tookMs: performance.now() - sample.sentMs };
    return judged.outcome === 'ok';
  }

  async #judged(kind: Kind, n: number): Promise<Judged> {
    try {
      const answer = await send(this.#doors.next(), kind.call(this.#tokens, n), CLIENT_TIMEOUT_MS);
      return judgeAnswer(answer, kind.hope);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return { outcome: 'none', why: code ?? message };
    }
  }
}
