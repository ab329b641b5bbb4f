// `npm run bench`: each figure beside a limit measured in the same run, on a fleet of its own. Prints, and judges nothing but
// whether the work was done right: machines are noisy, so the ratios are what to read.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  explain,
  type Fleet,
  ManagedProcess,
  prepareFirstUse,
  repositoryRoot,
  startFleet,
  terminalProgress,
} from '@dailydoco/local';
import { parseDecimal } from '@dailydoco/money';
import { freePort } from '@dailydoco/stores';
import { bareInsertsPerSecond } from './bench/bare-inserts.js';
import { makeBuyers } from './bench/buyers.js';
import { checkBooks } from './bench/books.js';
import { bulkStream, untilDrained } from './bench/bulk-stream.js';
import { type Figure, percent, rate, report } from './bench/figure.js';
import { addCappedPlan, hotFigures, plantTrees } from './bench/hot.js';
import { type HttpFigure, type HttpLoad, httpLoad, median } from './bench/http-load.js';
import { duplicateStorm, refundStorm } from './bench/storms.js';
import { makeWorld, type World } from './world.js';

const BULK_PURCHASES = 20_000;
const BULK_ROUNDS = 3;
const BUYERS = 200;
const STORM_PURCHASES = 2_000;
const HOT_PURCHASES = 6_000;
const HOT_ROUNDS = 3;
const PRICE_MICROS = 79_000_000n;
const EARNED_PER_PURCHASE_MICROS = 49_770_000n;
const HTTP_ROUNDS = 5;
const HTTP_SECONDS = 5;
const CONNECTIONS = 64;

const progress = terminalProgress();

/** Those who read what viral-engine publishes; on a machine of their own they would not slow it down. */
const CONSUMERS = ['payouts', 'analytics'] as const;

/** Stops the consumers where they are, or lets them go on: acceptance and drain are told apart, else one hides the other. */
function consumers(fleet: Fleet, signal: 'SIGSTOP' | 'SIGCONT'): void {
  for (const name of CONSUMERS) fleet.processes.get(name)?.kill(signal);
}

/** Money on the accounts of the seven who earn. */
async function earnedMicros(world: World): Promise<bigint> {
  const pending = await Promise.all(
    world.sessions.slice(0, 7).map(async (session) => {
      const { balances } = await world.api.get<{ balances: { pending: { amount: string } }[] }>('/v1/balances/me', {
        token: await session.token(),
      });
      return parseDecimal(balances[0]?.pending.amount ?? '0.00') ?? 0n;
    }),
  );
  return pending.reduce((sum, micros) => sum + micros, 0n);
}

async function benchBulk(fleet: Fleet, world: World, buyerIds: readonly string[]): Promise<Figure[]> {
  const accepted: number[] = [];
  const drained: number[] = [];
  const bare: number[] = [];
  const both: number[] = [];
  for (let round = 0; round <= BULK_ROUNDS; round += 1) {
    // The last round holds nobody back.
    const held = round < BULK_ROUNDS;
    const externalIdPrefix = `bulk-${round}-${world.run}`;
    const due = (await earnedMicros(world)) + BigInt(BULK_PURCHASES) * EARNED_PER_PURCHASE_MICROS;
    if (held) consumers(fleet, 'SIGSTOP');
    const run = await bulkStream({
      fleet,
      apiKey: world.tenant.apiKey,
      buyerIds,
      purchases: BULK_PURCHASES,
      externalIdPrefix,
      amountMicros: PRICE_MICROS,
      onAccepted: () => consumers(fleet, 'SIGCONT'),
      drained: async () => (await earnedMicros(world)) === due,
    });
    if (!held) {
      both.push((1000 * run.purchases) / (run.acceptedMs + run.drainedMs));
      continue;
    }
    accepted.push((1000 * run.purchases) / run.acceptedMs);
    drained.push((1000 * run.purchases) / run.drainedMs);
    bare.push(
      await bareInsertsPerSecond(fleet.addresses.databaseUrls['viral-engine'].owner, {
        externalIdPrefix,
        purchases: BULK_PURCHASES,
      }),
    );
  }
  return [
    {
      what: 'purchases, seven levels, gRPC bulk stream, durable; consumers held',
      figure: rate(median(accepted)),
      limit: `${rate(median(bare))} the same rows by bare unnest`,
      ratio: percent(median(accepted), median(bare)),
      wanted: '≥ 40 %',
    },
    {
      what: 'outbox → Kafka → ledger, analytics beside it; nobody sends',
      figure: rate(median(drained)),
      limit: `${rate(median(accepted))} accepted`,
      ratio: percent(median(drained), median(accepted)),
      wanted: '≥ 50 %',
    },
    {
      what: 'both at once, from the first request until the ledger has all',
      figure: rate(median(both)),
      limit: `${rate(median(accepted))} accepted`,
      ratio: percent(median(both), median(accepted)),
      wanted: '–',
    },
  ];
}

