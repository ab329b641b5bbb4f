import type { Destinations, OpenDestination } from '../methods/destinations.js';
import { type CallRail, type Payment, type Rail, type RailAnswer, RailRefusal, type RailKind } from '../rails/rail.js';
import type { Change, PayoutBook } from './change-payout.js';
import { isWithRail, payableMicros, type Payout } from './payout.js';
import { LOST, recordAnswers, type Told } from './record-answers.js';

/** A payout that this worker alone acts upon until its claim runs out. */
export interface Claim {
  readonly payout: Payout;
  /** How often it has been claimed; whoever claims it later has another number. */
  readonly number: number;
}

export interface WorkBook extends PayoutBook {
  /** Those of the claims that nobody has claimed since, as they stand now, under their row locks. */
  lockClaimed(claims: readonly Claim[]): Promise<Payout[]>;
  /** Of these, those whose person may be paid nothing for now. */
  frozenAmong(payouts: readonly Payout[]): Promise<ReadonlySet<Payout['id']>>;
}

export interface SubmitGiven {
  /**
   * Takes payouts of these rails whose time has come, in a database transaction of its own, and keeps them from others
   * for a while that grows with every claim. `approved`: to be sent, without those of frozen persons; `sent`: to be
   * asked about, which pays nobody.
   */
  readonly claim: (what: {
    due: 'approved' | 'sent';
    rails: readonly RailKind[];
    now: Date;
    limit: number;
  }) => Promise<Claim[]>;
  readonly rails: ReadonlyMap<RailKind, Rail>;
  readonly destinations: Destinations;
  readonly inTransaction: <T>(work: (book: WorkBook) => Promise<T>) => Promise<T>;
  readonly clock: { now(): Date };
  /** The longest a rail is waited for, in milliseconds; shorter than a claim lasts. */
  readonly timeoutMs: number;
  readonly taken: (changed: readonly Payout[]) => void;
  readonly failed: (payout: Payout, error: unknown) => void;
}

/** At most this many payouts are on their way to rails at once. */
const BATCH = 50;
/** A payout sent once more is kept from other workers for this long. */
const CLAIM_MS = 30_000;

/** Sends what is approved, and asks about what was sent. Returns whether there may be more. */
export async function submitPayouts(given: SubmitGiven): Promise<boolean> {
  const sent = await sendApproved(given);
  const asked = await askAboutSent(given);
  return sent || asked;
}

/**
 * Sends approved payouts to rails that are called: claim, submitted, call, write down. A crash before the call leaves
 * an approved payout or one that the rail will say is absent; a crash after it leaves one that is asked about by its
 * reference. Nothing is ever sent twice without the rail having said `absent` in between.
 */
async function sendApproved(given: SubmitGiven): Promise<boolean> {
  const { clock } = given;
  const claims = await claimFor(given, 'approved');
  if (claims.length === 0) return false;
  const open = await openDestinations(given, claims);
  const ready = await given.inTransaction(async (book) => {
    const approved = (await book.lockClaimed(claims)).filter(({ status }) => status === 'approved');
    // A stop or a freeze since the claim counts; what it keeps back is claimed again once it is lifted.
    const frozen = await book.frozenAmong(approved);
    const changes = approved
      .filter(({ id }) => !frozen.has(id))
      .map((payout) => submission(payout, open.get(payout.methodId), clock.now()));
    await book.take(changes.filter(({ payout }) => payout.status !== 'approved'));
    await book.keep(changes.filter(({ payout }) => payout.status === 'approved'));
    return changes.map(({ payout }) => payout);
  });
  given.taken(ready.filter(({ status }) => status !== 'approved'));
  await send(given, { claims, payouts: ready.filter(({ status }) => status === 'submitted'), open });
  return claims.length === BATCH;
}

/** What becomes of an approved payout whose turn it is. */
function submission(payout: Payout, open: OpenDestination | undefined, now: Date): Change {
  if (open?.kind !== payout.rail) {
    return { payout: { ...payout, status: 'failed', reason: 'method_unusable', changedAt: now }, askAt: undefined };
  }
  if (open.heldUntil !== undefined && open.heldUntil > now) return { payout, askAt: open.heldUntil };
  return { payout: { ...payout, status: 'submitted', changedAt: now }, askAt: new Date(now.getTime() + CLAIM_MS) };
}

/**
 * Asks rails about what they were sent and have not ended, and about what may come back. What a rail never had is sent
 * again under the same reference, by the same claim, unless its person is frozen.
 */
async function askAboutSent(given: SubmitGiven): Promise<boolean> {
  const claims = await claimFor(given, 'sent');
  if (claims.length === 0) return false;
  const open = await openDestinations(given, claims);
  const told = await call(
    given,
    claims.map(({ payout }) => payout),
    { open, how: 'find' },
  );
  // What has settled is never sent again: that its rail does not know it contradicts what stands.
  const mayBeAbsent = new Set(claims.filter(({ payout }) => isWithRail(payout.status)).map(({ payout }) => payout.id));
  const absent = new Set(
    told.filter(({ id, answer }) => answer.state === 'absent' && mayBeAbsent.has(id)).map(({ id }) => id),
  );
  await record(given, { claims, told: told.filter(({ id }) => !absent.has(id)) });
  const absentClaims = claims.filter(({ payout }) => absent.has(payout.id));
  const again = await given.inTransaction((book) => prepareAgain(book, absentClaims, given.clock.now()));
  given.taken(again);
  await send(given, { claims: absentClaims, payouts: again.filter(({ status }) => status === 'submitted'), open });
  return claims.length === BATCH;
}

