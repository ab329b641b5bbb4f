import { asRunId } from '../../src/ids.js';
import { BooksStore } from '../../src/reconciliation/books.store.js';
import { OutsideStore } from '../../src/reconciliation/outside-checks.store.js';
import { reconcileTenant } from '../../src/reconciliation/reconcile-tenant.js';
import { inDatabaseTransaction } from '@dailydoco/database';
import { statesOf } from '../books.js';
import { insist } from './broken.js';
import type { ProviderEvent } from './provider.js';
import { APPROVED_ABOVE, findingsFor, type World } from './world.js';

interface PayoutRow {
  readonly id: string;
  readonly person_id: string;
  readonly rail: string;
  readonly status: string;
  readonly reason: string | null;
  readonly amount_micros: bigint;
  readonly withheld_micros: bigint;
  readonly fee_micros: bigint;
  readonly requested_at: Date;
  readonly steps: readonly { readonly step: string; readonly by: string | null }[];
  readonly events: readonly string[];
  readonly findings: readonly { readonly decision: string | null; readonly by: string | null }[];
  /** The day that a schedule paid for. */
  readonly due_on: string | null;
}

/** Which step may follow which. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  '': ['requested'],
  requested: ['screened', 'failed', 'cancelled'],
  screened: ['approved', 'failed', 'cancelled'],
  approved: ['submitted', 'failed', 'cancelled'],
  submitted: ['unknown', 'settled', 'failed'],
  unknown: ['submitted', 'settled', 'failed'],
  settled: ['returned'],
};

/** Reasons of a failure before any rail knew of it. */
const BEFORE_THE_RAIL = ['rejected', 'review_upheld', 'method_unusable'];
const BPS = 10_000n;
const CENT = 10_000n;

/** How long a rail may keep a payout; nothing is that late here. */
const PATIENCE = new Map([
  ['stripe', 48],
  ['usdc', 24],
  ['sepa', 120],
]);

/** What is seen with a look: nothing that ended without the rail was paid, and nobody's account is overdrawn. */
export async function auditRound(world: World): Promise<void> {
  const { rows } = await world.arena.pool.query<{ id: string; rail: string; status: string; reason: string | null }>(
    `SELECT id::text, rail, status, reason FROM payout
     WHERE tenant_id = $1 AND (status = 'cancelled' OR reason = ANY ($2))
     UNION ALL
     SELECT a.id::text, a.kind, 'overdrawn', NULL FROM account a
     JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.balance_micros < 0
     WHERE a.tenant_id = $1 AND a.kind IN ('pending', 'held', 'in_transit')
     UNION ALL SELECT '', '', 'stopped', NULL WHERE payouts_stopped($1)`,
    [world.tenantId, BEFORE_THE_RAIL],
  );
  world.stopped = rows.some(({ status }) => status === 'stopped');
  for (const { id, rail, status, reason } of rows) {
    if (status === 'stopped') continue;
    insist(status !== 'overdrawn', () => `an account of ${rail} is below zero`);
    insist(paidOf(world, rail, id) === undefined, () => `${id} is ${status} (${reason}), and ${rail} has a payment`);
  }
}

/** What whoever stands behind a rail did for a payout, by their own record. */
function paidOf(
  world: World,
  rail: string,
  id: string,
): { state: string; micros: bigint; feeMicros: bigint } | undefined {
  if (rail !== 'sepa') return world.provider(rail === 'usdc' ? 'usdc' : 'stripe').payments.get(id);
  const transfer = world.bank.transfers.get(id.replaceAll('-', ''));
  if (transfer === undefined) return undefined;
  const state = { accepted: 'processing', debited: 'settled', rejected: 'failed', returned: 'returned' }[
    transfer.state
  ];
  return { state, micros: transfer.micros, feeMicros: 0n };
}

/** Everything that must hold once all has come to its end. */
export async function auditEnd(world: World): Promise<void> {
  const payouts = await readPayouts(world);
  const lies = liesOf(world);
  for (const payout of payouts) {
    auditSteps(world, payout);
    auditEnding(world, payout, lies.get(payout.id) ?? []);
    world.tally.count(`payouts: ${payout.rail} ${payout.status}`);
  }
  auditClients(world, payouts);
  await auditBatches(world);
  await auditReconciliation(world, payouts);
}

