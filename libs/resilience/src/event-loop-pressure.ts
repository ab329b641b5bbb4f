import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface EventLoopPressureOptions {
  /** How late the event loop may run on average, in ms, before work is turned away. */
  readonly delayMaxMs: number;
}

/** How likely new work is to be turned away. */
export interface Pressure {
  /** 0: none is; towards 1: nearly all. */
  readonly share: number;
}

const RESOLUTION_MS = 10;
const TICK_MS = 100;
/** A single late tick is a pause of the garbage collector, or a machine that slept; load lasts. */
const TICKS_BEFORE_SHEDDING = 2;
const STEP_UP = 0.15;
const STEP_DOWN = 0.05;
const SHARE_MAX = 0.95;

/** The next share, given how often in a row the loop was late: up by steps while it is, down by smaller ones when not. */
export function nextShare(share: number, lateTicks: number): number {
  if (lateTicks >= TICKS_BEFORE_SHEDDING) return Math.min(SHARE_MAX, share + STEP_UP);
  return lateTicks > 0 ? share : Math.max(0, share - STEP_DOWN);
}

/**
 * Watches how late the event loop runs. A process with more work than its core can do shows it there first, whatever its
 * requests wait for: requests queue in sockets, where no counter sees them, and each turn of the loop takes longer.
 */
export class EventLoopPressure implements Pressure {
  readonly #delayMaxMs: number;
  readonly #delays: ReturnType<typeof monitorEventLoopDelay>;
  readonly #timer: NodeJS.Timeout;
  #tickedAtMs = performance.now();
  #lateTicks = 0;
  #share = 0;

  constructor({ delayMaxMs }: EventLoopPressureOptions) {
    this.#delayMaxMs = delayMaxMs;
    this.#delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.#delays.enable();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get share(): number {
    return this.#share;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
    this.#share = 0;
  }

  #tick(): void {
    const nowMs = performance.now();
    // The histogram holds the time from one firing to the next, its own interval included; without any, nothing fired.
    const delayMs = this.#delays.count === 0 ? nowMs - this.#tickedAtMs : this.#delays.mean / 1e6 - RESOLUTION_MS;
    this.#tickedAtMs = nowMs;
    this.#delays.reset();
    this.#lateTicks = delayMs > this.#delayMaxMs ? this.#lateTicks + 1 : 0;
    this.#share = nextShare(this.#share, this.#lateTicks);
  }
}
