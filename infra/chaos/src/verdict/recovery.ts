import { isBad, type Sample } from '../traffic/sample.js';

export interface RecoveryQuestion {
  /** When the fault was over. */
  readonly fromMs: number;
  readonly nowMs: number;
  /** All of them must have succeeded. */
  readonly kinds: readonly string[];
  /** For so long nothing may fail. */
  readonly quietMs: number;
}

/**
 * The first moment after the fault from which every request sent within `quietMs` succeeded, each kind among them;
 * undefined while that is not known to have come. What was sent before the fault's end does not count.
 */
export function recoveredAtMs(samples: readonly Sample[], question: RecoveryQuestion): number | undefined {
  const { fromMs, nowMs, kinds, quietMs } = question;
  const since = samples.filter(({ sentMs }) => sentMs >= fromMs);
  let beginMs = fromMs;
  for (const { sentMs } of since.filter(isBad).toSorted((a, b) => a.sentMs - b.sentMs)) {
    if (sentMs > beginMs + quietMs) break;
    beginMs = sentMs;
  }
  // What failed at `beginMs` is not part of the quiet that follows it.
  const quiet = since.filter(
    (sample) => sample.sentMs >= beginMs && sample.sentMs <= beginMs + quietMs && !isBad(sample),
  );
  const isWhole = kinds.every((kind) => quiet.some((sample) => sample.kind === kind));
  if (nowMs < beginMs + quietMs || !isWhole || quiet.some(({ result }) => result === undefined)) return undefined;
  return beginMs;
}
