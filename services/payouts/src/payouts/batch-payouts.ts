import type { CurrencyCode } from '@dailydoco/money';
import { asPayoutBatchId, type PayoutBatchId, type TenantId, type UserId } from '../ids.js';
import type { Destinations } from '../methods/destinations.js';
import type { FileRail, Rail, RailKind } from '../rails/rail.js';
import type { Change, PayoutBook } from './change-payout.js';
import { payableMicros, type Payout } from './payout.js';

/** Payouts that leave together, in one file; which ones never changes. */
export interface PayoutBatch {
  readonly tenantId: TenantId;
  readonly id: PayoutBatchId;
  readonly rail: RailKind;
  readonly currency: CurrencyCode;
  readonly payments: number;
  /** What the file pays. */
  readonly amountMicros: bigint;
  readonly createdAt: Date;
  /** The file, from when it was first made. */
  readonly file: { readonly name: string; readonly sha256: Uint8Array; readonly madeAt: Date } | undefined;
  /** When somebody said that the bank has it. */
  readonly sent: { readonly at: Date; readonly by: UserId } | undefined;
}

/** Approved payouts of one tenant, rail and currency that wait for a file. */
export interface WaitingGroup {
  readonly tenantId: TenantId;
  readonly rail: RailKind;
  readonly currency: CurrencyCode;
  readonly payments: number;
  /** Since when the oldest has been approved. */
  readonly since: Date;
}

export interface BatchBook extends PayoutBook {
  addBatch(batch: PayoutBatch): Promise<void>;
  /** Of these, those whose person may be paid nothing for now. */
  frozenAmong(payouts: readonly Payout[]): Promise<ReadonlySet<Payout['id']>>;
}

export interface BatchGiven {
  /** What waits on these rails and may leave. */
  readonly waiting: (rails: readonly RailKind[], now: Date) => Promise<WaitingGroup[]>;
  /** The oldest payouts of a group, without locks. */
  readonly candidates: (group: WaitingGroup, now: Date, limit: number) => Promise<Payout[]>;
  readonly rails: ReadonlyMap<RailKind, Rail>;
  readonly destinations: Destinations;
  readonly inTransaction: <T>(work: (book: BatchBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  /** A batch is made when it is full, or when its oldest payout has waited this long, in milliseconds. */
  readonly maxAgeMs: number;
  readonly taken: (changed: readonly Payout[]) => void;
}

/** More than this is never put into one file, whatever the rail would carry: one database transaction makes a batch. */
const MOST_PAYMENTS = 10_000;

/**
 * Puts approved payouts of file rails into batches: full ones at once, others when they are old enough. A payout in a
 * batch is submitted, since from then on somebody may have handed its file to the bank. Returns whether there may be
 * more. Throws after all groups have had their turn: what is wrong with one tenant's keeps nobody else's waiting.
 */
export async function batchPayouts(given: BatchGiven): Promise<boolean> {
  const { rails, waiting, clock, maxAgeMs } = given;
  const files = new Map(
    [...rails.values()].flatMap((rail) => (rail.mode === 'file' ? [[rail.kind, rail] as const] : [])),
  );
  if (files.size === 0) return false;
  const now = clock.now();
  let more = false;
  const failures: unknown[] = [];
  for (const group of await waiting([...files.keys()], now)) {
    const rail = files.get(group.rail);
    if (rail === undefined) continue;
    const most = Math.min(rail.maxPayments, MOST_PAYMENTS);
    if (group.payments < most && now.getTime() - group.since.getTime() < maxAgeMs) continue;
    try {
      await makeBatch(given, group, { rail, most });
      more ||= group.payments > most;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} batches could not be made`);
  return more;
}

async function makeBatch(
  given: BatchGiven,
  group: WaitingGroup,
  { rail, most }: { rail: FileRail; most: number },
): Promise<void> {
  const now = given.clock.now();
  const candidates = await given.candidates(group, now, most);
  const open = await given.destinations.open(candidates);
  const changed = await given.inTransaction(async (book) => {
    const id = asPayoutBatchId(given.newId());
    const approved = (await book.lockAll(candidates)).filter(({ status }) => status === 'approved');
    // Opening thousands of methods takes a while: a stop or a freeze since then counts.
    const frozen = await book.frozenAmong(approved);
    const changes = approved
      .filter(({ id: payoutId }) => !frozen.has(payoutId))
      .map((payout): Change => {
        const destination = open.get(payout.methodId);
        if (destination?.kind !== rail.kind) {
          return {
            payout: { ...payout, status: 'failed', reason: 'method_unusable', changedAt: now },
            askAt: undefined,
          };
        }
        const { heldUntil } = destination;
        if (heldUntil !== undefined && heldUntil > now) return { payout, askAt: heldUntil };
        return { payout: { ...payout, status: 'submitted', batchId: id, changedAt: now }, askAt: undefined };
      });
    const sent = changes.map(({ payout }) => payout).filter(({ status }) => status === 'submitted');
    if (sent.length > 0) await book.addBatch(batchOf(group, { id, payouts: sent, now }));
    await book.take(changes.filter(({ payout }) => payout.status !== 'approved'));
    await book.keep(changes.filter(({ payout }) => payout.status === 'approved'));
    return changes.map(({ payout }) => payout).filter(({ status }) => status !== 'approved');
  });
  given.taken(changed);
}

function batchOf(
  { tenantId, rail, currency }: WaitingGroup,
  { id, payouts, now }: { id: PayoutBatchId; payouts: readonly Payout[]; now: Date },
): PayoutBatch {
  const amountMicros = payouts.reduce((sum, payout) => sum + payableMicros(payout), 0n);
  const none = { file: undefined, sent: undefined };
  return { tenantId, id, rail, currency, payments: payouts.length, amountMicros, createdAt: now, ...none };
}
