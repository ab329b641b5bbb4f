import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inDatabaseTransaction } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import { sourceHooks } from '@dailydoco/testing';
import { asPayoutId, type PayoutMethodId, type TenantId, type UserId } from '../src/ids.js';
import type { Change } from '../src/payouts/change-payout.js';
import { type Books, micros, startBooks } from './books.js';
import { specEnv } from './edges.js';
import { oneOf, seeded } from './lives.js';

/** `PAYOUTS_TO_KILL=10000` for the long run. */
const PAYOUTS = Number(process.env['PAYOUTS_TO_KILL'] ?? 2_000);
const KILLS = PAYOUTS > 2_000 ? 12 : 4;
const ADDED_AT_ONCE = 500;
const LEAP_MS = 3_600_000;
const SEED = 4711;

let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

/** Payouts of 1.00 by methods of every kind of ending, some of which lose answers. */
async function requestMany(tenantId: TenantId, personId: UserId): Promise<void> {
  const scripts = [
    { outcome: 'settled' },
    { outcome: 'settled', feeAmount: '0.01' },
    { outcome: 'settled', loseAnswers: 2 },
    { outcome: 'failed' },
    { outcome: 'returned', loseAnswers: 1 },
  ] as const;
  const methods: PayoutMethodId[] = [];
  for (const script of scripts) methods.push(await books.addMethod(tenantId, personId, script));
  const now = books.clock.now();
  for (let n = 0; n < PAYOUTS; n += ADDED_AT_ONCE) {
    const changes = Array.from({ length: ADDED_AT_ONCE }, (_, k): Change => {
      const payout = {
        tenantId,
        id: asPayoutId(books.newId()),
        personId,
        methodId: methods[k % methods.length]!,
        rail: 'sandbox' as const,
        amountMicros: micros('1.00'),
        withheldMicros: 0n,
        currency: currencyOf('USD'),
        requestedAt: now,
        status: 'requested' as const,
        reason: undefined,
        changedAt: now,
        feeMicros: 0n,
        railReference: undefined,
        batchId: undefined,
      };
      return { payout, askAt: now };
    });
    await inDatabaseTransaction(books.pool, (tx) => books.payoutBook(tx).add(changes));
  }
}

/** Runs the worker in a process of its own; it is killed at the rail's nth call, or ends by itself. */
async function runWorker(leaps: number, killAt: number): Promise<string> {
  const file = fileURLToPath(new URL('worker-process.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=@dailydoco/source', '--import', sourceHooks, file, String(leaps * LEAP_MS)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: { PATH: process.env['PATH'], ...specEnv(books) } },
  );
  let calls = 0;
  child.on('message', () => {
    calls += 1;
    if (calls === killAt) child.kill('SIGKILL');
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? String(code);
}

it('I6: the rail’s own record equals the ledger after kills at any moment of a batch', async () => {
  const dice = seeded(SEED);
  const [tenantId, personId] = [books.newTenant(), books.newPerson()];
  await books.earn(tenantId, personId, String(PAYOUTS));
  await requestMany(tenantId, personId);
  for (let n = 0; n < KILLS; n += 1) {
    const killAt = oneOf([1, 30, 75, 120, 260], dice) + dice(50);
    expect(await runWorker(n, killAt)).toBe('SIGKILL');
  }
  expect(await runWorker(KILLS, Infinity)).toBe('0');

  const { rows: wrong } = await books.pool.query(
    `SELECT p.id, p.status, r.outcome, p.fee_micros FROM payout p
     FULL JOIN sandbox_payment r ON r.tenant_id = p.tenant_id AND r.reference = p.id
     WHERE p.status IS DISTINCT FROM r.outcome OR p.amount_micros IS DISTINCT FROM r.amount_micros
        OR p.fee_micros IS DISTINCT FROM r.fee_micros`,
  );
  expect(wrong).toEqual([]);
  const { rows: sums } = await books.pool.query<{ rail: string; cash: string; payments: number }>(
    `SELECT (SELECT sum(amount_micros) FILTER (WHERE outcome = 'settled') + sum(fee_micros) FROM sandbox_payment) AS rail,
            (SELECT count(*)::int FROM sandbox_payment) AS payments,
            (SELECT sum(b.balance_micros) FROM account_balance b JOIN account a ON a.tenant_id = b.tenant_id
               AND a.id = b.account_id AND a.kind = 'cash') AS cash`,
  );
  expect(sums[0]?.payments).toBe(PAYOUTS);
  expect(sums[0]?.cash).toBe(sums[0]?.rail);
  expect((await books.balance(tenantId, personId))?.inTransitMicros).toBe(0n);
  expect(await books.breaks(tenantId)).toEqual([]);
}, 300_000);
