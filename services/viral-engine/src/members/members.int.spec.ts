import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Engine, START, startEngine } from '../../test/engine.js';
import { asUserId, type TenantId, type UserId } from '../ids.js';
import { changeBoost } from './change-member.js';
import { type Registration, registerMember } from './register-member.js';

const DAY = 86_400_000;
let engine: Engine;

beforeAll(async () => {
  engine = await startEngine();
});

afterAll(() => engine.stop());

function register(
  tenantId: TenantId,
  other: Partial<Registration> = {},
  bytes: (n: number) => Uint8Array = randomBytes,
) {
  const registration: Registration = {
    tenantId,
    userId: asUserId(engine.newId()),
    status: 'active',
    referralCode: undefined,
    visitorId: undefined,
    registeredAt: START,
    ...other,
  };
  return engine.withMembers(async (book) => {
    const added = await registerMember(book, registration, { now: START, randomBytes: bytes });
    return { added, userId: registration.userId, member: (await book.findMember(tenantId, registration.userId))! };
  });
}

async function codeOf(owner: UserId): Promise<string> {
  const { rows } = await engine.pool.query<{ code: string }>('SELECT code FROM referral_code WHERE owner_id = $1', [
    owner,
  ]);
  expect(rows).toHaveLength(1);
  return rows[0]!.code;
}

async function click(tenantId: TenantId, visitorId: string, referrerId: UserId, clickedAt: Date): Promise<void> {
  await engine.pool.query(
    'INSERT INTO click (tenant_id, id, visitor_id, code, referrer_id, clicked_at) VALUES ($1, $2, $3, $4, $5, $6)',
    [tenantId, engine.newId(), visitorId, 'ANYCODE2', referrerId, clickedAt],
  );
}

async function joinedEvents(userId: UserId): Promise<number> {
  const { rowCount } = await engine.pool.query(
    `SELECT 1 FROM messaging.outbox WHERE aggregate_key = $1 AND event_type LIKE '%MemberJoined'`,
    [userId],
  );
  return rowCount ?? 0;
}

describe('Joining the tree', () => {
  it('happens once, however often and from how many sides it is told', async () => {
    const tenantId = engine.newTenant();
    const userId = asUserId(engine.newId());
    const answers = await Promise.all(Array.from({ length: 8 }, () => register(tenantId, { userId })));
    expect(answers.filter(({ added }) => added)).toHaveLength(1);
    expect(await joinedEvents(userId)).toBe(1);
    await codeOf(userId);
  });

  it('puts the newcomer below the owner of the code, as anybody may have typed it', async () => {
    const tenantId = engine.newTenant();
    const { userId: top } = await register(tenantId);
    const { userId: middle } = await register(tenantId, { referralCode: await codeOf(top) });
    const typed = ` ${(await codeOf(middle)).toLowerCase()} `;
    const { member } = await register(tenantId, { referralCode: typed });
    expect(member.upline).toEqual([middle, top]);
  });

  it.each(['NOSUCHCD', '', 'x'.repeat(200), 'nul\u0000', "'; DROP TABLE member; --"])(
    'is never blocked by the code %j',
    async (referralCode) => {
      const { added, member } = await register(engine.newTenant(), { referralCode });
      expect(added).toBe(true);
      expect(member.upline).toEqual([]);
    },
  );

  it("knows no code of another tenant, and no visitor's click there", async () => {
    const [mine, other] = [engine.newTenant(), engine.newTenant()];
    const { userId: stranger } = await register(other);
    const visitorId = engine.newId();
    await click(other, visitorId, stranger, START);
    const { member } = await register(mine, { referralCode: await codeOf(stranger), visitorId });
    expect(member.upline).toEqual([]);
  });

  it("follows the visitor's first click of the last 30 days when there is no valid code", async () => {
    const tenantId = engine.newTenant();
    const [stale, first, second, later] = await Promise.all(
      [1, 2, 3, 4].map(async () => (await register(tenantId)).userId),
    );
    const visitorId = engine.newId();
    await click(tenantId, visitorId, stale!, new Date(START.getTime() - 30 * DAY - 1));
    await click(tenantId, visitorId, second!, new Date(START.getTime() - 2 * DAY));
    await click(tenantId, visitorId, first!, new Date(START.getTime() - 30 * DAY));
    await click(tenantId, visitorId, later!, new Date(START.getTime() + 1));
    expect((await register(tenantId, { visitorId, referralCode: 'NOSUCHCD' })).member.upline).toEqual([first]);
    expect((await register(tenantId, { visitorId, referralCode: await codeOf(second!) })).member.upline).toEqual([
      second,
    ]);
    expect((await register(tenantId, { visitorId: 'not an id' })).member.upline).toEqual([]);
  });

  it('finds another code when the first one is taken', async () => {
    const tenantId = engine.newTenant();
    const same = (n: number) => new Uint8Array(n).fill(7);
    const { userId } = await register(tenantId, {}, same);
    let calls = 0;
    const collidesOnce = (n: number) => (calls++ === 0 ? same(n) : randomBytes(n));
    const { userId: next } = await register(tenantId, {}, collidesOnce);
    expect(calls).toBe(2);
    expect(await codeOf(next)).not.toBe(await codeOf(userId));
    await expect(register(tenantId, {}, same)).rejects.toThrow(/in a row were taken/);
  });
});

describe('A status', () => {
  it('of an unknown member cannot change', async () => {
    await expect(engine.setStatus(engine.newTenant(), asUserId(engine.newId()), 'suspended')).rejects.toMatchObject({
      reason: 'USER_UNKNOWN',
    });
  });

  it('once erased stays erased', async () => {
    const tenantId = engine.newTenant();
    const { userId } = await register(tenantId);
    await engine.setStatus(tenantId, userId, 'erased');
    await engine.setStatus(tenantId, userId, 'active');
    expect((await engine.withMembers((book) => book.findMember(tenantId, userId)))!.status).toBe('erased');
  });
});

describe('A boost', () => {
  it('is set with an audit row each time, within its bounds', async () => {
    const tenantId = engine.newTenant();
    const { userId } = await register(tenantId);
    const set = (boostBps: number) =>
      engine.withMembers((book) =>
        changeBoost(book, {
          tenantId,
          userId,
          boostBps,
          changedBy: 'user:admin',
          reason: 'partner of the year',
          at: START,
        }),
      );
    await set(500);
    await set(700);
    await expect(set(10_001)).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
    const { rows } = await engine.pool.query(
      'SELECT from_bps, to_bps FROM boost_change WHERE user_id = $1 ORDER BY id',
      [userId],
    );
    expect(rows).toEqual([
      { from_bps: 0, to_bps: 500 },
      { from_bps: 500, to_bps: 700 },
    ]);
    expect((await engine.withMembers((book) => book.findMember(tenantId, userId)))!.boostBps).toBe(700);
  });
});
