import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { currencyOf, MAX_PURCHASE_MICROS } from '@dailydoco/money';
import { checkBooks, type Engine, startEngine, usd } from '../../test/engine.js';
import { asPurchaseId, type TenantId } from '../ids.js';
import type { PurchaseRecord } from '../purchases/purchase.js';
import { PurchaseStore } from '../purchases/purchase.store.js';
import { type RecordedRefund, recordRefund, type RefundOrder } from './record-refund.js';
import { RefundReadStore, RefundStore } from './refund.store.js';
import { restoreChargeback } from './restore-chargeback.js';

let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

async function sale(amount = usd('79.00'), levels = 7): Promise<{ tenantId: TenantId; purchase: PurchaseRecord }> {
  const tenantId = engine.newTenant();
  const [buyer] = await engine.line(tenantId, levels);
  return { tenantId, purchase: await engine.record(engine.order(tenantId, buyer!, { amount })) };
}

function refund(purchase: PurchaseRecord, other: Partial<RefundOrder> = {}): Promise<RecordedRefund> {
  const { tenantId, id: purchaseId } = purchase;
  const order = {
    tenantId,
    purchaseId,
    externalId: engine.newId(),
    reason: 'requested' as const,
    requested: undefined,
  };
  return inDatabaseTransaction(engine.pool, (tx) =>
    recordRefund(
      new RefundStore(tx, engine.outbox),
      { ...order, ...other },
      { now: engine.clock.now(), newId: engine.newId },
    ),
  );
}

const won = (tenantId: TenantId, { refund: { id: refundId } }: RecordedRefund) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    restoreChargeback(new RefundStore(tx, engine.outbox), { tenantId, refundId, at: engine.clock.now() }),
  );

const now = async ({ tenantId, id }: PurchaseRecord) => (await new PurchaseStore(engine.pool).byId(tenantId, id))!;

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    (error: unknown) => (error instanceof DomainError ? error.reason : error),
  );

describe('A refund', () => {
  it.each([
    ['79.00', ['79.00']],
    ['10.00', ['3.33', '3.33', '3.34']],
    ['33.33', ['0.000001', '11.11', '22.219999']],
  ])('of %s in the parts %j ends at zero on every level', async (amount, parts) => {
    const { purchase } = await sale(usd(amount));
    for (const part of parts) await refund(purchase, { requested: usd(part) });
    const after = await now(purchase);
    expect(after.refundedMicros).toBe(after.amountMicros);
    expect(after.commissions).toHaveLength(7);
    expect(after.commissions.map(({ netMicros, status }) => [netMicros, status])).toEqual(
      Array.from({ length: 7 }, () => [0n, 'reversed']),
    );
    expect(await reasonOf(refund(purchase, { requested: usd('0.01') }))).toBe('REFUND_EXCEEDS_PURCHASE');
    expect(await reasonOf(refund(purchase))).toBe('REFUND_EXCEEDS_PURCHASE');
    expect(await now(purchase)).toEqual(after);
  });

  it('of the largest purchase leaves the formula to the micro', async () => {
    const { purchase } = await sale({ amountMicros: MAX_PURCHASE_MICROS, currency: currencyOf('USD') });
    const { reversals } = await refund(purchase, { requested: { amountMicros: 1n, currency: currencyOf('USD') } });
    expect(reversals.map(({ reversedMicros }) => reversedMicros)).toEqual(Array.from({ length: 7 }, () => 1n));
    await refund(purchase);
    expect((await now(purchase)).commissions.every(({ netMicros }) => netMicros === 0n)).toBe(true);
  });

  it('without an amount takes all that is left', async () => {
    const { purchase } = await sale();
    await refund(purchase, { requested: usd('78.00') });
    const { refund: rest } = await refund(purchase);
    expect(rest.amountMicros).toBe(1_000_000n);
  });

  it('of another currency, of too much, or of no purchase is refused and changes nothing', async () => {
    const { tenantId, purchase } = await sale();
    const eur = { amountMicros: 1n, currency: currencyOf('EUR') };
    expect(await reasonOf(refund(purchase, { requested: eur }))).toBe('CURRENCY_MISMATCH');
    expect(await reasonOf(refund(purchase, { requested: usd('79.000001') }))).toBe('REFUND_EXCEEDS_PURCHASE');
    expect(await reasonOf(refund({ ...purchase, id: asPurchaseId(engine.newId()) }))).toBe('PURCHASE_UNKNOWN');
    expect(await reasonOf(refund({ ...purchase, tenantId: engine.newTenant() }))).toBe('PURCHASE_UNKNOWN');
    expect(await now({ ...purchase, tenantId })).toEqual(purchase);
  });

  it('told again is the same refund with the same reversals, whatever came later', async () => {
    const { purchase } = await sale();
    const order = { externalId: 'once', requested: usd('7.90') };
    const first = await refund(purchase, order);
    await refund(purchase, { requested: usd('20.00') });
    const again = await refund(purchase, order);
    const shape = ({ reversals }: RecordedRefund) =>
      reversals.map(({ commission, reversedMicros, netMicros }) => [
        commission.id,
        commission.level,
        reversedMicros,
        netMicros,
      ]);
    expect(again.created).toBe(false);
    expect(shape(again)).toEqual(shape(first));
    expect(shape(first)[0]!.slice(1)).toEqual([1, 1_580_000n, 14_220_000n]);
  });

  it.each([
    ['another amount', { requested: usd('2.00') }],
    ['no amount', { requested: undefined }],
    ['another reason', { reason: 'chargeback' as const }],
    ['another currency', { requested: { amountMicros: 1_000_000n, currency: currencyOf('EUR') } }],
  ])('told again with %s is a conflict', async (_, other) => {
    const { purchase } = await sale();
    const order = { externalId: 'once', requested: usd('1.00') };
    await refund(purchase, order);
    expect(await reasonOf(refund(purchase, { ...order, ...other }))).toBe('REFUND_CONFLICT');
  });

  it('told again for another purchase is a conflict, also at the same moment', async () => {
    const { tenantId, purchase } = await sale();
    const other = await engine.record(engine.order(tenantId, purchase.buyerId));
    const order = { externalId: 'once', requested: usd('1.00') };
    const outcomes = await Promise.all([reasonOf(refund(purchase, order)), reasonOf(refund(other, order))]);
    expect(new Set(outcomes)).toEqual(new Set(['REFUND_CONFLICT', 'fine']));
  });

  it('racing others never takes more than there is, and the nets follow the sum', async () => {
    const { purchase } = await sale(usd('10.00'));
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => reasonOf(refund(purchase, { requested: usd('0.99') }))),
    );
    expect(outcomes.filter((outcome) => outcome === 'fine')).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'REFUND_EXCEEDS_PURCHASE')).toHaveLength(10);
    expect((await now(purchase)).refundedMicros).toBe(9_900_000n);
    expect((await engine.eventsOf(purchase)).map(({ payload }) => payload.purchaseSequence)).toEqual(
      Array.from({ length: 22 }, (_, index) => BigInt(index + 1)),
    );
  });

  it('is listed oldest first, in pages', async () => {
    const { tenantId, purchase } = await sale();
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await refund(purchase, { requested: usd('1.00') })).refund.id);
    const reads = new RefundReadStore(engine.pool);
    const query = { tenantId, purchaseId: purchase.id };
    const first = await reads.list({ ...query, after: undefined, limit: 2 });
    const rest = await reads.list({ ...query, after: first[1]!.refund.id, limit: 2 });
    expect([...first, ...rest].map(({ refund: { id } }) => id)).toEqual(ids);
    expect(first.every(({ reversals }) => reversals.length === 7)).toBe(true);
    expect(await reads.list({ ...query, tenantId: engine.newTenant(), after: undefined, limit: 9 })).toEqual([]);
  });
});