/** Five rounds, the limit before the figure in each, medians of both. */
async function beside(limit: HttpLoad, figure: HttpLoad): Promise<{ limit: HttpFigure; figure: HttpFigure }> {
  const limits: HttpFigure[] = [];
  const figures: HttpFigure[] = [];
  for (let round = 0; round < HTTP_ROUNDS; round += 1) {
    limits.push(await httpLoad(limit));
    figures.push(await httpLoad(figure));
  }
  const middle = (all: readonly HttpFigure[]): HttpFigure => ({
    perSecond: median(all.map(({ perSecond }) => perSecond)),
    p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
  });
  return { limit: middle(limits), figure: middle(figures) };
}

async function benchHttp(
  fleet: Fleet,
  world: World,
  parts: { buyerIds: readonly string[]; emptyUrl: string },
): Promise<Figure[]> {
  const { buyerIds, emptyUrl } = parts;
  const engineUrl = `http://127.0.0.1:${fleet.addresses.ports['viral-engine'].http}`;
  const common = { connections: CONNECTIONS, seconds: HTTP_SECONDS };
  const { apiKey } = world.tenant;
  let sent = 0;
  const nextBody = (): string => {
    sent += 1;
    return JSON.stringify({
      externalId: `http-${sent}-${world.run}`,
      buyerId: buyerIds[sent % buyerIds.length],
      amount: { amount: '79.00', currency: 'USD' },
      stream: 'subscription',
    });
  };
  // Both processes come to speed first; not counted.
  await httpLoad({ ...common, url: `${emptyUrl}/empty`, apiKey, expectedStatus: 200 });
  await httpLoad({ ...common, url: `${engineUrl}/v1/purchases`, apiKey, nextBody, expectedStatus: 201 });
  const purchases = await beside(
    { ...common, url: `${emptyUrl}/empty`, apiKey, expectedStatus: 200 },
    { ...common, url: `${engineUrl}/v1/purchases`, apiKey, nextBody, expectedStatus: 201 },
  );
  const first = world.sessions[0];
  const { code } = await world.api.get<{ code: string }>('/v1/referrals/me', { token: (await first?.token()) ?? '' });
  const redirects = await beside(
    { ...common, url: `${emptyUrl}/open`, expectedStatus: 200 },
    { ...common, url: `${engineUrl}/r/${code}`, expectedStatus: 302 },
  );
  return [
    {
      what: `purchases over HTTP, ${CONNECTIONS} connections (p99 ${purchases.figure.p99Ms} ms)`,
      figure: rate(purchases.figure.perSecond),
      limit: `${rate(purchases.limit.perSecond)} an empty route behind the same access`,
      ratio: percent(purchases.figure.perSecond, purchases.limit.perSecond),
      wanted: '≥ 12 %',
    },
    {
      what: `referral redirect (p99 ${redirects.figure.p99Ms} ms)`,
      figure: rate(redirects.figure.perSecond),
      limit: `${rate(redirects.limit.perSecond)} an empty route for anyone`,
      ratio: percent(redirects.figure.perSecond, redirects.limit.perSecond),
      wanted: '≥ 60 %',
    },
  ];
}

