import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Role } from '@dailydoco/auth';
import { createGrpcClient, type GrpcCallOptions, type GrpcClient } from '@dailydoco/grpc';
import {
  AccountKind,
  LedgerServiceService,
  MethodServiceService,
  PayoutServiceService,
  PayoutStatus,
  RailObstacle,
  StandingServiceService,
} from '@dailydoco/proto/dailydoco/payouts/v1/payouts';
import type { PayoutMethodId, TenantId, UserId } from '../src/ids.js';
import type { Finding } from '../src/payouts/screen.js';
import { railRegistry } from '../src/rails/registry.js';
import { type Books, micros, startBooks } from './books.js';
import { type Edges, SECRET, startEdges, usd } from './edges.js';
import { Life } from './lives.js';
import { dollars, page, reasonOf, refusalOf, takeAll } from './rpc-calls.js';
import { SPEC_BANK } from './spec-rail.js';

let books: Books;
let edges: Edges;
let ledger: GrpcClient<typeof LedgerServiceService>;
let payouts: GrpcClient<typeof PayoutServiceService>;
let methods: GrpcClient<typeof MethodServiceService>;
let standing: GrpcClient<typeof StandingServiceService>;

beforeAll(async () => {
  books = await startBooks();
  edges = await startEdges(books, { rails: railRegistry([books.rail, SPEC_BANK]) });
  const options = { address: edges.grpcAddress, service: 'analytics', serviceSecret: SECRET };
  ledger = createGrpcClient(LedgerServiceService, options);
  payouts = createGrpcClient(PayoutServiceService, options);
  methods = createGrpcClient(MethodServiceService, options);
  standing = createGrpcClient(StandingServiceService, options);
});

afterAll(async () => {
  for (const client of [ledger, payouts, methods, standing]) client.close();
  await edges.stop();
  await books.stop();
});

interface Someone {
  readonly tenantId: TenantId;
  readonly personId: UserId;
  readonly methodId: PayoutMethodId;
  /** The person's own token. */
  readonly as: GrpcCallOptions & { readonly authorization: string };
  readonly life: Life;
}

/** A person with 100.00 USD and a payout method. */
async function someone(tenantId = books.newTenant()): Promise<Someone> {
  const personId = books.newPerson();
  const life = await books.earn(tenantId, personId, '100.00');
  const methodId = await books.addMethod(tenantId, personId);
  return { tenantId, personId, methodId, as: { authorization: await edges.person(tenantId, personId) }, life };
}

const staff = async (tenantId: TenantId, role: Role) => ({
  authorization: await edges.person(tenantId, books.newPerson(), [role]),
});

const ask = ({ methodId, as }: Someone, amount = '30.00', idempotencyKey: string = books.newId()) =>
  payouts.requestPayout({ idempotencyKey, amount: dollars(amount), methodId }, as);

const available = async ({ tenantId, personId }: Someone) => (await books.balance(tenantId, personId))?.availableMicros;

describe('GetBalances', () => {
  it('tells a person, a service that acts for them and staff the same, now and as of then', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    const before = books.clock.now();
    books.clock.advance(1_000);
    await ask(me);
    const mine = await ledger.getBalances({ personId: '', asOf: undefined }, me.as);
    expect(mine.balances).toMatchObject([
      {
        currencyCode: 'USD',
        pendingMicros: 0n,
        availableMicros: micros('70.00'),
        inTransitMicros: micros('30.00'),
        paidMicros: 0n,
      },
    ]);
    expect(mine.balances[0]?.accounts.map(({ kind }) => kind)).toContain(AccountKind.ACCOUNT_KIND_IN_TRANSIT);
    const named = { personId, asOf: undefined };
    expect(await ledger.getBalances(named, { tenantId })).toEqual(mine);
    const support = await staff(tenantId, 'support');
    expect(await ledger.getBalances(named, support)).toEqual(mine);
    const overHttp = await edges.call('GET', `/v1/people/${personId}/balances`, { as: support.authorization });
    expect(overHttp.body).toMatchObject({ balances: [{ available: usd('70.00'), inTransit: usd('30.00') }] });
    const refused = await edges.call('GET', `/v1/people/${personId}/balances`, { as: me.as.authorization });
    expect(refused.status).toBe(403);
    const then = await ledger.getBalances({ personId, asOf: before }, { tenantId });
    expect(then.balances).toMatchObject([{ availableMicros: micros('100.00'), inTransitMicros: 0n }]);
  });

  it('lets nobody look at somebody else', async () => {
    const [me, you] = [await someone(), await someone()];
    const yours = { personId: you.personId, asOf: undefined };
    expect(await reasonOf(ledger.getBalances(yours, me.as))).toBe('FORBIDDEN');
    // The same id means another person there.
    expect((await ledger.getBalances(yours, { tenantId: me.tenantId })).balances).toEqual([]);
  });
});

