import fc from 'fast-check';
import { asUserId } from '../../src/ids.js';
import { insist } from './broken.js';
import {
  decide,
  decideAbout,
  dispute,
  type EndInput,
  endTwice,
  note,
  open,
  type OpenInput,
  take,
  tellAgain,
  winDisputed,
  withdraw,
} from './dispute-commands.js';
import type { Decision } from './model-disputes.js';
import { mapTo, type SaleInput, saleBy, sell, sellAgain } from './sale-commands.js';
import { moveTo } from './move-commands.js';
import { giveBack, giveBackAgain, winBack } from './refund-commands.js';
import { archive, changeDefault, changePlan, type PlanInput } from './plan-commands.js';
import type { World } from './world.js';

/** Something that somebody does. It runs side by side with the others of its round. */
export interface Command {
  readonly name: string;
  /** Throws when the service answers what it must not. */
  run(world: World, id: number): Promise<void>;
  toString(): string;
}

interface Kind<Data> {
  readonly name: string;
  /** How often it is drawn, among the others. */
  readonly weight: number;
  readonly data: fc.Arbitrary<Data>;
  readonly run: (world: World, data: Data, id: number) => Promise<void>;
}

/** One row of the table. What it chooses from is chosen by number, so that it still means something when others are left out. */
function kind<Data>({ name, weight, data, run }: Kind<Data>): { weight: number; arbitrary: fc.Arbitrary<Command> } {
  const arbitrary = data.map((given) => ({
    name,
    run: (world: World, id: number) => run(world, given, id),
    toString: () => `${name} ${fc.stringify(given)}`,
  }));
  return { weight, arbitrary };
}

const nat = fc.nat({ max: 999 });
const amount = fc.oneof(
  { weight: 5, arbitrary: fc.bigInt({ min: 1_000_000n, max: 999_999_999n }) },
  { weight: 2, arbitrary: fc.bigInt({ min: 1n, max: 9_999n }) },
  { weight: 1, arbitrary: fc.bigInt({ min: 10n ** 14n, max: 10n ** 15n }) },
);
const sale: fc.Arbitrary<SaleInput> = fc.record({
  who: nat,
  amount,
  currency: fc.constantFrom('USD', 'USD', 'USD', 'EUR', 'JPY'),
  stream: fc.constantFrom('subscription', 'subscription', 'usage_fee'),
  tag: fc.option(fc.constantFrom('pro', 'basic'), { freq: 4 }),
  website: fc.option(nat, { freq: 3 }),
  daysAgo: fc.constantFrom(0, 0, 0, 1, 20, 45),
  keyed: fc.boolean(),
  metadata: fc.boolean(),
  copies: fc.constantFrom(1, 1, 1, 2, 3),
});

const copies = fc.constantFrom(1, 1, 1, 2);
const how = { keyed: fc.boolean(), copies };
const opening: fc.Arbitrary<OpenInput> = fc.record({
  ...how,
  entry: nat,
  about: fc.constantFrom('amount', 'hold', 'reversal', 'forfeiture', 'other'),
  evidence: fc.constantFrom('none', 'address', 'words'),
  stranger: fc.constantFrom(false, false, false, false, true),
});
const ending: fc.Arbitrary<EndInput> = fc.record({
  ...how,
  dispute: nat,
  staff: nat,
  outcome: fc.constantFrom('upheld', 'rejected'),
  forfeits: fc.constantFrom(false, false, true),
  takes: fc.constantFrom(true, true, false),
});
const decision = fc.constantFrom<Decision>('hold', 'hold', 'lift', 'lift', 'release', 'forfeit');

