import { createHash } from 'node:crypto';
import { currencyOf } from '@dailydoco/money';
import fc from 'fast-check';
import { asPayoutBatchId, asPayoutId } from '../../src/ids.js';
import type { Payout } from '../../src/payouts/payout.js';
import { insist } from './broken.js';
import type { ServiceProcess } from './service-process.js';
import { APPROVED_ABOVE, type ToldOrder, type World } from './world.js';

/** Something that somebody does, with the numbers that decide what exactly. */
export interface Command {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
  /** With its numbers, to be read. */
  readonly text: string;
}

interface Row {
  readonly name: string;
  readonly weight: number;
  /** `a` and `b` are taken modulo what there is to choose from. */
  readonly run: (world: World, a: number, b: number) => Promise<void>;
}

/** Needs an approval. */
const LARGE = 300_000_000n;
/** In micros: plain ones, ones that the screens look at, one that needs an approval, one that is too much. */
const AMOUNTS = [
  7_000_000n,
  45_500_000n,
  12_000_000n,
  33_330_000n,
  80_000_000n,
  64_010_000n,
  20_130_000n,
  50_260_000n,
  LARGE,
  210_130_000n,
  99_999_000_000n,
];
/** A choice of a schedule that may be due at once. */
const ON_THRESHOLD = 1;
/** A `way` of decideBy. */
const APPROVING = 3;
const HASH = createHash('sha256').digest();
const LATER_MS = 400_000;

const answerOf = ({ id, status }: Payout) => ({ status: 201, body: { id, status } });
const callOf = ({ tenantId }: World, key: string, path: string) => ({
  call: { key, scope: { tenantId, callerId: 'simulation', method: 'POST', path }, requestHash: HASH },
  answer: answerOf,
});

/** Rails that are called twice as often as the one of files: most can go wrong there. */
function orderOf(world: World, a: number, b: number): ToldOrder {
  const methods = [...world.methods, ...world.methods.filter(({ kind }) => kind !== 'sepa')];
  return { method: world.one(methods, a), micros: world.one(AMOUNTS, b), payoutId: undefined };
}

/** Somebody asks for a payout. */
export async function request(world: World, a: number, b: number): Promise<void> {
  const key = world.newKey();
  await requestAs(world, key, orderOf(world, a, b));
}

/** Asks until there is an answer; the same key must always have the same one. */
async function requestAs(world: World, key: string, told: ToldOrder): Promise<void> {
  const { method, micros } = told;
  const known = world.orders.get(key);
  const amount = { amountMicros: micros, currency: currencyOf(method.currency) };
  const order = { tenantId: world.tenantId, personId: method.personId, methodId: method.id, amount };
  const answer = await world.ask((process) => process.payouts.request(order, callOf(world, key, '/v1/payouts')));
  if (typeof answer === 'string') {
    if (known === undefined && !world.orders.has(key)) world.orders.set(key, told);
    return;
  }
  const { id } = answer.body;
  const before = world.orders.get(key)?.payoutId;
  insist(before === undefined || before === id, () => `${key} was answered with ${before} and with ${id}`);
  world.orders.set(key, { ...told, payoutId: id });
}

async function requestTwice(world: World, a: number, b: number): Promise<void> {
  const key = world.newKey();
  const told = orderOf(world, a, b);
  await Promise.all([requestAs(world, key, told), requestAs(world, key, told)]);
}

async function requestAgain(world: World, a: number): Promise<void> {
  const known = [...world.orders].filter(([, { payoutId }]) => payoutId !== undefined);
  if (known.length === 0) return;
  const [key, told] = world.one(known, a);
  await requestAs(world, key, told);
}

async function cancel(world: World, a: number): Promise<void> {
  const all = [...world.orders.values()].filter(({ payoutId }) => payoutId !== undefined);
  if (all.length === 0) return;
  const { method, payoutId = '' } = world.one(all, a);
  const wanted = { tenantId: world.tenantId, personId: method.personId, id: asPayoutId(payoutId) };
  const key = world.newKey();
  const path = `/v1/payouts/${payoutId}/cancel`;
  const answer = await world.ask((process) => process.payouts.cancel(wanted, callOf(world, key, path)));
  if (typeof answer !== 'string') world.cancelled.add(payoutId);
}

/** Somebody decides about a payout: of finance, or whoever is paid and may not. */
async function decide(world: World, a: number, b: number): Promise<void> {
  const known = [...world.orders.values()].filter(({ payoutId }) => payoutId !== undefined);
  if (known.length === 0) return;
  const { payoutId = '', method } = world.one(known, a);
  const by = world.one([...world.finance, ...world.finance, method.personId], b);
  await decideBy(world, { id: asPayoutId(payoutId), by, way: b >> 4 });
}