describe('ListStatementLines', () => {
  it('pages through an account, newest first, with the balance after each line', async () => {
    const me = await someone();
    await ask(me, '30.00');
    books.clock.advance(1_000);
    await ask(me, '20.00');
    const { balances } = await ledger.getBalances({ personId: '', asOf: undefined }, me.as);
    const accountId =
      balances[0]?.accounts.find(({ kind }) => kind === AccountKind.ACCOUNT_KIND_AVAILABLE)?.accountId ?? '';
    const request = { personId: me.personId, accountId, from: undefined, to: undefined, pageSize: 2, pageToken: '' };
    const first = await ledger.listStatementLines(request, { tenantId: me.tenantId });
    const rest = await ledger.listStatementLines(
      { ...request, pageToken: first.nextPageToken },
      { tenantId: me.tenantId },
    );
    expect([first.currencyCode, rest.nextPageToken]).toEqual(['USD', '']);
    expect([...first.lines, ...rest.lines]).toMatchObject([
      { amountMicros: -micros('20.00'), balanceMicros: micros('50.00'), cause: { payoutStep: 'requested' } },
      { amountMicros: -micros('30.00'), balanceMicros: micros('70.00'), event: 'PayoutRequested' },
      { amountMicros: micros('100.00'), balanceMicros: micros('100.00'), cause: { purchaseId: me.life.purchaseId } },
    ]);
    const of = (as: GrpcCallOptions, personId = '') =>
      reasonOf(ledger.listStatementLines({ ...request, personId }, as));
    const [sibling, stranger] = [await someone(me.tenantId), await someone()];
    expect(await of(await staff(me.tenantId, 'finance'))).toBe('fine');
    expect(await of(sibling.as)).toBe('FORBIDDEN');
    expect(await of({ tenantId: me.tenantId }, sibling.personId)).toBe('FORBIDDEN');
    expect(await of(stranger.as)).toBe('NOT_FOUND');
  });
});