/** What partners and finance do about single entries. */
const DISPUTES = [
  kind({ name: 'dispute opened', weight: 5, data: opening, run: async (...given) => void (await open(...given)) }),
  kind({
    name: 'dispute taken on',
    weight: 2,
    data: fc.record({ ...how, dispute: nat, staff: nat }),
    run: take,
  }),
  kind({ name: 'note on a dispute', weight: 2, data: fc.record({ ...how, dispute: nat, by: nat }), run: note }),
  kind({ name: 'dispute decided', weight: 3, data: ending, run: decide }),
  kind({
    name: 'dispute withdrawn',
    weight: 1,
    data: fc.record({ ...how, dispute: nat, stranger: fc.constantFrom(false, false, false, true) }),
    run: withdraw,
  }),
  kind({ name: 'dispute to its end', weight: 3, data: fc.tuple(opening, ending), run: dispute }),
  kind({ name: 'dispute ended twice', weight: 2, data: ending, run: endTwice }),
  kind({ name: 'chargeback won in a dispute', weight: 3, data: fc.tuple(nat, opening), run: winDisputed }),
  kind({
    name: 'deadlines of disputes',
    weight: 2,
    data: fc.constant(undefined),
    run: async (world) => void (await world.attempt((process) => process.watchDeadlines())),
  }),
  kind({
    name: 'decision of finance',
    weight: 5,
    data: fc.record({ ...how, entry: nat, decisions: fc.tuple(decision) }),
    run: decideAbout,
  }),
  kind({
    name: 'decisions about one entry',
    weight: 3,
    data: fc.record({ ...how, entry: nat, decisions: fc.array(decision, { minLength: 2, maxLength: 3 }) }),
    run: decideAbout,
  }),
  kind({ name: 'held for two things', weight: 4, data: fc.tuple(nat, opening), run: holdTwice }),
  kind({ name: 'act again', weight: 3, data: fc.tuple(nat, fc.boolean()), run: tellAgain }),
];

const small = fc.integer({ min: 0, max: 10_000 });
const capAmounts = fc.record({ USD: fc.bigInt({ min: 1_000_000n, max: 300_000_000n }) });
const plan: fc.Arbitrary<PlanInput> = fc.record({
  plan: fc.constantFrom('standard', 'standard', 'ultraplan', 'usage', 'meter', 'pro'),
  levels: fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 7 }),
  bonus: fc.integer({ min: 0, max: 3_000 }),
  maxPayout: fc.oneof(fc.constant(7_000), small),
  dynamic: fc.boolean(),
  holdDays: fc.constantFrom(0, 1, 30),
  recurring: fc.constantFrom('all' as const, 'all' as const, 'first' as const, 1, 2),
  qualification: fc.option(fc.record({ level: nat, purchases: fc.nat({ max: 2 }), referrals: fc.nat({ max: 2 }) })),
  personCaps: fc.record({ day: fc.option(capAmounts), month: fc.option(capAmounts), lifetime: fc.option(capAmounts) }),
  companyCap: fc.option(
    fc.record({
      period: fc.constantFrom('day' as const, 'month' as const, 'lifetime' as const),
      proRata: fc.boolean(),
      amounts: capAmounts,
    }),
  ),
  inDays: fc.constantFrom(0, 0, 0, 3),
});

/**
 * Everything that can happen. A new kind is one more row: it calls the service through `world.attempt`, says to the
 * auditor beforehand what it tells (`world.told`) or what its commit means (`world.intents`), and insists on the answer.
 */
