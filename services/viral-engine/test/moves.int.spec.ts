import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { inDatabaseTransaction, type Sql } from '@dailydoco/database';
import { eventually } from '@dailydoco/testing';
import { asMoveId, asUserId, type TenantId, type UserId } from '../src/ids.js';
import { MAX_UPLINE } from '../src/members/member.js';
import { MemberStore } from '../src/members/member.store.js';
import { registerMember } from '../src/members/register-member.js';
import { UPLINE } from '../src/members/upline.store.js';
import { AsideStore } from '../src/network/aside.store.js';
import { foldMoves } from '../src/network/fold-moves.js';
import { movePerson } from '../src/network/move-person.js';
import { MoveStore } from '../src/network/move.store.js';
import { type Edges, startEdges } from './edges.js';
import { type Engine, START, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
});

afterAll(async () => {
  await edges.stop();
  await engine.stop();
});

/** Called by who pauses; `reached` by who waits for that. */
class Pause {
  readonly #reached = Promise.withResolvers<void>();
  readonly #over = Promise.withResolvers<void>();

  wait(): Promise<void> {
    this.#reached.resolve();
    return this.#over.promise;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  end(): void {
    this.#over.resolve();
  }
}

/** A move that stops when it has written everything and not committed. */
class PausedMove extends MoveStore {
  readonly #pause: Pause;

  constructor(sql: Sql, pause: Pause) {
    super(sql, engine.outbox);
    this.#pause = pause;
  }

  override async addMove(move: Parameters<MoveStore['addMove']>[0]): Promise<void> {
    await super.addMove(move);
    await this.#pause.wait();
  }
}

/** A move that stops when it has written everybody's upline, which purchases need not wait for. */
class PreparedMove extends MoveStore {
  readonly #pause: Pause;

  constructor(sql: Sql, pause: Pause) {
    super(sql, engine.outbox);
    this.#pause = pause;
  }

  override async writeAside(...written: Parameters<MoveStore['writeAside']>): Promise<void> {
    await super.writeAside(...written);
    await this.#pause.wait();
  }
}

/** A registration that stops when it knows whose the code is. */
class PausedRegistration extends MemberStore {
  readonly #pause: Pause;

  constructor(sql: Sql, pause: Pause) {
    super(sql, engine);
    this.#pause = pause;
  }

  override async findCodeOwner(tenantId: TenantId, code: string) {
    const owner = await super.findCodeOwner(tenantId, code);
    await this.#pause.wait();
    return owner;
  }
}

