import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGrpcClient, type GrpcClient } from '@dailydoco/grpc';
import { CommissionKind, CommissionStatus } from '@dailydoco/proto/dailydoco/viral/events/v1/viral_events';
import {
  PurchaseServiceService,
  ReconciliationServiceService,
  type RecordPurchaseRequest,
  type RecordPurchasesResponse,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { PaymentFingerprints } from '../src/fraud/payment-fingerprints.js';
import type { TenantId, UserId } from '../src/ids.js';
import { type Edges, SECRET, startEdges } from './edges.js';
import { checkBooks, type Engine, START, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;
let purchases: GrpcClient<typeof PurchaseServiceService>;
let reconciliation: GrpcClient<typeof ReconciliationServiceService>;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  const options = { address: edges.grpcAddress, service: 'payouts', serviceSecret: SECRET };
  purchases = createGrpcClient(PurchaseServiceService, options);
  reconciliation = createGrpcClient(ReconciliationServiceService, options);
});

afterAll(async () => {
  purchases.close();
  reconciliation.close();
  await edges.stop();
  await engine.stop();
});

async function tenant(levels = 7): Promise<{ tenantId: TenantId; people: UserId[]; authorization: string }> {
  const tenantId = engine.newTenant();
  const people = await engine.line(tenantId, levels);
  return { tenantId, people, authorization: edges.apiKey(tenantId, ['purchases:write']) };
}

const sale = (buyerId: string, other: Partial<RecordPurchaseRequest> = {}): RecordPurchaseRequest => ({
  externalId: engine.newId(),
  buyerId,
  customerId: '',
  amount: { micros: 79_000_000n, currencyCode: 'USD' },
  stream: 'subscription',
  websiteId: '',
  productTag: '',
  occurredAt: undefined,
  ...other,
});

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'fine',
    (error: { reason?: string }) => error.reason,
  );

describe('RecordPurchase', () => {
  it('answers with the commissions, and the second time with the same purchase', async () => {
    const { people, authorization } = await tenant();
    const request = sale(people[0]!);
    const first = await purchases.recordPurchase(request, { authorization });
    expect(first).toMatchObject({
      created: true,
      planId: 'standard',
      planVersion: 1,
      total: { micros: 49_770_000n },
      house: { micros: 29_230_000n },
    });
    expect(first.commissions[0]).toMatchObject({
      beneficiaryId: people[1],
      kind: CommissionKind.COMMISSION_KIND_LEVEL,
      level: 1,
      rateBps: 2000,
      amountMicros: 15_800_000n,
    });
    expect(await purchases.recordPurchase(request, { authorization })).toEqual({ ...first, created: false });
    const other = { ...request, amount: { micros: 2n ** 53n + 1n, currencyCode: 'USD' } };
    expect(await reasonOf(purchases.recordPurchase(other, { authorization }))).toBe('VALIDATION_FAILED');
    expect(await reasonOf(purchases.recordPurchase({ ...request, stream: 'usage' }, { authorization }))).toBe(
      'PURCHASE_CONFLICT',
    );
  });

  it.each([
    ['no amount', { amount: undefined }],
    ['an amount of zero', { amount: { micros: 0n, currencyCode: 'USD' } }],
    ['an unknown currency', { amount: { micros: 1n, currencyCode: 'usd' } }],
    ['a buyer that is no id', { buyerId: 'x' }],
    ['a website that is no id', { websiteId: 'x' }],
    ['no external id', { externalId: '' }],
    ['a stream that is no slug', { stream: '' }],
    ['a product tag that is no slug', { productTag: 'Pro' }],
    ['a payment fingerprint too long', { paymentFingerprint: 'x'.repeat(201) }],
  ])('with %s is invalid', async (_, wrong) => {
    const { people, authorization } = await tenant(0);
    expect(await reasonOf(purchases.recordPurchase(sale(people[0]!, wrong), { authorization }))).toBe(
      'VALIDATION_FAILED',
    );
  });

  it('keeps of the card that paid only a fingerprint, the same that HTTP would keep', async () => {
    const { tenantId, people, authorization } = await tenant(0);
    await purchases.recordPurchase(sale(people[0]!, { paymentFingerprint: 'card_4242' }), { authorization });
    await purchases.recordPurchase(sale(people[0]!), { authorization });
    const { rows } = await engine.pool.query('SELECT fingerprint FROM buyer_payment WHERE tenant_id = $1', [tenantId]);
    const expected = edges.get(PaymentFingerprints).of(tenantId, 'card_4242');
    expect(rows.map(({ fingerprint }) => [...fingerprint])).toEqual([[...expected]]);
  });

  it('takes the plan of its product tag, and is another purchase with another tag', async () => {
    const { tenantId, people, authorization } = await tenant();
    await engine.addPlan(tenantId, { planId: 'pro', levelsBps: [1000], productTags: ['pro-yearly'] });
    const request = sale(people[0]!, { productTag: 'pro-yearly' });
    expect(await purchases.recordPurchase(request, { authorization })).toMatchObject({ planId: 'pro', planVersion: 1 });
    const told = (productTag: string) => purchases.recordPurchase({ ...request, productTag }, { authorization });
    expect((await told('pro-yearly')).created).toBe(false);
    expect(await reasonOf(told(''))).toBe('PURCHASE_CONFLICT');
  });

  it('is for API keys that may write, of their own tenant', async () => {
    const { tenantId, people } = await tenant(0);
    expect(await reasonOf(purchases.recordPurchase(sale(people[0]!), { tenantId }))).toBe('FORBIDDEN');
    const reader = edges.apiKey(tenantId, ['purchases:read']);
    expect(await reasonOf(purchases.recordPurchase(sale(people[0]!), { authorization: reader }))).toBe('SCOPE_MISSING');
    const stranger = edges.apiKey(engine.newTenant());
    expect(await reasonOf(purchases.recordPurchase(sale(people[0]!), { authorization: stranger }))).toBe(
      'BUYER_UNKNOWN',
    );
    const old = sale(people[0]!, { occurredAt: new Date(START.getTime() - 86_400_001) });
    expect(
      await reasonOf(purchases.recordPurchase(old, { authorization: edges.apiKey(tenantId, ['purchases:write']) })),
    ).toBe('SCOPE_MISSING');
  });
});

