import type { Socket } from 'node:net';

/** What a network does to bytes on their way. Every member is for one direction; times are in ms. */
export interface NetworkFault {
  /** Added to the way. */
  readonly latencyMs?: number;
  /** Added at random on top, from nothing up to this. */
  readonly jitterMs?: number;
  /** How much passes in a second. */
  readonly bytesPerSecond?: number;
  /**
   * Share of chunks that get lost, 0 to 1. Under TCP a lost packet is sent again, so what is seen of it is a pause: 200 ms,
   * twice as long for each further loss of the same chunk, and all that comes behind waits, too.
   */
  readonly lossShare?: number;
  /** Nothing passes; what was sent meanwhile arrives once the fault is over. */
  readonly stalled?: boolean;
  /**
   * Nothing passes, and what is sent meanwhile is lost. New connections are accepted and never answered. Once it is over,
   * connections that lost something are reset.
   */
  readonly partitioned?: boolean;
  /** Which way suffers. Default both; a partition is always both. */
  readonly direction?: 'both' | 'toServer' | 'toClient';
}

const RETRANSMIT_MS = 200;
const RETRANSMIT_MAX_MS = 3_200;
/** What lies on the line before its sender is told to wait. */
const LINE_BYTES = 1_048_576;

interface Parcel {
  /** undefined: the end of the stream. */
  readonly chunk: Buffer | undefined;
  readonly dueMs: number;
}

/** One direction of one proxied connection: takes what comes from one socket, hands it to the other when it is due. */
export class FaultyLine {
  readonly #to: Socket;
  readonly #from: Socket;
  readonly #faultOf: () => NetworkFault;
  readonly #random: () => number;
  readonly #parcels: Parcel[] = [];
  #waitingBytes = 0;
  #lastDueMs = 0;
  #lineFreeMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, faultOf: () => NetworkFault, random: () => number) {
    this.#from = from;
    this.#to = to;
    this.#faultOf = faultOf;
    this.#random = random;
    to.on('drain', () => this.deliver());
  }

  /** Takes a chunk, or the end of the stream. */
  take(chunk: Buffer | undefined): void {
    this.#parcels.push({ chunk, dueMs: this.#dueMs(chunk?.length ?? 0) });
    this.#waitingBytes += chunk?.length ?? 0;
    if (this.#waitingBytes > LINE_BYTES) this.#from.pause();
    this.deliver();
  }

  /** Hands over what is due; to be called whenever the fault has changed. */
  deliver(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (;;) {
      const [parcel] = this.#parcels;
      if (parcel === undefined || this.#faultOf().stalled === true || this.#to.destroyed) return;
      const waitMs = parcel.dueMs - performance.now();
      if (waitMs > 0.5) {
        this.#timer = setTimeout(() => this.deliver(), waitMs);
        return;
      }
      if (this.#to.writableNeedDrain) return;
      this.#parcels.shift();
      this.#handOver(parcel);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #handOver({ chunk }: Parcel): void {
    if (chunk === undefined) {
      this.#to.end();
      return;
    }
    this.#waitingBytes -= chunk.length;
    if (this.#waitingBytes <= LINE_BYTES) this.#from.resume();
    this.#to.write(chunk);
  }

  /** Never before what came earlier. */
  #dueMs(bytes: number): number {
    const { latencyMs = 0, jitterMs = 0, bytesPerSecond = Infinity, lossShare = 0 } = this.#faultOf();
    const nowMs = performance.now();
    this.#lineFreeMs = Math.max(this.#lineFreeMs, nowMs) + (bytes * 1_000) / bytesPerSecond;
    const onTheWayMs = latencyMs + jitterMs * (jitterMs > 0 ? this.#random() : 0) + this.#lostMs(lossShare);
    this.#lastDueMs = Math.max(this.#lastDueMs, this.#lineFreeMs + onTheWayMs);
    return this.#lastDueMs;
  }

  #lostMs(lossShare: number): number {
    let lostMs = 0;
    for (let pauseMs = RETRANSMIT_MS; pauseMs <= RETRANSMIT_MAX_MS; pauseMs *= 2) {
      if (lossShare === 0 || this.#random() >= lossShare) return lostMs;
      lostMs += pauseMs;
    }
    return lostMs;
  }
}

/** A stream of numbers from 0 to 1 that is the same for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