describe('The books of a tenant', () => {
  it('balance, for finance and for services only', async () => {
    const me = await someone();
    const request = { asOf: undefined };
    const told = await ledger.getTrialBalance(request, { tenantId: me.tenantId });
    expect(told.currencies).toEqual([
      { currencyCode: 'USD', debitMicros: micros('100.00'), creditMicros: micros('100.00') },
    ]);
    expect(await ledger.getTrialBalance(request, await staff(me.tenantId, 'finance'))).toEqual(told);
    for (const as of [me.as, await staff(me.tenantId, 'support'), { authorization: edges.apiKey(me.tenantId) }, {}]) {
      expect(await reasonOf(ledger.getTrialBalance(request, as))).toBe('FORBIDDEN');
    }
  });

  it('name the journals that a fact made, as over HTTP', async () => {
    const me = await someone();
    const asked = await ask(me);
    await payouts.cancelPayout({ payoutId: asked.payout?.payoutId ?? '', idempotencyKey: '' }, me.as);
    const caused = (fact: 'purchaseId' | 'payoutId', value: string, pages = page, as?: GrpcCallOptions) =>
      ledger.listCausedJournals({ fact: { $case: fact, value }, ...pages }, as ?? { tenantId: me.tenantId });
    const { journals } = await caused('purchaseId', me.life.purchaseId);
    expect(journals.map(({ event }) => event)).toEqual(['CommissionsAccrued', 'CommissionsReleased']);
    expect(journals[0]?.postings.reduce((sum, { amountMicros }) => sum + amountMicros, 0n)).toBe(0n);
    expect(journals[0]).toMatchObject({ currencyCode: 'USD', cause: { purchaseSequence: 2n, payoutId: '' } });
    const payoutId = asked.payout?.payoutId ?? '';
    const first = await caused('payoutId', payoutId, { pageSize: 1, pageToken: '' });
    const rest = await caused('payoutId', payoutId, { pageSize: 1, pageToken: first.nextPageToken });
    expect([...first.journals, ...rest.journals].map(({ event }) => event)).toEqual([
      'PayoutRequested',
      'PayoutCancelled',
    ]);
    expect(rest.nextPageToken).toBe('');
    const { authorization } = await staff(me.tenantId, 'support');
    const overHttp = await edges.call('GET', `/v1/ledger/journals?payoutId=${payoutId}`, { as: authorization });
    expect(overHttp.body.items.map(({ id }: { id: string }) => id)).toEqual(
      [...first.journals, ...rest.journals].map(({ journalId }) => journalId),
    );
    for (const query of ['', `?payoutId=${payoutId}&purchaseId=${payoutId}`]) {
      const refused = await edges.call('GET', `/v1/ledger/journals${query}`, { as: authorization });
      expect([refused.status, refused.body.code]).toEqual([400, 'VALIDATION_FAILED']);
    }
    expect((await caused('payoutId', payoutId, page, { tenantId: books.newTenant() })).journals).toEqual([]);
    expect(await reasonOf(caused('payoutId', payoutId, page, me.as))).toBe('FORBIDDEN');
  });

  it('come as a stream, one journal after the other, which goes on where it broke', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const lives = Array.from({ length: 600 }, () => {
      const shares = [{ beneficiaryId: personId, micros: 1_000_000n }];
      return new Life({ tenantId, amountMicros: 2_000_000n, shares });
    });
    const from = books.clock.now();
    await books.live(...lives);
    const range = { from, to: new Date(from.getTime() + 1_000), after: '' };
    const all = await takeAll(ledger.listJournals(range, { tenantId }));
    const ids = all.map(({ journal }) => journal?.journalId ?? '');
    expect([ids.length, new Set(ids).size]).toEqual([600, 600]);
    const rest = await takeAll(ledger.listJournals({ ...range, after: ids[549] ?? '' }, { tenantId }));
    expect(rest.map(({ journal }) => journal?.journalId)).toEqual(ids.slice(550));
    const cut = new AbortController();
    const [broken, taken] = [ledger.listJournals(range, { tenantId, signal: cut.signal }), [] as unknown[]];
    const ended = (async () => {
      for await (const each of broken) {
        taken.push(each);
        cut.abort();
      }
    })();
    expect(await reasonOf(ended)).toBe('CANCELLED');
    expect(taken).toHaveLength(1);
    const late = takeAll(ledger.listJournals(range, { tenantId, deadlineMs: 1 }));
    expect(await reasonOf(late)).toBe('DEADLINE_EXCEEDED');
    expect(await reasonOf(takeAll(ledger.listJournals(range, await staff(tenantId, 'support'))))).toBe('FORBIDDEN');
    expect(await takeAll(ledger.listJournals(range, { tenantId: books.newTenant() }))).toEqual([]);
  });
});