describe('A chargeback that was won', () => {
  it('brings back what the formula says, once', async () => {
    const { tenantId, purchase } = await sale();
    const lost = await refund(purchase, { reason: 'chargeback' });
    expect((await now(purchase)).commissions.every(({ status }) => status === 'reversed')).toBe(true);
    await won(tenantId, lost);
    const after = await won(tenantId, lost);
    expect(after.refundedMicros).toBe(0n);
    expect(after.commissions.map(({ status, netMicros }) => [status, netMicros])).toEqual(
      purchase.commissions.map(({ grossMicros }) => ['pending', grossMicros]),
    );
    expect((await engine.eventsOf(purchase)).map(({ name }) => name)).toEqual([
      'PurchaseRecorded',
      'CommissionsAccrued',
      'RefundRecorded',
      'CommissionsReversed',
      'CommissionsRestored',
    ]);
  });

  it('among other refunds leaves what those alone would have left', async () => {
    const { tenantId, purchase } = await sale(usd('33.33'));
    await refund(purchase, { requested: usd('11.11') });
    const expected = (await now(purchase)).commissions.map(({ netMicros }) => netMicros);
    const lost = await refund(purchase, { reason: 'chargeback', requested: usd('7.77') });
    const after = await won(tenantId, lost);
    expect(after.commissions.map(({ netMicros }) => netMicros)).toEqual(expected);
  });

  it('cannot have been a refund that was asked for, nor one of another tenant', async () => {
    const { tenantId, purchase } = await sale();
    const asked = await refund(purchase, { requested: usd('1.00') });
    expect(await reasonOf(won(tenantId, asked))).toBe('CONFLICT');
    expect(await reasonOf(won(engine.newTenant(), asked))).toBe('NOT_FOUND');
  });

  it('holds at once what returns to pending for somebody suspended meanwhile', async () => {
    const { tenantId, purchase } = await sale();
    const lost = await refund(purchase, { reason: 'chargeback' });
    await engine.setStatus(tenantId, purchase.commissions[2]!.beneficiaryId, 'suspended');
    const after = await won(tenantId, lost);
    expect(after.commissions.map(({ status }) => status)).toEqual([
      'pending',
      'pending',
      'held',
      'pending',
      'pending',
      'pending',
      'pending',
    ]);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
