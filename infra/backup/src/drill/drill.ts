import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiError, type Progress, type Registered, repositoryRoot } from '@dailydoco/local';
import { republish } from '@dailydoco/events';
import pg from 'pg';
import { holdDatabase, withSql } from '../hold.js';
import { takeBaseBackup } from '../physical/base-backup.js';
import { restoreCluster } from '../physical/point-in-time.js';
import { accept } from '../reconcile/accept.js';
import { reconcile, type Report, reportTable, reportText } from '../reconcile/report.js';
import { patiently } from './patiently.js';
import { setStage, type Stage, startLedgerCluster } from './stage.js';

const PRICE = '79.00';
/** What all levels of the standard plan earn of one purchase together. */
const EARNED_PER_PURCHASE = 49_770_000n;
const LEVELS = 7;
const BEFORE_BACKUP = 24;
const AFTER_BACKUP = 24;
const AFTER_THE_MOMENT = 24;
const WHILE_LOST = 6;
const PURCHASES = BEFORE_BACKUP + AFTER_BACKUP + AFTER_THE_MOMENT + WHILE_LOST;
const LOST = AFTER_THE_MOMENT + WHILE_LOST;
const SETTLE_TIMEOUT_MS = 60_000;

/** Something did not come out as promised. */
class DrillError extends Error {}

function demand(isTrue: boolean, promise: string): void {
  if (!isTrue) throw new DrillError(`The drill failed: ${promise}`);
}

/** Everything counts, however young: the drill waits until nothing moves. */
const compared = (stage: Stage): Promise<Report> =>
  reconcile({ urls: stage.urls, settledBefore: new Date(Date.now() + 3_600_000) });

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + SETTLE_TIMEOUT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline)
      throw new DrillError(`The drill failed: ${what} not within ${SETTLE_TIMEOUT_MS / 1000} s`);
    await wait(250);
  }
}

const settled = (stage: Stage): Promise<void> =>
  until('balanced', async () => {
    const { balanced, inFlight } = await compared(stage);
    return balanced && inFlight === 0;
  });

async function buy({ api, tenant, people }: Stage, prefix: string, count: number): Promise<void> {
  const buyer = people.at(-1)?.user.id;
  for (let index = 0; index < count; index += 1) {
    const externalId = `${prefix}-${index}`;
    const body = { externalId, buyerId: buyer, amount: { amount: PRICE, currency: 'USD' }, stream: 'subscription' };
    await patiently(() => api.post('/v1/purchases', body, { token: tenant.apiKey, idempotencyKey: externalId }));
  }
}

