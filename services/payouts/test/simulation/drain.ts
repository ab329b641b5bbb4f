import { currencyOf } from '@dailydoco/money';
import { asPayoutId } from '../../src/ids.js';
import { insist, oneOf } from './broken.js';
import { bringAllBankFiles, decideBy, handFilesIn, handInAgain } from './commands.js';
import type { CallFault, RailCall } from './rail-line.js';
import { APPROVED_ABOVE, findingsFor, type World } from './world.js';

const DAY_MS = 86_400_000;
const LATER_MS = 400_000;
const MOST_ROUNDS = 60;
/** So many rounds calls to rails are still lost; then all must come to its end. */
const LOSSY_ROUNDS = 3;

interface Open {
  readonly id: string;
  readonly status: string;
  readonly ask_at: Date | null;
  readonly amount_micros: bigint;
  /** With what the person has asked for in the 24 hours before. */
  readonly together_micros: string;
  readonly open_findings: number;
}

/** Lets everything come to its end; soon nothing is lost any more. Nothing may be left that waits for nobody. */
export async function drain(world: World): Promise<void> {
  await stopAll(world);
  await allow(world);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    world.line.faultOf = (call) => (round < LOSSY_ROUNDS && world.random() < 0.3 ? lossOf(world, call) : undefined);
    await goOn(world);
    const open = await openPayouts(world);
    if (open.length === 0 && !world.bank.isBusy && world.webhooks.length === 0 && !world.hasMoneyEvents) return;
    if (open.length > 0 && open.every(waitsForSomebody)) await decideAll(world, open);
    world.clock.advance(world.bank.isBusy ? DAY_MS : LATER_MS);
  }
  const left = (await openPayouts(world)).map(({ id, status }) => `${id} ${status}`);
  insist(false, () => `these find no end: ${left.join(', ')}`);
}

function lossOf({ random, tally }: World, { order, provider }: RailCall): CallFault {
  const more = order !== undefined && provider.knowsReferences ? (['late', 'twice'] as const) : [];
  const fault = oneOf(['lost before', 'lost after', ...more] as const, random);
  tally.count(`faults: rail ${fault}`);
  return fault;
}

/** While everything is stopped, nothing leaves of what waits to leave. */
async function stopAll(world: World): Promise<void> {
  const stopped = { reason: 'the end is near', by: world.one(world.finance, 0) };
  await world.attempt((process) => process.policies.setStop(world.tenantId, true, stopped));
  world.tally.count('commands: stop');
  const { left } = world;
  await world.attempt((process) => process.work());
  await world.attempt((process) => process.batch());
  await handFilesIn(world);
  insist(world.left === left, () => 'something left while everything was stopped');
}

/** Nothing is stopped, frozen or planned any more. */
async function allow(world: World): Promise<void> {
  const { tenantId, people, arena } = world;
  const [running] = arena.running;
  if (running === undefined) throw new Error('no process runs');
  const { policies, schedules } = running.process;
  const decided = { reason: 'it is over', by: world.one(world.finance, 0) };
  const happened = (command: string): boolean => world.tally.of(`commands: ${command}`) > 0;
  if (happened('stop')) await policies.setStop(tenantId, false, decided);
  for (const personId of people) {
    if (happened('freeze')) await policies.setFreeze({ tenantId, personId }, false, { ...decided, userId: decided.by });
    if (happened('suspend')) {
      await running.process.setStanding({ tenantId, personId, suspended: false, at: world.clock.now() });
    }
  }
  if (!happened('choose a schedule') && !happened('a schedule’s day')) return;
  for (const { personId, currency } of world.methods) {
    await schedules.end({ tenantId, personId, currency: currencyOf(currency) });
  }
}

async function goOn(world: World): Promise<void> {
  await world.deliverMoney(true);
  for (const [, provider] of world.providers) provider.goOn(true);
  const { webhooks } = world;
  if (webhooks.length > 0) await world.deliver(webhooks);
  const work = await world.attempt((process) => process.work());
  insist(!work, () => 'the worker sees more than there can be');
  await world.attempt((process) => process.batch());
  await handFilesIn(world);
  if (world.random() < 0.2) await handInAgain(world, 0, 1);
  world.bank.closeDay(world.today, { all: true });
  await bringAllBankFiles(world);
  await world.attempt((process) => process.reportBankFacts());
  if (world.line.failure !== undefined) throw world.line.failure;
}

async function openPayouts({ arena, tenantId }: World): Promise<Open[]> {
  const { rows } = await arena.pool.query<Open>(
    `SELECT id, status, ask_at, amount_micros,
            (SELECT sum(o.amount_micros) FROM payout o
             WHERE (o.tenant_id, o.person_id, o.currency) = (p.tenant_id, p.person_id, p.currency)
               AND (o.requested_at, o.id) <= (p.requested_at, p.id)
               AND o.requested_at > p.requested_at - interval '24 hours') AS together_micros,
            (SELECT count(*)::int FROM payout_finding f
             WHERE f.tenant_id = p.tenant_id AND f.payout_id = p.id AND f.closed_at IS NULL) AS open_findings
     FROM payout p WHERE tenant_id = $1
       AND (ask_at IS NOT NULL OR status NOT IN ('settled', 'failed', 'returned', 'cancelled'))
     ORDER BY id`,
    [tenantId],
  );
  return rows;
}

/** A payout that waits for a person says for which word: there is an open finding, or its amount needs an approval, by itself or with those of the same day. */
function waitsForSomebody({ status, ask_at: askAt, open_findings: findings, ...amounts }: Open): boolean {
  if (askAt !== null) return false;
  if (status === 'requested') return findings > 0 && findingsFor(amounts.amount_micros) >= findings;
  return status === 'screened' && BigInt(amounts.together_micros) > APPROVED_ABOVE;
}

/** Finance decides whatever waits for it: clears, and approves. */
async function decideAll(world: World, open: readonly Open[]): Promise<void> {
  const by = world.one(world.finance, 1);
  for (const { id, status } of open) {
    const ways = status === 'screened' ? [3] : [2, 8 + 2];
    for (const way of ways) await decideBy(world, { id: asPayoutId(id), by, way });
  }
}