describe('RecordPurchases', () => {
  it('answers every item once, and one bad item ends nothing', async () => {
    const { people, authorization } = await tenant();
    const twice = sale(people[0]!);
    async function* items() {
      for (let n = 0n; n < 3_000n; n += 1n) yield { correlationId: n, purchase: sale(people[0]!) };
      yield { correlationId: 3_000n, purchase: sale(engine.newId()) };
      yield { correlationId: 3_001n, purchase: undefined };
      yield { correlationId: 3_002n, purchase: twice };
      yield { correlationId: 3_003n, purchase: { ...twice, stream: 'usage' } };
      yield { correlationId: 3_004n, purchase: sale(people[0]!, { buyerId: 'x' }) };
    }
    const answers = new Map<bigint, RecordPurchasesResponse['result']>();
    for await (const { correlationId, result } of purchases.recordPurchases(items(), { authorization })) {
      expect(answers.has(correlationId)).toBe(false);
      answers.set(correlationId, result);
    }
    expect(answers.size).toBe(3_005);
    for (let n = 0n; n < 3_000n; n += 1n) {
      const result = answers.get(n);
      if (result?.$case !== 'recorded') throw new Error(`item ${n}: ${JSON.stringify(result)}`);
      expect(result.value.commissions).toHaveLength(7);
    }
    const errorOf = (n: bigint) => {
      const result = answers.get(n);
      return result?.$case === 'error' ? result.value.reason : 'fine';
    };
    expect([3_000n, 3_001n, 3_004n].map(errorOf)).toEqual(['BUYER_UNKNOWN', 'VALIDATION_FAILED', 'VALIDATION_FAILED']);
    expect([3_002n, 3_003n].map(errorOf).toSorted()).toEqual(['PURCHASE_CONFLICT', 'fine']);
  });
});

describe('ListPurchaseStates', () => {
  it('pages through the purchases of the tenant as they stand, ascending by id', async () => {
    const { tenantId, people } = await tenant(2);
    const recorded = [];
    for (let n = 0; n < 5; n += 1) recorded.push(await engine.record(engine.order(tenantId, people[0]!)));
    const alone = await engine.record(engine.order(tenantId, people[2]!));
    const { states, nextPageToken } = await reconciliation.listPurchaseStates(
      { pageSize: 4, pageToken: '' },
      { tenantId },
    );
    const rest = await reconciliation.listPurchaseStates({ pageSize: 4, pageToken: nextPageToken }, { tenantId });
    expect([...states, ...rest.states].map(({ purchaseId }) => purchaseId)).toEqual(
      [...recorded, alone].map(({ id }) => id),
    );
    expect(rest.nextPageToken).toBe('');
    expect(states[0]).toMatchObject({
      purchaseSequence: 2n,
      currencyCode: 'USD',
      changedAt: START,
      entries: [
        {
          commissionId: recorded[0]!.commissions[0]!.id,
          beneficiaryId: people[1],
          status: CommissionStatus.COMMISSION_STATUS_PENDING,
          netMicros: 15_800_000n,
        },
        { beneficiaryId: people[2], netMicros: 11_850_000n },
      ],
    });
    expect(rest.states.at(-1)).toMatchObject({ purchaseSequence: 1n, entries: [] });
  });

  it('knows the caller’s tenant only, and sane pages', async () => {
    const tenantId = engine.newTenant();
    expect(await reconciliation.listPurchaseStates({ pageSize: 0, pageToken: '' }, { tenantId })).toEqual({
      states: [],
      nextPageToken: '',
    });
    for (const request of [
      { pageSize: 1001, pageToken: '' },
      { pageSize: -1, pageToken: '' },
      { pageSize: 1, pageToken: 'x' },
    ]) {
      expect(await reasonOf(reconciliation.listPurchaseStates(request, { tenantId }))).toBe('VALIDATION_FAILED');
    }
    expect(await reasonOf(reconciliation.listPurchaseStates({ pageSize: 1, pageToken: '' }))).toBe('FORBIDDEN');
    const authorization = edges.apiKey(tenantId);
    expect(await reasonOf(reconciliation.listPurchaseStates({ pageSize: 1, pageToken: '' }, { authorization }))).toBe(
      'FORBIDDEN',
    );
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    const { purchases: count, wrong } = await checkBooks(engine);
    expect(wrong).toEqual([]);
    expect(count).toBeGreaterThan(3_000);
  });
});