/** The log up to now is in the archive: what happens to the cluster from here on, so much is safe. */
async function archived({ ledger }: Stage): Promise<void> {
  const client = new pg.Client({ connectionString: ledger.store.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ name: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS name');
    const wanted = rows[0]?.name ?? '';
    await until('archived', async () => {
      const last = await client.query<{ name: string | null }>(
        'SELECT last_archived_wal AS name FROM pg_stat_archiver',
      );
      return (last.rows[0]?.name ?? '') >= wanted;
    });
  } finally {
    await client.end();
  }
}

/** Commits that the log must not be replayed to: the moment lies before them. */
async function momentBetween(stage: Stage): Promise<Date> {
  await wait(100);
  const moment = new Date();
  await wait(100);
  await buy(stage, 'after-the-moment', AFTER_THE_MOMENT);
  await suspendSomebody(stage);
  return moment;
}

/** The ledger must not pay this person; after the restore it has never heard of it. */
async function suspendSomebody({ api, tenant }: Stage): Promise<void> {
  const zoe = { email: `zoe@${tenant.host}.example.com`, password: crypto.randomUUID(), displayName: 'Zoe' };
  const { user } = await patiently(() =>
    api.post<Registered>('/v1/auth/register', zoe, { host: tenant.host, idempotencyKey: `register-${zoe.email}` }),
  );
  await patiently(() => api.post(`/v1/users/${user.id}/suspend`, undefined, { token: tenant.ownerToken }));
}

async function lose({ ledger, fleet }: Stage): Promise<void> {
  await ledger.store.kill('SIGKILL');
  rmSync(ledger.dataDir, { recursive: true });
  await fleet.processes.get('payouts')?.stop();
}

async function bringBack(stage: Stage, { backupDir, to }: { backupDir: string; to: Date }): Promise<void> {
  const { ledger } = stage;
  const { dataDir, archiveDir, port } = ledger;
  const restored = await restoreCluster({
    backupDir,
    archiveDir,
    to,
    dataDir,
    passwordFile: `${dataDir}.password`,
    port,
    diesWithParent: true,
  });
  await holdDatabase(stage.ownerUrl('payouts'), {
    restoredTo: to,
    restoredBy: 'the drill',
    reason: 'its cluster was destroyed on purpose',
  });
  await restored.stop();
  ledger.store = await startLedgerCluster(ledger);
  stage.fleet.processes.get('payouts')?.start();
  const ready = `http://127.0.0.1:${stage.fleet.addresses.ports.payouts.http}/health/ready`;
  await until('payouts ready', async () => (await fetch(ready).catch(() => undefined))?.ok === true);
}

const pendingOf = async ({ api, people }: Stage): Promise<string[]> =>
  Promise.all(
    people.slice(0, LEVELS).map(async ({ tokens }) => {
      const { balances } = await patiently(() =>
        api.get<{ balances: { pending: { amount: string } }[] }>('/v1/balances/me', { token: tokens.accessToken }),
      );
      return balances[0]?.pending.amount ?? '0.00';
    }),
  );

const microsOf = (decimals: readonly string[]): bigint =>
  decimals.reduce((sum, text) => sum + BigInt(Math.round(Number(text) * 1_000_000)), 0n);

/** What asking for a payout is answered: the problem's code. */
async function payoutAnswer({ api, people }: Stage): Promise<string> {
  try {
    await api.post(
      '/v1/payouts',
      { methodId: crypto.randomUUID(), amount: { amount: '1.00', currency: 'USD' } },
      { token: people[0]?.tokens.accessToken ?? '' },
    );
    return 'created';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return `${error.status} ${(JSON.parse(error.body) as { code: string }).code}`;
  }
}

async function isHeldInMetrics({ fleet }: Stage): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${fleet.addresses.ports.payouts.http}/metrics`);
  return /^dailydoco_restore_hold(\{[^}]*\})? 1$/m.test(await answer.text());
}

async function demandReadOnly(stage: Stage): Promise<void> {
  const earned = microsOf(await pendingOf(stage));
  demand(
    earned === EARNED_PER_PURCHASE * BigInt(BEFORE_BACKUP + AFTER_BACKUP),
    `balances of the moment, not ${earned} micros`,
  );
  const refused = await payoutAnswer(stage);
  demand(refused === '503 READ_ONLY', `a payout is refused as READ_ONLY, not ${refused}`);
  demand(await isHeldInMetrics(stage), 'the metric says that the service is held');
}

function demandDifference(report: Report): void {
  const missing = report.differences.find(({ kind }) => kind === 'commission-without-journal');
  demand(missing?.count === LOST * LEVELS, `${LOST * LEVELS} commissions without journal, not ${missing?.count ?? 0}`);
  const sum = microsOf([missing?.sums['USD'] ?? '0']);
  const unheard = report.differences.filter(
    ({ kind, knownTo }) => kind === 'event-not-applied' && knownTo === 'identity',
  );
  demand(unheard.length === 2, `two consumers have not heard of a suspension, not ${unheard.length}`);
  demand(sum === EARNED_PER_PURCHASE * BigInt(LOST), `their sum is what was lost, not ${sum} micros`);
}

/** Publishes what the ledger has to hear again; while it is held it must hear and not act. */
async function publishAgain(stage: Stage, from: Date): Promise<number> {
  let events = 0;
  for (const service of ['viral-engine', 'identity'] as const)
    events += await withSql(stage.urls[service], (sql) => republish(sql, { from }));
  const published = async (): Promise<boolean> => {
    const waiting = await Promise.all(
      (['viral-engine', 'identity'] as const).map((service) =>
        withSql(stage.urls[service], (sql) =>
          sql.query<{ n: string }>('SELECT count(*) AS n FROM messaging.outbox WHERE published_at IS NULL'),
        ),
      ),
    );
    return waiting.every(({ rows }) => BigInt(rows[0]?.n ?? 0) === 0n);
  };
  await until('published again', published);
  await wait(2_000);
  demandDifference(await compared(stage));
  return events;
}

/**
 * Loses the ledger for real and brings it back: base backup, more purchases, a moment, more purchases, kill -9, the folder
 * deleted, back to the moment; the service answers reads and refuses changes until the differences are accepted; then it
 * hears again what it lost, and everything is balanced to the micro. Throws when any of this is not so.
 */
export async function drill(progress: Progress): Promise<void> {
  mkdirSync(join(repositoryRoot, '.local'), { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(repositoryRoot, '.local', 'drill-'));
  const stage = await setStage(folder, progress);
  let isOver = false;
  try {
    await act(stage, { folder, progress });
    isOver = true;
  } finally {
    await stage.close();
    if (isOver) rmSync(folder, { recursive: true, force: true });
    else progress.say(`everything is kept in ${folder}`);
  }
}

async function act(stage: Stage, { folder, progress }: { folder: string; progress: Progress }): Promise<void> {
  const backupDir = join(folder, 'backup');
  await progress.step(`${BEFORE_BACKUP} purchases, all in the ledger`, async () => {
    await buy(stage, 'before-backup', BEFORE_BACKUP);
    await settled(stage);
  });
  await progress.step('take a base backup of the ledger', (onProgress) =>
    takeBaseBackup({ url: stage.ledger.store.url, backupDir, onProgress }),
  );
  const to = await progress.step(`${AFTER_BACKUP} purchases, a moment, ${AFTER_THE_MOMENT} purchases`, async () => {
    await buy(stage, 'after-backup', AFTER_BACKUP);
    await settled(stage);
    const moment = await momentBetween(stage);
    await settled(stage);
    await archived(stage);
    return moment;
  });
  const lostAt = performance.now();
  await progress.step(`kill the ledger’s Postgres and delete its folder; ${WHILE_LOST} purchases more`, async () => {
    await lose(stage);
    await buy(stage, 'while-lost', WHILE_LOST);
  });
  await progress.step(`bring it back to ${to.toISOString()}, held`, () => bringBack(stage, { backupDir, to }));
  const readable = performance.now();
  await progress.step('reads are answered, a payout is refused', () => demandReadOnly(stage));
  const report = await compared(stage);
  writeFileSync(join(folder, 'report.json'), reportText(report), { mode: 0o600 });
  progress.say(reportTable(report));
  demandDifference(report);
  const events = await progress.step('publish again what it has to hear; held, it applies none', () =>
    publishAgain(stage, to),
  );
  const pid = stage.fleet.processes.get('payouts')?.pid;
  await progress.step('accept, without a restart; balanced', async () => {
    await accept(report, {
      acceptedBy: 'the drill',
      reason: 'the lost part was published again',
      ownerUrlOf: stage.ownerUrl,
    });
    await until('taking changes', async () => (await payoutAnswer(stage)) !== '503 READ_ONLY');
    await settled(stage);
  });
  const whole = performance.now();
  const earned = microsOf(await pendingOf(stage));
  demand(
    earned === EARNED_PER_PURCHASE * BigInt(PURCHASES),
    `every account has what it earned, not ${earned} micros in all`,
  );
  demand(stage.fleet.processes.get('payouts')?.pid === pid, 'payouts went on without a restart');
  const seconds = (ms: number): string => `${((ms - lostAt) / 1000).toFixed(1)} s`;
  progress.say(
    `\n${reportTable(await compared(stage))}: ${PURCHASES} purchases, ${PURCHASES * LEVELS} commissions, ${events} events published again.` +
      ` Readable ${seconds(readable)} after the loss, whole after ${seconds(whole)}.`,
  );
}