describe('RequestPayout', () => {
  it('pays once for one key, by whichever edge it comes', async () => {
    const me = await someone();
    const first = await ask(me, '30.00', 'rent');
    expect(first).toMatchObject({
      replayed: false,
      payout: {
        personId: me.personId,
        amount: dollars('30.00'),
        status: PayoutStatus.PAYOUT_STATUS_REQUESTED,
        rail: 'sandbox',
        withheldMicros: 0n,
        requestedAt: books.clock.now(),
      },
    });
    expect(await ask(me, '30.00', 'rent')).toEqual({ ...first, replayed: true });
    const body = { amount: usd('30.00'), methodId: me.methodId };
    const overHttp = await edges.call('POST', '/v1/payouts', { as: me.as.authorization, body, key: 'rent' });
    expect([overHttp.status, overHttp.body.id]).toEqual([202, first.payout?.payoutId]);
    await edges.call('POST', '/v1/payouts', { as: me.as.authorization, body, key: 'food' });
    expect(await ask(me, '30.00', 'food')).toMatchObject({ replayed: true });
    expect(await reasonOf(ask(me, '31.00', 'rent'))).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(await available(me)).toBe(micros('40.00'));
  });

  it('refuses what HTTP refuses, and moves nothing', async () => {
    const [me, sibling] = [await someone(), await someone()];
    const request = (other: object) =>
      reasonOf(
        payouts.requestPayout(
          { idempotencyKey: books.newId(), amount: dollars('1.00'), methodId: me.methodId, ...other },
          me.as,
        ),
      );
    expect(await request({ amount: dollars('100.01') })).toBe('INSUFFICIENT_BALANCE');
    expect(await request({ amount: dollars('1.001') })).toBe('AMOUNT_TOO_FINE');
    expect(await request({ methodId: sibling.methodId })).toBe('NOT_FOUND');
    const bank = { kind: 'sepa', details: { account: 'DE12345678' } };
    const { body } = await edges.call('POST', '/v1/payout-methods', { as: me.as.authorization, body: bank });
    expect(await request({ methodId: body.id })).toBe('RAIL_UNREACHABLE');
    expect(await request({ idempotencyKey: '' })).toBe('IDEMPOTENCY_KEY_REQUIRED');
    await books.suspend(me.tenantId, me.personId);
    expect(await request({})).toBe('PAYOUTS_FROZEN');
    expect(await available(me)).toBe(micros('100.00'));
  });

  it('takes nobody’s word but the person’s', async () => {
    const me = await someone();
    for (const as of [{ tenantId: me.tenantId }, { authorization: edges.apiKey(me.tenantId) }]) {
      expect(await reasonOf(ask({ ...me, as: as as Someone['as'] }))).toBe('FORBIDDEN');
    }
    for (const authorization of ['Bearer x', `${me.as.authorization}x`]) {
      expect(await reasonOf(ask({ ...me, as: { authorization } }))).toBe('UNAUTHENTICATED');
    }
    const { authorization } = await staff(me.tenantId, 'owner');
    expect(await reasonOf(ask({ ...me, as: { authorization } }))).toBe('NOT_FOUND');
    expect(await available(me)).toBe(micros('100.00'));
  });
});