async function readPayouts({ arena, tenantId }: World): Promise<PayoutRow[]> {
  const { rows } = await arena.pool.query<PayoutRow>(
    `SELECT p.id, p.person_id, p.rail, p.status, p.reason, p.amount_micros, p.withheld_micros, p.fee_micros, p.requested_at,
            (SELECT jsonb_agg(jsonb_build_object('step', s.step, 'by', s.taken_by) ORDER BY s.position)
             FROM payout_step s WHERE s.tenant_id = p.tenant_id AND s.payout_id = p.id) AS steps,
            (SELECT coalesce(jsonb_agg(o.event_type ORDER BY o.id), '[]') FROM messaging.outbox o
             WHERE o.aggregate_key = p.id::text) AS events,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('decision', f.decision, 'by', f.closed_by)), '[]')
             FROM payout_finding f WHERE f.tenant_id = p.tenant_id AND f.payout_id = p.id) AS findings,
            (SELECT r.due_on::text FROM payout_schedule_run r
             WHERE r.tenant_id = p.tenant_id AND r.payout_id = p.id) AS due_on
     FROM payout p WHERE p.tenant_id = $1 ORDER BY p.id`,
    [tenantId],
  );
  return rows;
}

/** Each step once, along the arrows, with its event, and by whom it may be. */
function auditSteps(world: World, payout: PayoutRow): void {
  const { id, steps, events } = payout;
  const path = steps.map(({ step }) => step);
  path.forEach((step, n) => {
    const before = n === 0 ? '' : (path[n - 1] ?? '');
    insist(ARROWS[before]?.includes(step) === true, () => `${id} went ${path.join(' → ')}`);
  });
  insist(path.at(-1) === payout.status, () => `${id} is ${payout.status} after ${path.join(' → ')}`);
  const told = events.map((type) => type.slice(type.lastIndexOf('.Payout') + '.Payout'.length).toLowerCase());
  insist(String(told) === String(path), () => `${id} went ${path.join(' → ')} and told of ${told.join(', ')}`);
  const by = new Map(steps.map((each) => [each.step, each.by]));
  const isFinance = (person: string | null | undefined): boolean => world.finance.some((each) => each === person);
  if (by.has('approved') && payout.amount_micros > APPROVED_ABOVE) {
    insist(isFinance(by.get('approved')), () => `${id} was approved by ${by.get('approved')}`);
  }
  if (by.has('cancelled'))
    insist(by.get('cancelled') === payout.person_id, () => `${id} was cancelled by somebody else`);
  if (by.has('screened')) {
    const cleared = payout.findings.filter((each) => each.decision === 'cleared' && isFinance(each.by)).length;
    const wanted = findingsFor(payout.amount_micros);
    insist(
      cleared === wanted && payout.findings.length === wanted,
      () => `${id} went on with ${cleared} of ${wanted} findings cleared`,
    );
  }
}

/** How it ended by the record of whoever paid, or did not. */
function auditEnding(world: World, payout: PayoutRow, lies: readonly ProviderEvent[]): void {
  const { id, rail, status, reason, amount_micros: amount, withheld_micros: withheld } = payout;
  const bps = BigInt(world.withheldBps.get(payout.person_id) ?? 0);
  const wanted = ((amount * bps) / BPS / CENT) * CENT;
  insist(withheld === wanted, () => `${id} withholds ${withheld}, not ${wanted}`);
  const paid = paidOf(world, rail, id);
  if (paid === undefined) {
    insist(status === 'failed' || status === 'cancelled', () => `${id} is ${status}, and ${rail} paid nothing`);
    return;
  }
  insist(paid.micros === amount - withheld, () => `${id}: ${rail} paid ${paid.micros} of ${amount - withheld}`);
  if (lies.some(({ lie }) => lie === 'contradiction')) return;
  insist(status === paid.state, () => `${id} is ${status} (${reason}), and ${rail} says ${paid.state}`);
  insist(
    payout.fee_micros === paid.feeMicros,
    () => `${id} cost ${payout.fee_micros}, and ${rail} took ${paid.feeMicros}`,
  );
}