/** Takes payouts that the rail never had back to `submitted`, by way of `unknown`. */
async function prepareAgain(book: WorkBook, claims: readonly Claim[], now: Date): Promise<Payout[]> {
  if (claims.length === 0) return [];
  const payouts = (await book.lockClaimed(claims)).filter(({ status }) => isWithRail(status));
  const frozen = await book.frozenAmong(payouts);
  const askAt = new Date(now.getTime() + CLAIM_MS);
  const changes = payouts.flatMap((payout): Change[] => {
    const unknown: Payout = { ...payout, status: 'unknown', changedAt: now };
    const steps: Change[] = payout.status === 'unknown' ? [] : [{ payout: unknown, askAt }];
    if (!frozen.has(payout.id)) steps.push({ payout: { ...unknown, status: 'submitted' }, askAt });
    return steps;
  });
  await book.take(changes);
  return changes.map(({ payout }) => payout);
}

async function send(
  given: SubmitGiven,
  {
    claims,
    payouts,
    open,
  }: {
    claims: readonly Claim[];
    payouts: readonly Payout[];
    open: ReadonlyMap<Payout['methodId'], OpenDestination>;
  },
): Promise<void> {
  const inTime = payouts.filter((payout) => isInTime(given, payout));
  await record(given, { claims, told: await call(given, inTime, { open, how: 'submit' }) });
}

/**
 * Whether a call that is made now has its answer before the claim runs out. After a standstill it has not: by then another
 * worker may have asked, sent the payout itself and been refused, and the amount would be paid and given back.
 */
function isInTime({ clock, timeoutMs, failed }: SubmitGiven, payout: Payout): boolean {
  const waitedMs = clock.now().getTime() - payout.changedAt.getTime();
  if (waitedMs <= CLAIM_MS - timeoutMs) return true;
  failed(payout, new Error(`it was not sent, since it could have been for ${Math.round(waitedMs / 1_000)} s already`));
  return false;
}

/**
 * Writes down what was told by these claims. What was told to a claim that has run out and that somebody else has taken
 * over is dropped: the other may have sent the payout since, and a refusal of the first call would give back an amount
 * that the second one pays. What contradicts an end that stands changes nothing and is told to the log.
 */
async function record(
  { inTransaction, clock, taken, failed }: SubmitGiven,
  { claims, told }: { claims: readonly Claim[]; told: readonly Told[] },
): Promise<void> {
  if (told.length === 0) return;
  const { heard, outcomes, changed } = await inTransaction(async (book) => {
    const own = new Set((await book.lockClaimed(claims)).map(({ id }) => id));
    const fresh = told.filter(({ id }) => own.has(id));
    return { heard: fresh, ...(await recordAnswers(book, fresh, clock.now())) };
  });
  taken(changed);
  const against = new Map(
    heard.filter((_, n) => outcomes[n] === 'contradiction').map(({ id, answer }) => [id, answer]),
  );
  for (const { payout } of claims) {
    const answer = against.get(payout.id);
    if (answer !== undefined) failed(payout, new Error(`the rail now says ${answer.state}, against what stands`));
  }
}

/** What is said of a payout that settled and whose method was erased since: nobody can be asked any more, and it stands. */
const STANDS: RailAnswer = { state: 'settled', reason: undefined, askAgainAfterMs: undefined };

/** Calls the rails, all at once. An error of `submit` is a lost answer; one of `find` tells nothing, and is asked again. */
async function call(
  given: SubmitGiven,
  payouts: readonly Payout[],
  { open, how }: { open: ReadonlyMap<Payout['methodId'], OpenDestination>; how: 'submit' | 'find' },
): Promise<Told[]> {
  const told = await Promise.all(
    payouts.map(async (payout): Promise<Told | undefined> => {
      const { tenantId, id } = payout;
      if (payout.status === 'settled' && !open.has(payout.methodId)) return { tenantId, id, answer: STANDS };
      try {
        const { rail, payment } = preparedFor(given, payout, open.get(payout.methodId));
        return { tenantId, id, answer: await rail[how](payment, AbortSignal.timeout(given.timeoutMs)) };
      } catch (error) {
        if (how === 'submit' && error instanceof RailRefusal) return { tenantId, id, answer: refusal(error) };
        given.failed(payout, error);
        return how === 'submit' ? { tenantId, id, answer: LOST } : undefined;
      }
    }),
  );
  return told.filter((each) => each !== undefined);
}

function refusal({ reason }: RailRefusal): RailAnswer {
  return { state: 'failed', reason, askAgainAfterMs: undefined };
}

function preparedFor(
  { rails }: SubmitGiven,
  payout: Payout,
  open: OpenDestination | undefined,
): { rail: CallRail; payment: Payment<unknown> } {
  const rail = rails.get(payout.rail);
  if (rail?.mode !== 'call' || open === undefined) throw new Error('the rail or the method cannot be used');
  return { rail, payment: paymentOf(payout, open.destination) };
}

/** What a rail is handed. */
export function paymentOf(payout: Payout, destination: unknown): Payment<unknown> {
  const { tenantId, id: reference, currency, requestedAt } = payout;
  return { tenantId, reference, amountMicros: payableMicros(payout), currency, destination, requestedAt };
}

function claimFor({ claim, rails, clock }: SubmitGiven, due: 'approved' | 'sent'): Promise<Claim[]> {
  const called = [...rails.values()].filter(({ mode }) => mode === 'call').map(({ kind }) => kind);
  return claim({ due, rails: called, now: clock.now(), limit: BATCH });
}

function openDestinations(
  { destinations }: SubmitGiven,
  claims: readonly Claim[],
): Promise<ReadonlyMap<Payout['methodId'], OpenDestination>> {
  return destinations.open(claims.map(({ payout: { tenantId, methodId } }) => ({ tenantId, methodId })));
}