describe('A payout', () => {
  it('is cancelled once and for all, by its person only', async () => {
    const [me, sibling] = [await someone(), await someone()];
    const payoutId = (await ask(me)).payout?.payoutId ?? '';
    const cancel = (as: GrpcCallOptions, idempotencyKey = '') => payouts.cancelPayout({ payoutId, idempotencyKey }, as);
    expect(await reasonOf(cancel(sibling.as))).toBe('NOT_FOUND');
    expect(await reasonOf(cancel({ tenantId: me.tenantId }))).toBe('FORBIDDEN');
    const cancelled = await cancel(me.as, 'no');
    expect(cancelled.payout?.status).toBe(PayoutStatus.PAYOUT_STATUS_CANCELLED);
    expect(await cancel(me.as, 'no')).toEqual({ ...cancelled, replayed: true });
    expect(await available(me)).toBe(micros('100.00'));
  });

  it('is shown with its steps to its person, to staff and to a service that acts for the person', async () => {
    const me = await someone();
    const payoutId = (await ask(me)).payout?.payoutId ?? '';
    books.clock.advance(10_000);
    await books.work();
    const mine = await payouts.getPayout({ personId: '', payoutId }, me.as);
    expect(mine).toMatchObject({
      payout: { status: PayoutStatus.PAYOUT_STATUS_SETTLED },
      underReview: false,
      steps: [
        { status: PayoutStatus.PAYOUT_STATUS_REQUESTED },
        { status: PayoutStatus.PAYOUT_STATUS_SCREENED },
        { status: PayoutStatus.PAYOUT_STATUS_APPROVED },
        { status: PayoutStatus.PAYOUT_STATUS_SUBMITTED },
        { status: PayoutStatus.PAYOUT_STATUS_SETTLED },
      ],
    });
    const { tenantId, personId } = me;
    expect(await payouts.getPayout({ personId, payoutId }, { tenantId })).toEqual(mine);
    expect(await payouts.getPayout({ personId: '', payoutId }, await staff(tenantId, 'support'))).toEqual(mine);
    const [sibling, stranger] = [await someone(tenantId), await someone()];
    const find = (as: GrpcCallOptions, of = '') => reasonOf(payouts.getPayout({ personId: of, payoutId }, as));
    expect(await find(sibling.as)).toBe('NOT_FOUND');
    expect(await find({ tenantId }, sibling.personId)).toBe('NOT_FOUND');
    expect(await find(stranger.as)).toBe('NOT_FOUND');
    expect(await find({ tenantId: stranger.tenantId }, personId)).toBe('NOT_FOUND');
    expect(await find(await staff(stranger.tenantId, 'owner'))).toBe('NOT_FOUND');
  });

  it('is listed by person, by status and in pages', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    const sibling = await someone(tenantId);
    const ids: (string | undefined)[] = [];
    for (const amount of ['1.00', '2.00', '3.00']) ids.unshift((await ask(me, amount)).payout?.payoutId);
    const other = (await ask(sibling)).payout?.payoutId;
    await payouts.cancelPayout({ payoutId: ids[0] ?? '', idempotencyKey: '' }, me.as);
    const any = PayoutStatus.PAYOUT_STATUS_UNSPECIFIED;
    const list = async (of: string, as: GrpcCallOptions, status = any, pages = page) => {
      const { payouts: found, nextPageToken } = await payouts.listPayouts({ personId: of, status, ...pages }, as);
      return { ids: found.map(({ payoutId }) => payoutId), nextPageToken };
    };
    expect(await list(personId, { tenantId })).toEqual({ ids, nextPageToken: '' });
    const first = await list('', me.as, any, { pageSize: 2, pageToken: '' });
    const rest = await list('', me.as, any, { pageSize: 2, pageToken: first.nextPageToken });
    expect([...first.ids, ...rest.ids]).toEqual(ids);
    const requested = PayoutStatus.PAYOUT_STATUS_REQUESTED;
    expect((await list('', me.as, requested)).ids).toEqual(ids.slice(1));
    expect((await list('', await staff(tenantId, 'finance'), requested)).ids).toEqual([other, ...ids.slice(1)]);
    expect((await list(personId, await staff(tenantId, 'finance'), requested)).ids).toEqual(ids.slice(1));
    expect(await reasonOf(list(sibling.personId, me.as))).toBe('FORBIDDEN');
    expect(await reasonOf(list('', { tenantId }, requested))).toBe('VALIDATION_FAILED');
  });
});

describe('ListRails', () => {
  it('offers what reaches the person with their methods, and says why the others do not', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    const bank = { kind: 'sepa', details: { account: 'DE12345678' } };
    const added = await edges.call('POST', '/v1/payout-methods', { as: me.as.authorization, body: bank });
    const request = { personId: '', currencyCode: 'EUR', country: 'DE' };
    const { rails } = await methods.listRails(request, me.as);
    const missing = ['ach', 'stripe', 'usdc'].map((kind) => ({
      kind,
      reach: { $case: 'obstacle', value: RailObstacle.RAIL_OBSTACLE_NOT_INSTALLED },
      methods: [],
    }));
    expect(rails).toMatchObject([
      { kind: 'sandbox', reach: { $case: 'offer' }, methods: [{ methodId: me.methodId, masked: '' }] },
      {
        kind: 'sepa',
        reach: {
          $case: 'offer',
          value: {
            minimumMicros: 1_000_000n,
            maximumMicros: 500_000_000n,
            feeFixedMicros: 200_000n,
            feeBps: 5,
            typicalHours: 24,
            returnableHours: 240,
          },
        },
        methods: [{ methodId: added.body.id, masked: '•••• 5678', country: 'DE', heldUntil: undefined }],
      },
      ...missing,
    ]);
    expect(await methods.listRails({ ...request, personId }, { tenantId })).toEqual({ rails });
    const sepaOf = async (other: object) => {
      const found = await methods.listRails({ ...request, ...other }, me.as);
      return found.rails.find(({ kind }) => kind === 'sepa')?.reach;
    };
    const obstacle = (value: RailObstacle) => ({ $case: 'obstacle', value });
    expect(await sepaOf({ currencyCode: 'USD' })).toEqual(obstacle(RailObstacle.RAIL_OBSTACLE_CURRENCY_NOT_CARRIED));
    expect(await sepaOf({ country: 'US' })).toEqual(obstacle(RailObstacle.RAIL_OBSTACLE_COUNTRY_NOT_REACHED));
    expect(await sepaOf({ country: '' })).toMatchObject({ $case: 'offer' });
    const { body } = await edges.call('GET', '/v1/payout-rails?currency=USD', { as: me.as.authorization });
    expect(body.unreachable).toEqual([
      { kind: 'sepa', obstacle: 'currency_not_carried' },
      ...missing.map(({ kind }) => ({ kind, obstacle: 'not_installed' })),
    ]);
    const { authorization } = await staff(tenantId, 'support');
    const theirs = await edges.call('GET', `/v1/people/${personId}/payout-methods`, { as: authorization });
    expect(theirs.body.items).toMatchObject([{ id: me.methodId }, { id: added.body.id, masked: '•••• 5678' }]);
    const sibling = await someone(tenantId);
    const peek = await edges.call('GET', `/v1/people/${personId}/payout-methods`, { as: sibling.as.authorization });
    expect(peek.status).toBe(403);
    expect(await reasonOf(methods.listRails({ ...request, personId: sibling.personId }, me.as))).toBe('FORBIDDEN');
  });
});

