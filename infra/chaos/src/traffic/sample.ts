import type { Outcome } from './answer.js';

/** One request: when it was sent and what came of it. Times are in ms of one monotonic clock. */
export interface Sample {
  readonly kind: string;
  readonly sentMs: number;
  /** Absent while nothing has come back. */
  result?: {
    readonly tookMs: number;
    readonly outcome: Outcome;
    readonly why: string;
  };
}

export const isBad = ({ result }: Sample): boolean => result !== undefined && result.outcome !== 'ok';
