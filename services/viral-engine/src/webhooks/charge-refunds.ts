/** One refund of a charge as it was recorded, or is to be: under an external id that it will always have. */
export interface RefundPart {
  readonly externalId: string;
  readonly amountMicros: bigint;
}

/** A part that was recorded, and whether it was undone since. */
export interface RecordedPart extends RefundPart {
  readonly undone: boolean;
}

/** The sum refunded of a charge, as the sender told it at a moment. */
export interface ChargeSum {
  readonly toldAt: Date;
  readonly refundedMicros: bigint;
}

/** A refund that failed, or was cancelled, and when the sender told so. */
export interface FailedRefund extends RefundPart {
  readonly toldAt: Date;
}

/** Everything that was told of one charge, and what was recorded of it. */
export interface ChargeHistory {
  readonly chargeId: string;
  readonly sums: readonly ChargeSum[];
  readonly failures: readonly FailedRefund[];
  readonly parts: readonly RecordedPart[];
  /** The refunds of the charge by their own ids, where an event carries them all. */
  readonly refunds: readonly { readonly refundId: string; readonly amountMicros: bigint }[];
}

/**
 * What stands refunded of a charge. Senders tell the sum so far. While no refund failed it only rises, so the largest
 * one told holds, whatever came late, twice or not at all. A failure lowers it: then the latest one told holds, less what
 * failed afterwards. What was recorded before sums were kept counts as told first of all.
 */
export function standingRefunds({ sums, failures, parts }: ChargeHistory): bigint {
  const recordedMicros = total(parts);
  const told = sums.length > 0 ? sums : [{ toldAt: new Date(0), refundedMicros: recordedMicros }];
  const latest = told.reduce((best, sum) => {
    const isLater = failures.length > 0 && sum.toldAt.getTime() !== best.toldAt.getTime();
    return (isLater ? sum.toldAt > best.toldAt : sum.refundedMicros > best.refundedMicros) ? sum : best;
  });
  const failedSince = total(failures.filter(({ toldAt }) => toldAt >= latest.toldAt));
  return failedSince > latest.refundedMicros ? 0n : latest.refundedMicros - failedSince;
}

/**
 * What is to be recorded, and what of the recorded is to be undone, so that what is recorded equals what stands. Where
 * all refunds are known by their own ids and the missing ones make up the difference, each is recorded under its own;
 * otherwise the difference is one part, named by the sum of all parts that it leads to. A part is undone whole, and what
 * of it stands is recorded once more.
 */
export function settleParts(history: ChargeHistory): { undo: RecordedPart[]; add: RefundPart[] } {
  const { chargeId, parts, refunds } = history;
  const standing = parts.filter(({ undone }) => !undone);
  const missingMicros = standingRefunds(history) - total(standing);
  const rest = (amountMicros: bigint) => ({
    externalId: `${chargeId}:refunded:${total(parts) + amountMicros}`,
    amountMicros,
  });
  if (missingMicros === 0n) return { undo: [], add: [] };
  if (missingMicros < 0n) {
    const undo = partsToUndo(history, -missingMicros);
    const left = total(undo) + missingMicros;
    return { undo, add: left > 0n ? [rest(left)] : [] };
  }
  const known = new Set(parts.map(({ externalId }) => externalId));
  const own = refunds
    .filter(({ refundId, amountMicros }) => amountMicros > 0n && !known.has(refundId))
    .map(({ refundId: externalId, amountMicros }) => ({ externalId, amountMicros }));
  return { undo: [], add: total(own) === missingMicros ? own : [rest(missingMicros)] };
}

/** First what failed under its own id, then what is just as large, then the smallest that is larger, then the largest. */
function partsToUndo({ parts, failures }: ChargeHistory, wantedMicros: bigint): RecordedPart[] {
  const failed = new Set(failures.map(({ externalId }) => externalId));
  const left = parts.filter(({ undone }) => !undone).toSorted((a, b) => (a.amountMicros < b.amountMicros ? -1 : 1));
  const undo: RecordedPart[] = [];
  while (total(undo) < wantedMicros) {
    const still = wantedMicros - total(undo);
    const next =
      left.find(({ externalId }) => failed.has(externalId)) ??
      left.find(({ amountMicros }) => amountMicros >= still) ??
      left.at(-1);
    if (next === undefined) throw new Error('No more can be undone than stands');
    undo.push(next);
    left.splice(left.indexOf(next), 1);
  }
  return undo;
}

function total(all: readonly { readonly amountMicros: bigint }[]): bigint {
  return all.reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
}