describe('GetStanding', () => {
  it('tells what stands between a person and their money', async () => {
    const me = await someone();
    const { tenantId, personId } = me;
    const good = { personId, frozen: false, suspended: false, stopped: false, negativeBalances: [] };
    expect(await standing.getStanding({ personId: '' }, me.as)).toEqual({ ...good, payoutsUnderReview: 0 });
    await ask(me, '100.00');
    books.clock.advance(10_000);
    const finding: Finding = { source: 'risk', code: 'velocity', detail: 'many' };
    books.screens = [
      { findingsOf: (asked) => Promise.resolve(new Map(asked.map(({ id }) => [id, [finding, finding]]))) },
    ];
    await books.work();
    books.screens = [];
    me.life.refund(me.life.leftMicros);
    await books.live(me.life);
    await books.suspend(tenantId, personId);
    const { authorization: as } = await staff(tenantId, 'finance');
    await edges.call('POST', `/v1/people/${personId}/payout-freeze`, { as, body: { reason: 'a look' } });
    await edges.call('PUT', '/v1/payout-policy/stop', { as, body: { stopped: true, reason: 'a drill' } });
    const told = await standing.getStanding({ personId }, { tenantId });
    expect(told).toEqual({
      personId,
      frozen: true,
      suspended: true,
      stopped: true,
      negativeBalances: [{ micros: -micros('100.00'), currencyCode: 'USD' }],
      payoutsUnderReview: 1,
      openFindings: 2,
    });
    expect(await standing.getStanding({ personId }, { authorization: as })).toEqual(told);
    // Persons learn that somebody looks, not how much speaks against them.
    const mine = await edges.call('GET', '/v1/payout-standing', { as: me.as.authorization });
    expect(mine.body).toEqual({ ...told, openFindings: undefined, negativeBalances: [usd('-100.00')] });
    const theirs = await edges.call('GET', `/v1/people/${personId}/payout-standing`, { as });
    expect(theirs.body).toEqual({ ...told, negativeBalances: [usd('-100.00')] });
    const refused = await edges.call('GET', `/v1/people/${personId}/payout-standing`, { as: me.as.authorization });
    expect(refused.status).toBe(403);
    const elsewhere = standing.getStanding({ personId }, { tenantId: books.newTenant() });
    expect(await elsewhere).toEqual({ ...good, payoutsUnderReview: 0, openFindings: 0 });
  });
});