/** The routes that do nothing, as a process like a service's. */
async function startEmptyRoute(fleet: Fleet): Promise<{ url: string; stop: () => Promise<void> }> {
  const port = await freePort();
  const engine = fleet.processes.get('viral-engine')?.spec;
  if (engine === undefined) throw new Error('the fleet has no viral-engine');
  const empty = new ManagedProcess(
    {
      name: 'empty-route',
      command: engine.command,
      args: engine.args.map((arg) => (arg === 'dist/main.js' ? 'dist/bench/empty-route.js' : arg)),
      cwd: join(repositoryRoot, 'infra', 'load'),
      env: { ...engine.env, OTEL_SERVICE_NAME: 'empty-route', HTTP_PORT: String(port) },
      logFile: join(fleet.layout.logDir, 'empty-route.log'),
    },
    { onDeath: (message) => progress.say(`! ${message}`) },
  );
  empty.start();
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const ready = await fetch(`${url}/open`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { url, stop: () => empty.stop() };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await empty.stop();
  throw new Error(`the empty route did not start:\n${empty.tail()}`);
}

/** Every purchase refunded in parts, and every purchase told five times, with the books looked at afterwards. */
async function benchStorms(fleet: Fleet, world: World, buyerIds: readonly string[]): Promise<Figure[]> {
  const before = await earnedMicros(world);
  const refunds = await refundStorm({ fleet, world, buyerIds, purchases: STORM_PURCHASES });
  const duplicates = await duplicateStorm({ fleet, world, buyerIds, purchases: STORM_PURCHASES });
  const standing = BigInt(refunds.standing + duplicates.standing) * EARNED_PER_PURCHASE_MICROS;
  await untilDrained(async () => (await earnedMicros(world)) === before + standing);
  await checkBooks(fleet, world);
  return [
    {
      what: `refund storm: ${3 * STORM_PURCHASES} refunds over HTTP, three of each purchase, while others buy; books whole`,
      figure: rate(refunds.refundsPerSecond),
      limit: `${rate(refunds.purchasesPerSecond)} purchases in the same seconds`,
      ratio: '–',
      wanted: '–',
    },
    {
      what: `duplicate storm: ${STORM_PURCHASES} purchases told five times each, shuffled; each made once, books whole`,
      figure: rate(duplicates.messagesPerSecond),
      limit: '–',
      ratio: '–',
      wanted: '–',
    },
  ];
}

/** What it costs that many purchases share a buyer, an upline, or the counter of a capped plan. */
async function benchHot(fleet: Fleet, world: World): Promise<Figure[]> {
  await addCappedPlan(world);
  const hot = await hotFigures({ fleet, world }, await plantTrees(fleet, world), {
    purchases: HOT_PURCHASES,
    rounds: HOT_ROUNDS,
  });
  const line = (what: string, perSecond: number): Figure => ({
    what: `${what}; gRPC bulk stream, consumers held`,
    figure: rate(perSecond),
    limit: `${rate(hot.apart)} buyers who share nobody`,
    ratio: percent(perSecond, hot.apart),
    wanted: '≥ 80 %',
  });
  return [
    line('200 buyers with one upline', hot.oneUpline),
    line('one buyer', hot.oneBuyer),
    line('one plan with a company cap', hot.oneCounter),
  ];
}

mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
const folder = mkdtempSync(join(repositoryRoot, '.local', 'bench-'));
let fleet: Fleet | undefined;
let empty: Awaited<ReturnType<typeof startEmptyRoute>> | undefined;
try {
  fleet = await startFleet({ dataDir: folder, gatewayPort: 0, progress, endsOnSignal: true });
  await prepareFirstUse(fleet, progress, { demo: false });
  const running = fleet;
  empty = await startEmptyRoute(running);
  const emptyUrl = empty.url;
  const world = await makeWorld(running);
  const buyers = await progress.step(`register ${BUYERS} buyers`, () => makeBuyers(running, world, BUYERS));
  const buyerIds = buyers.map(({ user }) => user.id);
  const bulk = await progress.step(`${BULK_ROUNDS} × ${BULK_PURCHASES} purchases by gRPC stream`, () =>
    benchBulk(running, world, buyerIds),
  );
  const storms = await progress.step('storms of refunds and of duplicates', () =>
    benchStorms(running, world, buyerIds),
  );
  const [hot, http] = await (async () => {
    consumers(running, 'SIGSTOP');
    const shared = await progress.step(`${HOT_ROUNDS} rounds of what is shared`, () => benchHot(running, world));
    const routes = await progress.step(`${HTTP_ROUNDS} rounds of HTTP`, () =>
      benchHttp(running, world, { buyerIds, emptyUrl }),
    );
    return [shared, routes] as const;
  })().finally(() => consumers(running, 'SIGCONT'));
  const how = `medians of ${BULK_ROUNDS} (streams) and ${HTTP_ROUNDS} rounds (HTTP)`;
  progress.say(`\n${report([...bulk, ...hot, ...storms, ...http], how)}`);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
} finally {
  await empty?.stop();
  await fleet?.stop();
}
if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
else progress.say(`logs are kept in ${folder}`);