/** Whoever is paid tries to approve a payout that is waiting for finance; if there is none so large, they ask for one. */
async function approveOwn(world: World, a: number): Promise<void> {
  const large = [...world.orders.values()].filter(
    (each) => each.payoutId !== undefined && each.micros > APPROVED_ABOVE,
  );
  if (large.length === 0) return requestAs(world, world.newKey(), orderOf(world, a, AMOUNTS.indexOf(LARGE)));
  const { payoutId = '', method } = world.one(large, a);
  await decideBy(world, { id: asPayoutId(payoutId), by: method.personId, way: APPROVING });
}

export async function decideBy(
  world: World,
  { id, by, way }: { id: Payout['id']; by: World['people'][number]; way: number },
): Promise<void> {
  const decider = { tenantId: world.tenantId, id, by, reason: 'it was looked at' };
  const said = callOf(world, world.newKey(), `/v1/payouts/${id}/decision`);
  const finding = {
    ...decider,
    position: 1 + ((way >> 3) % 2),
    decision: way % 4 === 0 ? 'upheld' : 'cleared',
  } as const;
  await world.ask((process) => {
    if (way % 3 === 0) return process.reviews.approve(decider, said);
    return way % 7 === 1 ? process.reviews.reject(decider, said) : process.reviews.closeFinding(finding, said);
  });
}

const decided = (world: World, n: number) => ({ reason: 'it was decided', by: world.one(world.finance, n) });

async function freeze(world: World, a: number, b: number): Promise<void> {
  const who = { tenantId: world.tenantId, personId: world.one(world.people, a) };
  const by = decided(world, b);
  await world.attempt((process) => process.policies.setFreeze(who, b % 2 === 0, { ...by, userId: by.by }));
}

async function stop(world: World, a: number): Promise<void> {
  const wanted = a % 2 === 0;
  await world.attempt((process) => process.policies.setStop(world.tenantId, wanted, decided(world, a)));
}

async function suspend(world: World, a: number, b: number): Promise<void> {
  const { tenantId } = world;
  const standing = { tenantId, personId: world.one(world.people, a), suspended: b % 2 === 0, at: world.clock.now() };
  await world.attempt((process) => process.setStanding(standing));
}

/** Some of what providers told, in any order, some of it once more. */
async function webhooks(world: World): Promise<void> {
  const fresh = world.webhooks.filter(() => world.random() < 0.7);
  const again = world.allWebhooks.filter(() => world.random() < 0.1);
  const drawn = [...fresh, ...again].map((each) => ({ each, place: world.random() }));
  const ordered = drawn.toSorted((x, y) => x.place - y.place).map(({ each }) => each);
  for (let n = 0; n < ordered.length; n += 2) await world.deliver(ordered.slice(n, n + 2));
}

/** Finance fetches the files that the bank does not have, hands them in, and says so. */
export async function handFilesIn(world: World, by = 0): Promise<void> {
  const { tenantId } = world;
  const query = { tenantId, before: undefined, limit: 100 };
  const batches = await world.attempt((process) => process.batches.list(query));
  for (const { id, sent } of batches) {
    if (sent !== undefined) continue;
    await handIn(world, id, world.one(world.finance, by));
  }
}

async function handIn(world: World, id: string, by: World['finance'][number]): Promise<void> {
  const batchId = asPayoutBatchId(id);
  const { tenantId } = world;
  const file = await world.ask((process) => process.batches.file(tenantId, batchId));
  if (typeof file === 'string') {
    insist(file === 'PAYOUTS_STOPPED', () => `the file of batch ${id} was refused: ${file}`);
    insist(
      world.tally.of('commands: stop') > 0,
      () => `the file of batch ${id} was refused, and nobody stopped anything`,
    );
    return insist(!world.sent.has(id), () => `batch ${id} was sent, and its file was refused`);
  }
  world.bank.take(new TextDecoder().decode(file.bytes));
  const marked = await world.attempt((process) => process.batches.markSent(tenantId, batchId, by));
  const told = `${marked.sent?.by} ${marked.sent?.at.toISOString()}`;
  const before = world.sent.get(id);
  insist(before === undefined || before === told, () => `batch ${id} was sent by ${before} and then by ${told}`);
  world.sent.set(id, told);
}

/** What finance does without a look at what it did before: the same again. */
export async function handInAgain(world: World, a: number, b: number): Promise<void> {
  const known = [...world.sent.keys()];
  if (known.length > 0) await handIn(world, world.one(known, a), world.one(world.finance, b));
}

async function bringBankFile(world: World, a: number): Promise<void> {
  const { mail } = world.bank;
  if (mail.length > 0) await bring(world, world.one(mail, a));
}

/** Brings everything in that the bank has sent; what was brought before is refused, and changes nothing. */
export async function bringAllBankFiles(world: World): Promise<void> {
  for (const each of world.bank.mail) if (!world.brought.has(each)) await bring(world, each);
}