const TABLE = [
  kind({ name: 'sale', weight: 10, data: sale, run: (world, input) => sell(world, [input]) }),
  kind({
    name: 'sales together',
    weight: 6,
    data: fc.array(sale, { minLength: 2, maxLength: 5 }),
    run: (world, inputs) => sell(world, inputs),
  }),
  kind({
    name: 'sales of one buyer',
    weight: 4,
    data: fc.tuple(nat, fc.array(sale, { minLength: 2, maxLength: 4 })),
    run: (world, [who, inputs]) =>
      sell(
        world,
        inputs.map((input) => ({ ...input, who })),
      ),
  }),
  kind({ name: 'sale again', weight: 4, data: nat, run: (world, choice) => sellAgain(world, choice, 'same') }),
  kind({
    name: 'sale with other content',
    weight: 2,
    data: nat,
    run: (world, choice) => sellAgain(world, choice, 'other'),
  }),
  kind({
    name: 'sale by a customer',
    weight: 5,
    data: fc.tuple(fc.nat({ max: 3 }), sale),
    run: (world, [customer, input]) => saleBy(world, customer, input),
  }),
  kind({
    name: 'mapping of a customer',
    weight: 3,
    data: fc.tuple(fc.nat({ max: 3 }), nat, fc.boolean()),
    run: (world, [customer, who, twice]) => mapTo(world, { customer, who, twice }),
  }),
  kind({
    name: 'first sale and mapping of a customer',
    weight: 3,
    data: fc.tuple(nat, sale),
    run: async (world, [who, input]) => {
      const customer = 100 + world.told.mappings.size;
      await Promise.all([saleBy(world, customer, input), mapTo(world, { customer, who, twice: false })]);
    },
  }),
  kind({ name: 'sale, mapping and attribution', weight: 3, data: fc.tuple(nat, sale, sale), run: mapAmongSales }),
  kind({
    name: 'attribution',
    weight: 4,
    data: fc.constant(undefined),
    run: async (world) => void (await world.attempt((process) => process.attribution.runOnce())),
  }),
  kind({
    name: 'refund',
    weight: 10,
    data: fc.record({
      sale: nat,
      /** Thousandths of the amount; null: the rest. */
      part: fc.option(fc.integer({ min: 1, max: 1_000 }), { freq: 4 }),
      chargeback: fc.boolean(),
      keyed: fc.boolean(),
      copies: fc.constantFrom(1, 1, 2),
      otherCurrency: fc.constantFrom(false, false, false, false, false, true),
    }),
    run: giveBack,
  }),
  kind({ name: 'refund again', weight: 3, data: fc.tuple(nat, fc.boolean()), run: giveBackAgain }),
  kind({ name: 'chargeback won', weight: 4, data: fc.tuple(nat, fc.boolean()), run: winBack }),
  kind({
    name: 'release',
    weight: 6,
    data: fc.constantFrom(1, 3, 50),
    run: async (world, limit) => void (await world.attempt((process) => process.release(limit))),
  }),
  kind({
    name: 'sweep of holds',
    weight: 5,
    data: fc.constantFrom(1, 3, 50),
    run: async (world, limit) => void (await world.attempt((process) => process.settleHolds(limit))),
  }),
  kind({ name: 'sweep among refunds', weight: 4, data: nat, run: sweepAmongRefunds }),
  kind({ name: 'suspension, sweep and refunds', weight: 3, data: nat, run: suspendAmongRefunds }),
  kind({ name: 'reactivation amid a sweep', weight: 2, data: nat, run: reactivateAmidSweep }),
  kind({
    name: 'suspension',
    weight: 4,
    data: nat,
    run: (world, who, id) => changeStatus(world, { who, status: 'suspended', id }),
  }),
  kind({
    name: 'reactivation',
    weight: 4,
    data: nat,
    run: (world, who, id) => changeStatus(world, { who, status: 'active', id }),
  }),
  kind({
    name: 'boost',
    weight: 2,
    data: fc.tuple(nat, small),
    run: (world, [who, bps], id) => boost(world, { who, bps, id }),
  }),
  kind({
    name: 'registration',
    weight: 2,
    data: fc.tuple(nat, fc.option(sale)),
    run: (world, [below, first]) => register(world, below, first),
  }),
  kind({ name: 'move', weight: 4, data: fc.tuple(nat, fc.option(nat, { freq: 6 }), fc.boolean()), run: moveTo }),
  kind({
    name: 'fold of moves',
    weight: 3,
    data: fc.constantFrom(1, 2, 50),
    run: async (world, limit) => void (await world.attempt((process) => process.foldMoves(limit))),
  }),
  kind({ name: 'plan version', weight: 3, data: plan, run: changePlan }),
  kind({
    name: 'default plan',
    weight: 2,
    data: fc.constantFrom('standard', 'ultraplan', 'ultraplan', 'pro'),
    run: changeDefault,
  }),
  kind({
    name: 'archive of a plan',
    weight: 3,
    data: fc.tuple(fc.constantFrom('standard', 'ultraplan', 'usage', 'usage', 'meter', 'pro'), fc.boolean(), copies),
    run: archive,
  }),
  kind({
    name: 'archive and a sale of its stream',
    weight: 3,
    data: fc.tuple(fc.constantFrom('usage', 'meter'), fc.boolean(), sale),
    run: async (world, [planId, keyed, input], id) => {
      await archive(world, [planId, keyed, 1], id);
      await sell(world, [{ ...input, stream: 'usage_fee', tag: null, daysAgo: 0 }]);
    },
  }),
  ...DISPUTES,
];

