// `npm run bench`: each figure beside a limit measured in the same run, on a fleet of its own. Prints, and judges nothing but
// whether the work was done right: machines are noisy, so the ratios are what to read.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  explain,
  type Fleet,
  ManagedProcess,
  prepareFirstUse,
  type ProcessSpec,
  repositoryRoot,
  startFleet,
  terminalProgress,
} from '@dailydoco/local';
import { parseDecimal } from '@dailydoco/money';
import { freePort } from '@dailydoco/stores';
import { bareInsertsPerSecond } from './bench/bare-inserts.js';
import { mebibytes, memoryOverPurchases } from './bench/memory.js';
import { makeBuyers } from './bench/buyers.js';
import { checkBooks } from './bench/books.js';
import { bulkStream, newSales, requireNewOfSeven, streamSales, untilDrained } from './bench/bulk-stream.js';
import { type Figure, percent, rate, report, times } from './bench/figure.js';
import { addCappedPlan, hotFigures, plantTrees } from './bench/hot.js';
import { Holdable } from './bench/hold.js';
import { type HttpFigure, type HttpLoad, httpLoad, median } from './bench/http-load.js';
import { type Part, readOptions } from './bench/options.js';
import { peerFigures } from './bench/peer.js';
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
const MEMORY_PURCHASES = 1_000_000;
const HTTP_ROUNDS = 5;
const HTTP_SECONDS = 5;
const CONNECTIONS = 64;

const PEER_ROUNDS = 3;
const PEER_SECONDS = 5;
/** What follows registrations is over by then, so that the peer has the machine for itself. */
const PEER_AFTER_MS = 25_000;

const progress = terminalProgress();
const { parts, peerSql } = whatIsAsked();

