import type { Clock } from './clock.js';

/** How a loop says that it is alive. Every loop of a service holds one. */
export interface Heartbeat {
  /** One more round done, or attempted: a loop that cannot reach its store still beats. */
  beat(): void;
  /** The loop ended on purpose and is no longer watched. */
  stop(): void;
  /** The loop died and will not come back: liveness is red until `stop`, whatever `beat` says. */
  fail(error: unknown): void;
}

export interface HeartbeatOptions {
  /** Silence longer than this turns liveness red. Default 60,000. */
  maxSilenceMs?: number;
}

const DEFAULT_MAX_SILENCE_MS = 60_000;

interface Watched {
  readonly name: string;
  readonly maxSilenceMs: number;
  lastBeatMs: number;
  failed: boolean;
}

/** All loops of the process and when each was last heard of. */
export class Heartbeats {
  readonly #watched = new Set<Watched>();
  readonly #clock: Clock;
  readonly #onFail: (name: string, error: unknown) => void;

  constructor(clock: Clock, onFail: (name: string, error: unknown) => void) {
    this.#clock = clock;
    this.#onFail = onFail;
  }

  /** Watches one more loop, from now on. Two loops may share a name. */
  watch(name: string, options: HeartbeatOptions): Heartbeat {
    const { maxSilenceMs = DEFAULT_MAX_SILENCE_MS } = options;
    const watched: Watched = { name, maxSilenceMs, lastBeatMs: this.#nowMs(), failed: false };
    this.#watched.add(watched);
    return {
      beat: () => {
        watched.lastBeatMs = this.#nowMs();
      },
      stop: () => {
        this.#watched.delete(watched);
      },
      fail: (error) => {
        watched.failed = true;
        this.#onFail(name, error);
      },
    };
  }

  /** Names of the loops that died or have been silent for too long. */
  failed(): string[] {
    const nowMs = this.#nowMs();
    return [...this.#watched]
      .filter(({ failed, lastBeatMs, maxSilenceMs }) => failed || nowMs - lastBeatMs > maxSilenceMs)
      .map(({ name }) => name);
  }

  #nowMs(): number {
    return this.#clock.now().getTime();
  }
}