async function bring(world: World, mail: World['bank']['mail'][number]): Promise<void> {
  const { tenantId } = world;
  const key = world.newKey();
  const order = { tenantId, importedBy: world.one(world.finance, 0), bytes: new TextEncoder().encode(mail.text) };
  const scope = { tenantId, callerId: 'simulation', method: 'POST', path: '/v1/bank-files' };
  const answer = () => ({ status: 201, body: undefined });
  const done = await world.ask((process) => process.bankFiles.import(order, { call: { key, scope }, answer }));
  if (typeof done === 'string') insist(done === 'FILE_IMPORTED', () => `a bank's file was refused: ${done}`);
  world.brought.add(mail);
}

async function choose(world: World, a: number, b: number): Promise<void> {
  const { id: methodId, personId, currency } = world.one(world.methods, a);
  const key = { tenantId: world.tenantId, personId, currency: currencyOf(currency) };
  const rhythm =
    b % 2 === 0
      ? ({ interval: 'daily' } as const)
      : ({ interval: 'threshold', thresholdMicros: 100_000_000n } as const);
  await world.ask((process) => process.schedules.choose(key, { rhythm, methodId }));
}

/** A day on which a schedule pays, its person earns more, chooses anew, and it is looked at again. */
async function planDay(world: World, a: number): Promise<void> {
  for (let n = 0; n < 2; n += 1) {
    await choose(world, a, ON_THRESHOLD);
    await world.round((process) => process.lookAtSchedules());
    for (let more = 0; more < 2; more += 1) await earn(world, a);
  }
}

async function refund(world: World, a: number, b: number): Promise<void> {
  const life = world.one(world.lives, a);
  if (b % 5 === 0) life.win();
  else life.refund(life.leftMicros / BigInt(1 + (b % 4)));
  world.tellMoney(life);
  await world.deliverMoney();
}

async function earn(world: World, a: number): Promise<void> {
  const { personId, currency } = world.one(world.methods, a);
  world.earn(personId, 90_000_000n, currency);
  await world.deliverMoney();
}

async function lie(world: World, a: number, b: number): Promise<void> {
  const [, provider] = world.one(world.providers, a);
  provider.lie(world.one(['contradiction', 'amount', 'unknown'] as const, b));
}

const loop =
  (work: (process: ServiceProcess) => Promise<unknown>): Row['run'] =>
  (world) =>
    world.round(work);

const ROWS: readonly Row[] = [
  { name: 'request', weight: 9, run: request },
  { name: 'request twice at once', weight: 3, run: requestTwice },
  { name: 'request again', weight: 2, run: requestAgain },
  { name: 'cancel', weight: 4, run: cancel },
  { name: 'worker', weight: 16, run: loop((process) => process.work()) },
  {
    name: 'two workers',
    weight: 4,
    run: async (world) => void (await Promise.all([1, 2].map(() => world.round((process) => process.work())))),
  },
  { name: 'batches', weight: 3, run: loop((process) => process.batch()) },
  { name: 'hand files in', weight: 3, run: handFilesIn },
  { name: 'hand a file in again', weight: 1, run: handInAgain },
  { name: 'webhooks', weight: 5, run: webhooks },
  { name: 'the provider goes on', weight: 5, run: async (world) => world.providers.forEach(([, each]) => each.goOn()) },
  {
    name: 'the bank closes its day',
    weight: 3,
    run: async (world, a) => world.bank.closeDay(world.today, { ownLine: a % 20 === 0 }),
  },
  { name: 'bring a file of the bank', weight: 4, run: bringBankFile },
  { name: 'report what banks said', weight: 3, run: loop((process) => process.reportBankFacts()) },
  { name: 'decide', weight: 6, run: decide },
  { name: 'approve the own', weight: 2, run: approveOwn },
  { name: 'freeze', weight: 1, run: freeze },
  { name: 'stop', weight: 2, run: stop },
  { name: 'suspend', weight: 1, run: suspend },
  { name: 'choose a schedule', weight: 2, run: choose },
  { name: 'a schedule’s day', weight: 2, run: planDay },
  { name: 'look at schedules', weight: 3, run: loop((process) => process.lookAtSchedules()) },
  { name: 'events of purchases', weight: 2, run: (world) => world.deliverMoney() },
  { name: 'refund', weight: 1, run: refund },
  { name: 'earn', weight: 1, run: earn },
  { name: 'the provider tells what is not so', weight: 1, run: lie },
];

const DRAWN = ROWS.flatMap((row) => Array.from({ length: row.weight }, () => row));

/** How far a clock goes between two rounds, in milliseconds. */
export const WAITS_MS = [0, 0, 5_000, 5_000, 60_000, LATER_MS, 3_600_000, 86_400_000] as const;

/** Any command at all. */
export const command: fc.Arbitrary<Command> = fc
  .tuple(fc.constantFrom(...DRAWN), fc.nat(0xffff), fc.nat(0xffff))
  .map(([{ name, run }, a, b]) => ({
    name,
    run: (world: World) => run(world, a, b),
    text: `${name} (${a}, ${b})`,
  }));