/** More than there are people to be swept. */
const MOST_SWEEPS = 30;

/** Any of the commands. */
export const command: fc.Arbitrary<Command> = fc.oneof(...TABLE);

/** Whoever sweeps finds purchases of the suspended locked by others. */
async function sweepAmongRefunds(world: World, choice: number): Promise<void> {
  const { model, sales } = world;
  const pending = sales.filter(({ entries }) =>
    entries.some(({ status, beneficiary }) => status === 'pending' && model.person(beneficiary).status === 'suspended'),
  );
  if (pending.length === 0) return;
  const sale = sales.indexOf(world.one(pending, choice));
  const refund = { sale, part: 1, chargeback: false, keyed: false, copies: 2, otherCurrency: false };
  await Promise.all([giveBack(world, refund), world.attempt((process) => process.settleHolds(50))]);
}

/**
 * Somebody is suspended, and whoever sweeps finds all there is to be held locked by refunds: where it takes that for
 * nothing to be done, nobody comes by again.
 */
async function suspendAmongRefunds(world: World, choice: number, id: number): Promise<void> {
  // Of the fewest purchases, so that refunds can have all of them at once.
  const [who] = earning(world, 1).toSorted((a, b) => pendingOf(world, a).length - pendingOf(world, b).length);
  if (who === undefined) return;
  await sweepAll(world);
  await changeStatus(world, { who: 0, status: 'suspended', id, of: [who] });
  const refund = { part: 1 + (choice % 3), chargeback: false, keyed: false, copies: 1, otherCurrency: false };
  const sweep = (): Promise<boolean> => world.attempt((process) => process.settleHolds(50));
  await Promise.all([...pendingOf(world, who).map((sale) => giveBack(world, { ...refund, sale })), sweep()]);
}

/** Whoever lifts goes by where another sweep came to, unless the change of status begins anew. */
async function reactivateAmidSweep(world: World, choice: number, id: number): Promise<void> {
  const people = earning(world, 2);
  if (people.length === 0) return;
  const who = world.one(people, choice);
  await sweepAll(world);
  for (const status of ['suspended', 'active', 'suspended'] as const) {
    await changeStatus(world, { who: 0, status, id, of: [who] });
    await world.attempt((process) => process.settleHolds(1));
  }
}

/** The places of the sales that have something pending for the person. */
function pendingOf({ sales }: World, person: string): number[] {
  return sales.flatMap(({ entries }, n) =>
    entries.some(({ status, beneficiary }) => status === 'pending' && beneficiary === person) ? [n] : [],
  );
}

/** Active people with something pending of so many sales at least. */
function earning(world: World, sales: number): string[] {
  return world.people.filter(
    (each) => world.model.person(each).status === 'active' && pendingOf(world, each).length >= sales,
  );
}

/** Whoever was due before is settled, or the next sweep would not come to somebody in particular. */
async function sweepAll(world: World): Promise<void> {
  for (let times = 0; times < MOST_SWEEPS; times += 1) {
    if (!(await world.attempt((process) => process.settleHolds(50)))) return;
  }
}