const somebodyWaits = () =>
  eventually(async () => {
    const { rowCount } = await engine.pool.query(
      `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(rowCount).toBe(1);
  });

interface Asked {
  readonly tenantId: TenantId;
  readonly userId: UserId;
  readonly below: UserId | undefined;
}

const move = ({ tenantId, userId, below: referrerId }: Asked, book = (tx: Sql) => new MoveStore(tx, engine.outbox)) =>
  inDatabaseTransaction(engine.pool, (tx) =>
    movePerson(
      book(tx),
      { tenantId, userId, referrerId, movedBy: 'user:admin', reason: 'spec' },
      { now: START, newMoveId: () => asMoveId(engine.newId()) },
    ),
  );

async function register(tenantId: TenantId, referralCode: string, book: (tx: Sql) => MemberStore): Promise<UserId> {
  const userId = asUserId(engine.newId());
  const registration = {
    tenantId,
    userId,
    status: 'active' as const,
    referralCode,
    visitorId: undefined,
    registeredAt: START,
  };
  await inDatabaseTransaction(engine.pool, (tx) => registerMember(book(tx), registration, { now: START, randomBytes }));
  return userId;
}

const uplineOf = async (tenantId: TenantId, userId: UserId) =>
  (await engine.withMembers((book) => book.findMember(tenantId, userId)))!.upline;

/** Brings everything that stands aside into the members' rows, three at a time. */
async function fold(): Promise<void> {
  while (await inDatabaseTransaction(engine.pool, (tx) => foldMoves(new AsideStore(tx), 3)));
}

/** Everybody's upline is the referrer and the referrer's upline: as it is read, and in the rows once nothing stands aside. */
async function expectTree(tenantId: TenantId): Promise<void> {
  const wrong = async (upline: string) => {
    const { rows } = await engine.pool.query(
      `WITH place AS (SELECT m.user_id, m.referrer_id, ${upline} AS upline FROM member m WHERE m.tenant_id = $1)
       SELECT m.user_id FROM place m LEFT JOIN place r ON r.user_id = m.referrer_id
       WHERE m.upline <> CASE WHEN m.referrer_id IS NULL THEN '{}'::uuid[]
         ELSE (m.referrer_id || r.upline)[1:${MAX_UPLINE}] END`,
      [tenantId],
    );
    return rows;
  };
  expect(await wrong(UPLINE)).toEqual([]);
  await fold();
  expect((await engine.pool.query('SELECT 1 FROM moved_upline WHERE tenant_id = $1', [tenantId])).rowCount).toBe(0);
  expect(await wrong('m.upline')).toEqual([]);
}

describe('POST /v1/network/{userId}/move', () => {
  it('takes everybody below along, tells who did it and why, and leaves split purchases as they are', async () => {
    const { tenantId, people } = await edges.tenant(4);
    const [buyer, b, c, d] = people as [UserId, UserId, UserId, UserId, UserId];
    const other = await engine.join(tenantId, await engine.join(tenantId));
    const [above] = await uplineOf(tenantId, other);
    const before = await engine.record(engine.order(tenantId, buyer));
    const adminId = asUserId(engine.newId());
    const admin = await edges.person(tenantId, adminId, ['admin']);
    const body = { referrerId: other, reason: 'Agreed with both sponsors' };
    const key = engine.newId();
    const answer = await edges.call('POST', `/v1/network/${b}/move`, { as: admin, body, key });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        id: expect.any(String),
        userId: b,
        fromReferrerId: c,
        toReferrerId: other,
        people: 2,
        movedBy: `user:${adminId}`,
        reason: body.reason,
        movedAt: engine.clock.now().toISOString(),
      },
    ]);
    expect(await uplineOf(tenantId, buyer)).toEqual([b, other, above]);
    expect(await uplineOf(tenantId, b)).toEqual([other, above]);
    expect(await uplineOf(tenantId, c)).toEqual([d, people[4]]);
    await expectTree(tenantId);
    expect(before.commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual(people.slice(1));
    const after = await engine.record(engine.order(tenantId, buyer));
    expect(after.commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([b, other, above]);
    const again = await edges.call('POST', `/v1/network/${b}/move`, { as: admin, body, key });
    expect([again.status, again.body, again.headers.get('idempotency-replayed')]).toEqual([200, answer.body, 'true']);
    const { rows } = await engine.pool.query(
      'SELECT id, from_referrer_id, to_referrer_id, people, reason FROM network_move WHERE tenant_id = $1',
      [tenantId],
    );
    const { id, reason } = answer.body;
    expect(rows).toEqual([{ id, from_referrer_id: c, to_referrer_id: other, people: 2, reason }]);
    const { rowCount } = await engine.pool.query(
      `SELECT 1 FROM messaging.outbox WHERE aggregate_key = $1 AND event_type LIKE '%PersonMoved'`,
      [b],
    );
    expect(rowCount).toBe(1);
  });

  it('is refused with a reason, and changes nothing', async () => {
    const { tenantId, people } = await edges.tenant(3);
    const [bottom, , third, top] = people as [UserId, UserId, UserId, UserId];
    const [suspended, erased] = [await engine.join(tenantId), await engine.join(tenantId, top)];
    await engine.setStatus(tenantId, suspended, 'suspended');
    await engine.setStatus(tenantId, erased, 'erased');
    const admin = await edges.person(tenantId, asUserId(engine.newId()), ['admin']);
    const partner = await edges.person(tenantId, top);
    const tries: [UserId | string, unknown, string, number, string | undefined][] = [
      [top, top, admin, 409, 'CIRCULAR_REFERRAL'],
      [top, bottom, admin, 409, 'CIRCULAR_REFERRAL'],
      [third, top, admin, 409, 'CONFLICT'],
      [top, null, admin, 409, 'CONFLICT'],
      [erased, third, admin, 409, 'CONFLICT'],
      [third, suspended, admin, 409, 'REFERRER_NOT_ACTIVE'],
      [third, erased, admin, 409, 'REFERRER_NOT_ACTIVE'],
      [third, engine.newId(), admin, 404, 'USER_UNKNOWN'],
      [engine.newId(), third, admin, 404, 'USER_UNKNOWN'],
      [third, 'nobody', admin, 400, 'VALIDATION_FAILED'],
      ['nobody', third, admin, 400, 'VALIDATION_FAILED'],
      [bottom, top, partner, 403, 'FORBIDDEN'],
    ];
    const before = await engine.pool.query('SELECT * FROM member WHERE tenant_id = $1 ORDER BY user_id', [tenantId]);
    for (const [userId, referrerId, as, status, code] of tries) {
      const body = { referrerId, reason: 'because' };
      const answer = await edges.call('POST', `/v1/network/${userId}/move`, { as, body });
      expect([userId, referrerId, answer.status, answer.body.code]).toEqual([userId, referrerId, status, code]);
    }
    for (const body of [{}, { referrerId: null }, { referrerId: null, reason: ' ' }, { reason: 'because' }]) {
      expect((await edges.call('POST', `/v1/network/${third}/move`, { as: admin, body })).status).toBe(400);
    }
    const after = await engine.pool.query('SELECT * FROM member WHERE tenant_id = $1 ORDER BY user_id', [tenantId]);
    expect(after.rows).toEqual(before.rows);
    expect((await engine.pool.query('SELECT 1 FROM network_move WHERE tenant_id = $1', [tenantId])).rowCount).toBe(0);
    // A suspension is about earning and not about the place.
    await edges.call('POST', `/v1/network/${suspended}/move`, {
      as: admin,
      body: { referrerId: top, reason: 'because' },
    });
    expect(await uplineOf(tenantId, suspended)).toEqual([top]);
  });

  it('finds a circle and keeps uplines right also where the line is longer than uplines reach', async () => {
    const tenantId = engine.newTenant();
    const people = await engine.line(tenantId, 2 * MAX_UPLINE + 10);
    const [bottom, top] = [people[0]!, people.at(-1)!];
    await expect(move({ tenantId, userId: top, below: bottom })).rejects.toMatchObject({ reason: 'CIRCULAR_REFERRAL' });
    const other = await engine.join(tenantId);
    const { people: moved } = await move({ tenantId, userId: people.at(-3)!, below: other });
    expect(moved).toBe(people.length - 2);
    await expectTree(tenantId);
    expect(await uplineOf(tenantId, bottom)).toEqual(people.slice(1, 1 + MAX_UPLINE));
    expect((await uplineOf(tenantId, people.at(-4)!)).at(-1)).toBe(other);
  });
});

describe('GET /v1/network-moves', () => {
  it('tells administrators of one tenant who moved whom, when, why, and with how many, the newest first', async () => {
    const { tenantId, people } = await edges.tenant(3);
    const [, low, high] = people as [UserId, UserId, UserId, UserId];
    const other = await engine.join(tenantId);
    const adminId = asUserId(engine.newId());
    const admin = await edges.person(tenantId, adminId, ['admin']);
    for (const [userId, referrerId, reason] of [
      [high, other, 'first'],
      [low, null, 'second'],
      [high, null, 'third'],
    ])
      await edges.call('POST', `/v1/network/${userId}/move`, { as: admin, body: { referrerId, reason } });
    const list = async (query: string, as = admin) => edges.call('GET', `/v1/network-moves${query}`, { as });
    const first = await list('?pageSize=2');
    expect(first.body.items).toMatchObject([
      {
        userId: high,
        fromReferrerId: other,
        toReferrerId: null,
        people: 1,
        reason: 'third',
        movedBy: `user:${adminId}`,
      },
      { userId: low, fromReferrerId: high, toReferrerId: null, people: 2, reason: 'second' },
    ]);
    const rest = await list(`?pageSize=2&pageToken=${first.body.nextPageToken}`);
    expect(rest.body).toEqual({ items: [expect.objectContaining({ reason: 'first', people: 3 })] });
    const ofHigh = await list(`?userId=${high}`);
    expect(ofHigh.body.items.map(({ reason }: { reason: string }) => reason)).toEqual(['third', 'first']);
    const stranger = await edges.person(engine.newTenant(), adminId, ['admin']);
    expect((await list('', stranger)).body).toEqual({ items: [] });
    expect((await list('', await edges.person(tenantId, high))).status).toBe(403);
    expect((await list('?userId=nobody')).body.code).toBe('VALIDATION_FAILED');
    expect((await list('?pageToken=nonsense')).status).toBe(400);
  });
});

describe('A move that races', () => {
  it('with a registration below takes the newcomer along', async () => {
    const tenantId = engine.newTenant();
    const [person, other] = [await engine.join(tenantId), await engine.join(tenantId)];
    const code = await engine.codeOf(tenantId, person);
    const pause = new Pause();
    const registration = register(tenantId, code, (tx) => new PausedRegistration(tx, pause));
    await pause.reached;
    const moved = move({ tenantId, userId: person, below: other });
    await somebodyWaits();
    pause.end();
    const newcomer = await registration;
    expect((await moved).people).toBe(2);
    expect(await uplineOf(tenantId, newcomer)).toEqual([person, other]);
  });

  it('keeps a registration waiting, which then finds the new upline', async () => {
    const tenantId = engine.newTenant();
    const [person, other] = [await engine.join(tenantId), await engine.join(tenantId)];
    const code = await engine.codeOf(tenantId, person);
    const pause = new Pause();
    const moved = move({ tenantId, userId: person, below: other }, (tx) => new PausedMove(tx, pause));
    await pause.reached;
    const registration = register(tenantId, code, (tx) => new MemberStore(tx, engine));
    await somebodyWaits();
    pause.end();
    await moved;
    expect(await uplineOf(tenantId, await registration)).toEqual([person, other]);
  });

  it('with the opposite move leaves one of them refused', async () => {
    const tenantId = engine.newTenant();
    const [a, b] = [await engine.join(tenantId), await engine.join(tenantId)];
    const pause = new Pause();
    const first = move({ tenantId, userId: a, below: b }, (tx) => new PausedMove(tx, pause));
    await pause.reached;
    const second = move({ tenantId, userId: b, below: a });
    const refused = expect(second).rejects.toMatchObject({ reason: 'CIRCULAR_REFERRAL' });
    await somebodyWaits();
    pause.end();
    await first;
    await refused;
    await expectTree(tenantId);
  });

  it('with a purchase has it split by the new upline, once the move is committed', async () => {
    const tenantId = engine.newTenant();
    const [buyer, before] = await engine.line(tenantId, 1);
    const after = await engine.join(tenantId);
    const pause = new Pause();
    const moved = move({ tenantId, userId: buyer!, below: after }, (tx) => new PausedMove(tx, pause));
    await pause.reached;
    const purchase = engine.record(engine.order(tenantId, buyer!));
    await somebodyWaits();
    pause.end();
    await moved;
    const { commissions } = await purchase;
    expect(commissions.map(({ beneficiaryId }) => beneficiaryId)).toEqual([after]);
    expect(before).not.toBe(after);
  });

  it('lets purchases below go on by the old upline while it writes, and all later ones go by the new', async () => {
    const tenantId = engine.newTenant();
    const [buyer, person, before] = (await engine.line(tenantId, 2)) as [UserId, UserId, UserId];
    const after = await engine.join(tenantId);
    const paidBy = async (): Promise<string[]> => {
      const { commissions } = await engine.record(engine.order(tenantId, buyer));
      return commissions.map(({ beneficiaryId }) => beneficiaryId);
    };
    const pause = new Pause();
    const moved = move({ tenantId, userId: person, below: after }, (tx) => new PreparedMove(tx, pause));
    await pause.reached;
    expect(await paidBy()).toEqual([person, before]);
    pause.end();
    await moved;
    expect(await paidBy()).toEqual([person, after]);
    await expectTree(tenantId);
    expect(await paidBy()).toEqual([person, after]);
  });

  it('goes on from where the last one stands, whether or not that is in the rows yet', async () => {
    const tenantId = engine.newTenant();
    const [buyer, low, high] = (await engine.line(tenantId, 3)) as [UserId, UserId, UserId];
    const [one, other] = [await engine.join(tenantId), await engine.join(tenantId)];
    await move({ tenantId, userId: high, below: one });
    await move({ tenantId, userId: low, below: other });
    expect(await uplineOf(tenantId, buyer)).toEqual([low, other]);
    await expect(move({ tenantId, userId: other, below: buyer })).rejects.toMatchObject({
      reason: 'CIRCULAR_REFERRAL',
    });
    await move({ tenantId, userId: one, below: buyer });
    await move({ tenantId, userId: low, below: undefined });
    await expectTree(tenantId);
    expect(await uplineOf(tenantId, high)).toEqual([one, buyer, low]);
  });

  it('with a suspension of the new referrer is refused when that came first', async () => {
    const tenantId = engine.newTenant();
    const [person, referrer] = [await engine.join(tenantId), await engine.join(tenantId)];
    const pause = new Pause();
    const suspension = engine.withMembers(async (book) => {
      await book.lockOutSplits();
      await book.setStatus({ tenantId, userId: referrer, status: 'suspended', at: START });
      await pause.wait();
    });
    await pause.reached;
    const moved = move({ tenantId, userId: person, below: referrer });
    const refused = expect(moved).rejects.toMatchObject({ reason: 'REFERRER_NOT_ACTIVE' });
    await somebodyWaits();
    pause.end();
    await suspension;
    await refused;
  });
});