/** What clients were told is what there is. */
function auditClients(world: World, payouts: readonly PayoutRow[]): void {
  const known = new Set(payouts.map(({ id }) => id));
  const told = new Set(
    [...world.orders.values()].flatMap(({ payoutId }) => (payoutId === undefined ? [] : [payoutId])),
  );
  for (const id of told) insist(known.has(id), () => `a client was told of ${id}, which is not there`);
  const days = new Set<string>();
  for (const { id, steps, person_id: person, rail, requested_at: at, status, due_on: dueOn } of payouts) {
    const isPlanned = steps[0]?.by === null;
    insist(isPlanned || told.has(id), () => `nobody asked for ${id}`);
    if (world.cancelled.has(id)) insist(status === 'cancelled', () => `${id} was cancelled and is ${status}`);
    if (!isPlanned) continue;
    // One that had to wait pays a day after it was due, maybe on the day of the next.
    const day = `${person} ${rail} ${dueOn}`;
    insist(dueOn !== null && dueOn <= at.toISOString().slice(0, 10), () => `${id} pays for no day of a schedule`);
    insist(!days.has(day), () => `the schedule of ${day} paid twice`);
    days.add(day);
  }
}

async function auditBatches(world: World): Promise<void> {
  const { rows } = await world.arena.pool.query<{ id: string; sent_by: string | null; sent_at: Date | null }>(
    'SELECT id, sent_by, sent_at FROM payout_batch WHERE tenant_id = $1',
    [world.tenantId],
  );
  for (const { id, sent_by: by, sent_at: at } of rows) {
    const stands = `${by} ${at?.toISOString()}`;
    insist(stands === world.sent.get(id), () => `batch ${id} was sent by ${world.sent.get(id)}, and says ${stands}`);
  }
}

function liesOf({ allWebhooks }: World): Map<string, ProviderEvent[]> {
  const lies = allWebhooks.map(({ event }) => event).filter(({ lie }) => lie !== undefined);
  return Map.groupBy(lies, ({ reference }) => reference);
}

/** The reconciliation lists what was told and is not so, and nothing else. */
async function auditReconciliation(world: World, payouts: readonly PayoutRow[]): Promise<void> {
  const { arena, tenantId, clock } = world;
  const run = await reconcileTenant(tenantId, {
    id: asRunId(world.newId()),
    states: statesOf(() => world.lives),
    books: new BooksStore(arena.pool, (work) =>
      inDatabaseTransaction(arena.pool, work, { isolation: 'repeatable read' }),
    ),
    outside: new OutsideStore(arena.pool, PATIENCE),
    clock,
    signal: new AbortController().signal,
  });
  const found = run.breaks.map(({ invariant, subject }) => (invariant === 'B2' ? 'B2' : `${invariant} ${subject}`));
  const expected = expectedBreaks(world, payouts);
  const [is, should] = [found.toSorted().join('\n'), expected.toSorted().join('\n')];
  insist(is === should, () => `the reconciliation finds\n${JSON.stringify(run.breaks)}\nand should find\n${should}`);
  const outcome = expected.length === 0 ? 'balanced' : 'breaks';
  insist(run.outcome === outcome, () => `the reconciliation says ${run.outcome}`);
  insist(run.inFlight === 0, () => `${run.inFlight} purchases are in flight`);
  world.tally.count(`reconciliation: ${outcome}`);
  for (const each of found) world.tally.count(`breaks: ${each.slice(0, 2)}`);
}

function expectedBreaks(world: World, payouts: readonly PayoutRow[]): string[] {
  const known = new Map(payouts.map((payout) => [payout.id, payout]));
  const breaks = Array.from({ length: world.bank.ownLines }, () => 'B2');
  for (const { kind, event } of world.allWebhooks) {
    const subject = `report ${kind} ${event.id}`;
    if (event.lie === 'unknown') breaks.push(`R1 ${subject}`);
    if (event.lie === 'amount') breaks.push(`R3 ${subject}`);
  }
  const told = world.allWebhooks.filter(({ event }) => event.lie !== 'unknown' && event.lie !== 'amount');
  for (const [reference, all] of Map.groupBy(told, ({ event }) => event.reference)) {
    const { status = '', fee_micros: bookedMicros } = known.get(reference) ?? {};
    const states = new Set(all.map(({ event }) => event.state));
    // What failed here and came back there moved no cash; a fee it may have cost.
    const isOdd = states.has('returned')
      ? status !== 'returned' && status !== 'failed'
      : states.has('settled') && states.has('failed');
    if (isOdd) breaks.push(`R2 payout ${reference}`);
    const feeMicros = all.find(({ event }) => event.feeMicros !== undefined)?.event.feeMicros;
    if (feeMicros !== undefined && feeMicros !== bookedMicros) breaks.push(`R4 payout ${reference}`);
  }
  return breaks;
}