describe('A request that makes no sense', () => {
  const id = '0197a0ee-bc99-7c0b-8ef8-bb6d6bb9bd38';
  const at = new Date('2026-06-01T00:00:00Z');
  const lines = { personId: '', accountId: id, from: undefined, to: undefined, ...page };
  const asked = { idempotencyKey: 'k', amount: dollars('1.00'), methodId: id };
  const found = { personId: '', status: PayoutStatus.PAYOUT_STATUS_UNSPECIFIED, ...page };
  type Call = (as: GrpcCallOptions) => Promise<unknown>;

  it.each<[string, Call]>([
    ['personId', (as) => ledger.getBalances({ personId: 'x', asOf: undefined }, as)],
    ['asOf', (as) => ledger.getBalances({ personId: '', asOf: new Date('2999-01-01T00:00:00Z') }, as)],
    ['asOf', (as) => ledger.getBalances({ personId: '', asOf: new Date('1969-01-01T00:00:00Z') }, as)],
    ['accountId', (as) => ledger.listStatementLines({ ...lines, accountId: '' }, as)],
    ['pageSize', (as) => ledger.listStatementLines({ ...lines, pageSize: 501 }, as)],
    ['pageSize', (as) => ledger.listStatementLines({ ...lines, pageSize: -1 }, as)],
    ['pageToken', (as) => ledger.listStatementLines({ ...lines, pageToken: 'x' }, as)],
    ['asOf', (as) => ledger.getTrialBalance({ asOf: new Date('2999-01-01T00:00:00Z') }, as)],
    ['fact', (as) => ledger.listCausedJournals({ fact: undefined, ...page }, as)],
    ['fact.value', (as) => ledger.listCausedJournals({ fact: { $case: 'payoutId', value: 'x' }, ...page }, as)],
    ['from', (as) => takeAll(ledger.listJournals({ from: undefined, to: at, after: '' }, as))],
    ['to', (as) => takeAll(ledger.listJournals({ from: at, to: at, after: '' }, as))],
    ['after', (as) => takeAll(ledger.listJournals({ from: at, to: new Date('2026-07-01T00:00:00Z'), after: id }, as))],
    ['amount', (as) => payouts.requestPayout({ ...asked, amount: undefined }, as)],
    ['amount.micros', (as) => payouts.requestPayout({ ...asked, amount: dollars('0.00') }, as)],
    ['amount.micros', (as) => payouts.requestPayout({ ...asked, amount: dollars('1000000000.01') }, as)],
    [
      'amount.currencyCode',
      (as) => payouts.requestPayout({ ...asked, amount: { micros: 1n, currencyCode: 'usd' } }, as),
    ],
    ['methodId', (as) => payouts.requestPayout({ ...asked, methodId: 'x' }, as)],
    ['idempotencyKey', (as) => payouts.requestPayout({ ...asked, idempotencyKey: 'x'.repeat(256) }, as)],
    ['payoutId', (as) => payouts.cancelPayout({ payoutId: 'x', idempotencyKey: '' }, as)],
    ['payoutId', (as) => payouts.getPayout({ personId: '', payoutId: 'x' }, as)],
    ['status', (as) => payouts.listPayouts({ ...found, status: 99 as PayoutStatus }, as)],
    ['pageToken', (as) => payouts.listPayouts({ ...found, pageToken: 'x' }, as)],
    ['currencyCode', (as) => methods.listRails({ personId: '', currencyCode: 'XXZ', country: '' }, as)],
    ['country', (as) => methods.listRails({ personId: '', currencyCode: 'USD', country: 'de' }, as)],
    ['personId', (as) => standing.getStanding({ personId: 'x' }, as)],
  ])('is refused at %s', async (path, call) => {
    const finance = await staff(books.newTenant(), 'finance');
    expect(await refusalOf(call(finance))).toEqual(['VALIDATION_FAILED', path]);
  });

  it('is one of a service that acts for nobody, or for no tenant', async () => {
    const [tenantId, personId] = [books.newTenant(), books.newPerson()];
    const nobody = ledger.getBalances({ personId: '', asOf: undefined }, { tenantId });
    expect(await refusalOf(nobody)).toEqual(['VALIDATION_FAILED', 'personId']);
    expect(await reasonOf(standing.getStanding({ personId }))).toBe('FORBIDDEN');
    const impostor = createGrpcClient(StandingServiceService, {
      address: edges.grpcAddress,
      service: 'analytics',
      serviceSecret: 'a secret that none of the services ever knew of',
    });
    expect(await reasonOf(impostor.getStanding({ personId }, { tenantId }))).toBe('UNAUTHENTICATED');
    impostor.close();
  });
});
