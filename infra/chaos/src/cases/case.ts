import type { Fleet } from '@dailydoco/local';
import type { Lines } from '../lines.js';
import type { Doors } from '../traffic/doors.js';

/** What a case acts upon. */
export interface Stage {
  readonly fleet: Fleet;
  readonly lines: Lines;
  readonly doors: Doors;
}

export interface Phase {
  readonly title: string;
  /** Kinds of request that may be refused from here until the recovery. */
  readonly mayFail: readonly string[];
  /** Whether these may also get no answer at all: only when the gateway itself is gone. */
  readonly mayBeSilent?: boolean;
  /** Does it, and stays for as long as it lasts. */
  readonly run: (stage: Stage) => Promise<void>;
}

export interface Case {
  readonly title: string;
  /** One instance of each, its lines through proxies; or two of each, as behind a balancer. */
  readonly fleet: 'laid' | 'doubled';
  /** Not one request may fail; else a hundredth of those that have nothing to do with the fault. */
  readonly flawless?: boolean;
  /** `random`: from 0 to 1, decided by the case's seed. */
  readonly phases: (random: () => number) => readonly Phase[];
  /** Ends the fault; recovery is counted from then on. */
  readonly end: (stage: Stage) => Promise<void>;
}