/** What is to be measured, with the peer's SQL; a wrong call ends here, before anything is started. */
function whatIsAsked(): { readonly parts: ReadonlySet<Part>; readonly peerSql: readonly string[] } {
  try {
    const { parts: named, peerSql: files } = readOptions(process.argv.slice(2));
    return { parts: named, peerSql: files.map((file) => readFileSync(file, 'utf8')) };
  } catch (error) {
    process.stderr.write(`✖ ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** Those who read what viral-engine publishes; on a machine of their own they would not slow it down. */
const CONSUMERS = ['payouts', 'analytics'] as const;

/** The process that works behind the one that answers: relay, consumers of viral-engine, what is due. */
const BACKGROUND = 'viral-engine-background';

/** Consumers are held while acceptance is measured: acceptance and drain are told apart, else one hides the other. */
function consumersOf(fleet: Fleet, background: ManagedProcess): Holdable {
  const consumers = CONSUMERS.map((name) => fleet.processes.get(name)).filter((each) => each !== undefined);
  return new Holdable([...consumers, background], superuserUrlOf(fleet));
}

function superuserUrlOf({ stores }: Fleet): string {
  const url = stores.postgres?.url;
  if (url === undefined) throw new Error('the benchmark needs a Postgres of its own: none may be given');
  return url;
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

async function benchBulk(
  fleet: Fleet,
  world: World,
  { buyerIds, consumers }: { buyerIds: readonly string[]; consumers: Holdable },
): Promise<Figure[]> {
  const accepted: number[] = [];
  const drained: number[] = [];
  const bare: number[] = [];
  const both: number[] = [];
  for (let round = 0; round <= BULK_ROUNDS; round += 1) {
    // The last round holds nobody back.
    const held = round < BULK_ROUNDS;
    const externalIdPrefix = `bulk-${round}-${world.run}`;
    const due = (await earnedMicros(world)) + BigInt(BULK_PURCHASES) * EARNED_PER_PURCHASE_MICROS;
    if (held) await consumers.hold();
    const run = await bulkStream({
      fleet,
      apiKey: world.tenant.apiKey,
      buyerIds,
      purchases: BULK_PURCHASES,
      externalIdPrefix,
      amountMicros: PRICE_MICROS,
      onAccepted: () => consumers.letGo(),
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

/** Five rounds, the limit before the figure in each, medians of both; both come to speed first, not counted. */
async function beside(limit: HttpLoad, figure: HttpLoad): Promise<{ limit: HttpFigure; figure: HttpFigure }> {
  await httpLoad(limit);
  await httpLoad(figure);
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

/** What HTTP figures need of the world around them. */
interface HttpBench {
  readonly fleet: Fleet;
  readonly world: World;
  readonly emptyUrl: string;
}

const COMMON = { connections: CONNECTIONS, seconds: HTTP_SECONDS };

function engineUrl({ addresses }: Fleet): string {
  return `http://127.0.0.1:${addresses.ports['viral-engine'].http}`;
}

async function benchHttp({ fleet, world, emptyUrl }: HttpBench, buyerIds: readonly string[]): Promise<Figure[]> {
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
  const purchases = await beside(
    { ...COMMON, url: `${emptyUrl}/empty`, apiKey, expectedStatus: 200 },
    { ...COMMON, url: `${engineUrl(fleet)}/v1/purchases`, apiKey, nextBody, expectedStatus: 201 },
  );
  return [
    {
      what: `purchases over HTTP, ${CONNECTIONS} connections (p99 ${purchases.figure.p99Ms} ms)`,
      figure: rate(purchases.figure.perSecond),
      limit: `${rate(purchases.limit.perSecond)} an empty route behind the same access (p99 ${purchases.limit.p99Ms} ms)`,
      ratio: percent(purchases.figure.perSecond, purchases.limit.perSecond),
      wanted: '≥ 12 %',
    },
  ];
}

async function benchRedirect({ fleet, world, emptyUrl }: HttpBench): Promise<Figure[]> {
  const first = world.sessions[0];
  const { code } = await world.api.get<{ code: string }>('/v1/referrals/me', { token: (await first?.token()) ?? '' });
  const redirects = await beside(
    { ...COMMON, url: `${emptyUrl}/open`, expectedStatus: 200 },
    { ...COMMON, url: `${engineUrl(fleet)}/r/${code}`, expectedStatus: 302 },
  );
  return [
    {
      what: `referral redirect (p99 ${redirects.figure.p99Ms} ms)`,
      figure: rate(redirects.figure.perSecond),
      limit: `${rate(redirects.limit.perSecond)} an empty route for anyone`,
      ratio: percent(redirects.figure.perSecond, redirects.limit.perSecond),
      wanted: '≥ 60 %',
    },
  ];
}

/** Starts a process like viral-engine's beside the fleet, and waits until it answers on `readyPath`. */
async function startBeside(
  fleet: Fleet,
  wanted: { name: string; readyPath: string; change: (spec: ProcessSpec) => Partial<ProcessSpec> },
): Promise<{ url: string; process: ManagedProcess }> {
  const { name, readyPath, change } = wanted;
  const [http, grpc] = [await freePort(), await freePort()];
  const engine = fleet.processes.get('viral-engine')?.spec;
  if (engine === undefined) throw new Error('the fleet has no viral-engine');
  const changed = { ...engine, ...change(engine) };
  const started = new ManagedProcess(
    {
      ...changed,
      name,
      env: { ...changed.env, HTTP_PORT: String(http), GRPC_PORT: String(grpc) },
      logFile: join(fleet.layout.logDir, `${name}.log`),
    },
    { onDeath: (message) => progress.say(`! ${message}`) },
  );
  started.start();
  const url = `http://127.0.0.1:${http}`;
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const ready = await fetch(`${url}${readyPath}`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) return { url, process: started };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await started.stop();
  throw new Error(`${name} did not start:\n${started.tail()}`);
}

/** The routes that do nothing, as a process like a service's. */
function startEmptyRoute(fleet: Fleet): ReturnType<typeof startBeside> {
  return startBeside(fleet, {
    name: 'empty-route',
    readyPath: '/open',
    change: ({ args, env }) => ({
      args: args.map((arg) => (arg === 'dist/main.js' ? 'dist/bench/empty-route.js' : arg)),
      cwd: join(repositoryRoot, 'infra', 'load'),
      env: { ...env, OTEL_SERVICE_NAME: 'empty-route' },
    }),
  });
}

/** The same program as the fleet's viral-engine, which only answers here; this one does the rest. */
function startBackground(fleet: Fleet): ReturnType<typeof startBeside> {
  return startBeside(fleet, {
    name: BACKGROUND,
    readyPath: '/health/ready',
    change: ({ env }) => ({ env: { ...env, BACKGROUND_WORK: 'true' } }),
  });
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

async function benchMemory(fleet: Fleet, world: World, buyerIds: readonly string[]): Promise<Figure[]> {
  const { early, late, highest } = await memoryOverPurchases({
    fleet,
    apiKey: world.tenant.apiKey,
    buyerIds,
    purchases: MEMORY_PURCHASES,
    externalIdPrefix: `memory-${world.run}`,
    amountMicros: PRICE_MICROS,
    note: (text) => progress.say(`  ${text}`),
  });
  return [
    {
      what: `memory of viral-engine, purchases 500,001 to 1,000,000 (highest ${mebibytes(highest)})`,
      figure: mebibytes(late),
      limit: `${mebibytes(early)} purchases 100,001 to 500,000`,
      ratio: percent(late, early),
      wanted: '≤ 110 %',
    },
  ];
}

/** Sales by pgledger, whose SQL the caller gives, and ours on the same server; first theirs, so that ours leave them no work. */
async function benchPeer(
  fleet: Fleet,
  world: World,
  { buyerIds, consumers }: { buyerIds: readonly string[]; consumers: Holdable },
): Promise<Figure[]> {
  await wait(PEER_AFTER_MS);
  const peer = await peerFigures({
    superuserUrl: superuserUrlOf(fleet),
    sql: peerSql,
    rounds: PEER_ROUNDS,
    seconds: PEER_SECONDS,
  });
  const accepted: number[] = [];
  await consumers.hold();
  try {
    for (let round = 0; round < PEER_ROUNDS; round += 1) {
      const externalIdPrefix = `peer-${round}-${world.run}`;
      const sales = newSales({ buyerIds, purchases: BULK_PURCHASES, externalIdPrefix, amountMicros: PRICE_MICROS });
      const { apiKey } = world.tenant;
      const tookMs = await streamSales({ fleet, apiKey, sales, onRecorded: requireNewOfSeven });
      accepted.push((1000 * BULK_PURCHASES) / tookMs);
    }
  } finally {
    consumers.letGo();
  }
  const ours = median(accepted);
  const line = (house: string, perSecond: number): Figure => ({
    what: `purchases, seven levels, gRPC bulk stream, durable; consumers held; pgledger with ${house}`,
    figure: rate(ours),
    limit: `${rate(perSecond)} sales of seven transfers by pgledger`,
    ratio: times(ours, perSecond),
    wanted: '≥ 10 ×',
  });
  return [line('one account of the house', peer.hot), line('an account of the house per connection', peer.spread)];
}

mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
const folder = mkdtempSync(join(repositoryRoot, '.local', 'bench-'));
let fleet: Fleet | undefined;
const started: Awaited<ReturnType<typeof startBeside>>[] = [];
try {
  fleet = await startFleet({
    dataDir: folder,
    gatewayPort: 0,
    progress,
    endsOnSignal: true,
    settings: { BACKGROUND_WORK: 'false' },
  });
  const running = fleet;
  const background = await startBackground(running);
  started.push(background);
  await prepareFirstUse(running, progress, { demo: false });
  const empty = await startEmptyRoute(running);
  started.push(empty);
  const consumers = consumersOf(running, background.process);
  const world = await makeWorld(running);
  const buyers = await progress.step(`register ${BUYERS} buyers`, () => makeBuyers(running, world, BUYERS));
  const buyerIds = buyers.map(({ user }) => user.id);
  const figures: Figure[] = [];
  const part = async (name: Part, what: string, work: () => Promise<Figure[]>): Promise<void> => {
    if (parts.has(name)) figures.push(...(await progress.step(what, work)));
  };
  await part('stream', `${BULK_ROUNDS} × ${BULK_PURCHASES} purchases by gRPC stream`, () =>
    benchBulk(running, world, { buyerIds, consumers }),
  );
  await part('storms', 'storms of refunds and of duplicates', () => benchStorms(running, world, buyerIds));
  await part('peer', `${PEER_ROUNDS} rounds beside pgledger`, () => benchPeer(running, world, { buyerIds, consumers }));
  await consumers.hold();
  try {
    await part('hot', `${HOT_ROUNDS} rounds of what is shared`, () => benchHot(running, world));
    const http = { fleet: running, world, emptyUrl: empty.url };
    await part('http', `${HTTP_ROUNDS} rounds of purchases over HTTP`, () => benchHttp(http, buyerIds));
    await part('memory', `${MEMORY_PURCHASES} purchases, and the memory they take`, () =>
      benchMemory(running, world, buyerIds),
    );
    await part('redirect', `${HTTP_ROUNDS} rounds of redirects`, () => benchRedirect(http));
  } finally {
    consumers.letGo();
  }
  const how = `medians of ${BULK_ROUNDS} (streams) and ${HTTP_ROUNDS} rounds (HTTP)`;
  progress.say(`\n${report(figures, how)}`);
} catch (error) {
  process.stderr.write(explain(error));
  process.exitCode = 1;
} finally {
  await Promise.all(started.map(({ process: each }) => each.stop()));
  await fleet?.stop();
}
if (process.exitCode === undefined) rmSync(folder, { recursive: true, force: true });
else progress.say(`logs are kept in ${folder}`);