/** An entry that a suspension holds is held by finance or a dispute too; each of them ends when it likes. */
async function holdTwice(world: World, [choice, input]: readonly [number, OpenInput], id: number): Promise<void> {
  const pending = world.entries.filter((entry) => entry.status === 'pending' && !world.model.isSuspended(entry));
  if (pending.length === 0) return;
  const chosen = world.one(pending, choice);
  await changeStatus(world, { who: 0, status: 'suspended', id, of: [chosen.beneficiary] });
  for (let times = 0; times < MOST_SWEEPS && chosen.status === 'pending'; times += 1) {
    await world.attempt((process) => process.settleHolds(50));
  }
  if (choice % 2 === 0) await open(world, { ...input, entry: chosen, stranger: false }, id);
  else await decideAbout(world, { ...input, entry: chosen, decisions: ['hold'] }, id);
  // At once now and then, while the suspension lasts.
  if (choice % 4 === 1) await decideAbout(world, { ...input, entry: chosen, decisions: ['lift'] }, id);
}

/**
 * Sales of a customer who is nobody yet, who is mapped and attributed meanwhile: where a sale does not keep its customer
 * as it found it, it begins to wait when nobody looks any more.
 */
async function mapAmongSales(
  world: World,
  [who, first, second]: readonly [number, SaleInput, SaleInput],
): Promise<void> {
  const customer = 100 + world.told.mappings.size;
  const untilAttributed = async (): Promise<void> => {
    await mapTo(world, { customer, who, twice: false });
    await world.attempt((process) => process.attribution.runOnce());
  };
  await saleBy(world, customer, first);
  await Promise.all([saleBy(world, customer, second), untilAttributed()]);
}

async function changeStatus(
  world: World,
  { who, status, id, of = concerned(world, status, who) }: StatusInput,
): Promise<void> {
  const userId = world.one(of, who);
  let done = false;
  world.intents.set(id, () => {
    done = true;
    const person = world.model.person(userId);
    if (person.status === status) return;
    person.status = status;
    person.statusAt = world.now;
  });
  const { tenantId, clock } = world;
  await world.attempt((process) => process.setStatus({ tenantId, userId: asUserId(userId), status, at: clock.now() }));
  insist(done, () => `the change of ${userId} to ${status} was answered and not committed`);
  // Whatever the command does next is something else.
  world.intents.delete(id);
}

interface StatusInput {
  readonly who: number;
  readonly status: 'active' | 'suspended';
  readonly id: number;
  /** Whom to choose from. */
  readonly of?: readonly string[];
}

/**
 * Those already in the other state, if there are any: most suspensions would change nothing otherwise. Half of the time
 * those of them who have something held.
 */
function concerned({ people, model, entries }: World, status: string, choice: number): readonly string[] {
  const others = people.filter((each) => model.person(each).status !== status);
  const held = new Set(entries.flatMap((entry) => (entry.status === 'held' ? [entry.beneficiary] : [])));
  const both = others.filter((each) => held.has(each));
  if (both.length > 0 && choice % 2 === 0) return both;
  return others.length > 0 ? others : people;
}

async function boost(world: World, { who, bps, id }: { who: number; bps: number; id: number }): Promise<void> {
  const userId = world.one(world.people, who);
  let done = false;
  world.intents.set(id, () => {
    done = true;
    world.model.person(userId).boost = bps;
  });
  const { tenantId, clock } = world;
  const change = { tenantId, userId: asUserId(userId), boostBps: bps, changedBy: 'simulation', reason: 'simulated' };
  await world.attempt((process) => process.setBoost({ ...change, at: clock.now() }));
  insist(done, () => `the boost of ${userId} was answered and not committed`);
}

/** The event of a registration, and perhaps a first purchase that overtakes it. */
async function register(world: World, below: number, first: SaleInput | null): Promise<void> {
  const id = world.newcomer(world.one(world.people, below));
  const known = world.attempt((process) => process.ensureMember(world.tenantId, asUserId(id)));
  await Promise.all([known, first === null ? undefined : sell(world, [first], id)]);
  insist(world.model.people.has(id), () => `${id} was registered and is not there`);
}
