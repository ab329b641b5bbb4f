import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createPool, inDatabaseTransaction, runMigrations } from '@dailydoco/database';
import type { Sql } from '@dailydoco/database';
import { renderPrometheus } from '@dailydoco/telemetry';
import { createTestDatabase, eventually } from '@dailydoco/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AUDIENCE, ISSUER, JwksServer, personToken, signingKey } from '../test/jwks-server.js';
import { Authenticator } from './authenticator.js';
import { jwksFromUrl } from './jwks.js';
import type { Principal } from './principal.js';
import { authMigrations, pruneRevocations } from './revocation.store.js';
import type { RevocationSubjectKind } from './revocation.store.js';
import { Revocations } from './revocations.js';

const person = (userId: string, sessionId = 's1'): Principal => ({
  kind: 'person',
  userId,
  tenantId: 't',
  roles: [],
  sessionId,
});
const apiKey = (apiKeyId: string): Principal => ({ kind: 'apiKey', apiKeyId, tenantId: 't', scopes: [] });
const at = (second: number): Date => new Date(1_800_000_000_000 + second * 1_000);
const DAY_MS = 86_400_000;

/** What the template depends on. */
function migrationsText(): string {
  const { directory } = authMigrations;
  const names = readdirSync(directory).toSorted((a, b) => a.localeCompare(b));
  return names.map((name) => readFileSync(join(directory, name, 'migration.sql'), 'utf8')).join('\n');
}

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: ReturnType<typeof createPool>;
let revocations: Revocations;

beforeAll(async () => {
  database = await createTestDatabase({
    template: `auth ${migrationsText()}`,
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [authMigrations] });
    },
  });
  pool = createPool({
    connectionString: database.appUrl,
    max: 4,
    applicationName: 'auth-spec',
    statementTimeoutMs: 10_000,
  });
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});
beforeEach(async () => {
  await pool.query('DELETE FROM auth.revocation');
  revocations = new Revocations({ pool, pollMs: 25 });
});
afterEach(() => revocations.stop());

const suspend = (userId: string, second: number, sql: Sql = pool) =>
  revocations.record(sql, { subjectKind: 'user', subjectId: userId, revokedAt: at(second) });
const reactivate = (userId: string, second: number) =>
  revocations.lift(pool, { subjectKind: 'user', subjectId: userId, liftedAt: at(second) });
/** As another replica would see it that starts now. */
async function seenByAnother(principal: Principal): Promise<boolean> {
  const another = new Revocations({ pool, pollMs: 60_000 });
  await another.start();
  await another.stop();
  return another.isRevoked(principal);
}

describe('a revocation', () => {
  it.each<[RevocationSubjectKind, Principal, Principal]>([
    ['user', person('gone'), person('here')],
    ['session', person('here', 'gone'), person('here', 'other')],
    ['apiKey', apiKey('gone'), apiKey('here')],
  ])('of a %s is felt by every replica within moments, and by nobody else', async (subjectKind, revoked, untouched) => {
    await revocations.start();
    expect(revocations.isRevoked(revoked)).toBe(false);
    await new Revocations({ pool }).record(pool, { subjectKind, subjectId: 'gone', revokedAt: at(0) });
    await eventually(() => expect(revocations.revocationOf(revoked)).toBe(subjectKind));
    expect(revocations.isRevoked(untouched)).toBe(false);
    expect(revocations.isRevoked({ kind: 'service', service: 'gone' })).toBe(false);
  });

  it('is known from the first moment of a replica that starts later', async () => {
    await suspend('u1', 0);
    await revocations.start();
    expect(revocations.isRevoked(person('u1'))).toBe(true);
  });

  it('exists only if its database transaction commits', async () => {
    const work = inDatabaseTransaction(pool, async (tx) => {
      await suspend('u1', 0, tx);
      throw new RangeError('never mind');
    });
    await expect(work).rejects.toThrow('never mind');
    expect(await seenByAnother(person('u1'))).toBe(false);
  });

  it('is found although it was written before the last reading and committed after it', async () => {
    const written = Promise.withResolvers<void>();
    const mayCommit = Promise.withResolvers<void>();
    await revocations.start();
    const work = inDatabaseTransaction(pool, async (tx) => {
      await suspend('late', 0, tx);
      written.resolve();
      await mayCommit.promise;
    });
    await written.promise;
    // A later revocation that is seen already shows that readings have gone past the earlier one.
    await suspend('early', 0);
    await eventually(() => expect(revocations.isRevoked(person('early'))).toBe(true));
    expect(revocations.isRevoked(person('late'))).toBe(false);
    mayCommit.resolve();
    await work;
    await eventually(() => expect(revocations.isRevoked(person('late'))).toBe(true));
  });
});

describe('lifting', () => {
  it('gives access back', async () => {
    await suspend('u1', 0);
    await revocations.start();
    expect(revocations.isRevoked(person('u1'))).toBe(true);
    await reactivate('u1', 1);
    await eventually(() => expect(revocations.isRevoked(person('u1'))).toBe(false));
  });

  const suspended = (second: number) => () => suspend('u1', second);
  const lifted = (second: number) => () => reactivate('u1', second);
  it.each<[string, (() => Promise<void>)[], boolean]>([
    ['suspended', [suspended(1)], true],
    ['suspended twice', [suspended(1), suspended(1)], true],
    ['suspended, lifted', [suspended(1), lifted(2)], false],
    ['lifted before it was suspended', [lifted(2), suspended(1)], false],
    ['suspended, lifted, and the suspension comes again', [suspended(1), lifted(2), suspended(1)], false],
    ['suspended, lifted, suspended', [suspended(1), lifted(2), suspended(3)], true],
    ['the same, back to front', [suspended(3), lifted(2), suspended(1)], true],
    ['lifted in the moment of the suspension', [suspended(1), lifted(1)], false],
    ['only lifted', [lifted(1)], false],
  ])('whatever comes twice or late, the latest fact stands: %s', async (_name, facts, revoked) => {
    for (const fact of facts) await fact();
    expect(await seenByAnother(person('u1'))).toBe(revoked);
  });
});

describe('memory', () => {
  const age = (subjectId: string, ms: number) =>
    pool.query('UPDATE auth.revocation SET changed_at = changed_at - make_interval(secs => $2) WHERE subject_id = $1', [
      subjectId,
      ms / 1_000,
    ]);

  it('holds suspended users for ever, and sessions and keys as long as a token of theirs may live', async () => {
    for (const subjectKind of ['user', 'session', 'apiKey'] as const) {
      await revocations.record(pool, { subjectKind, subjectId: `old-${subjectKind}`, revokedAt: at(0) });
      await revocations.record(pool, { subjectKind, subjectId: `new-${subjectKind}`, revokedAt: at(0) });
      await age(`old-${subjectKind}`, 961_000);
      await age(`new-${subjectKind}`, 900_000);
    }
    await revocations.start();
    const held = (prefix: string) =>
      [person(`${prefix}-user`), person('u', `${prefix}-session`), apiKey(`${prefix}-apiKey`)].map((who) =>
        revocations.isRevoked(who),
      );
    expect(held('new')).toEqual([true, true, true]);
    expect(held('old')).toEqual([true, false, false]);
    expect(await renderPrometheus()).toMatch(/^dailydoco_auth_revocation_entries 4$/m);
  });

  it('is rid of rows that have said nothing for long, except those of suspended users', async () => {
    await suspend('suspended', 0);
    await suspend('lifted', 0);
    await reactivate('lifted', 1);
    await revocations.record(pool, { subjectKind: 'session', subjectId: 'old', revokedAt: at(0) });
    for (const subjectId of ['suspended', 'lifted', 'old']) await age(subjectId, 61 * DAY_MS);
    await revocations.record(pool, { subjectKind: 'session', subjectId: 'young', revokedAt: at(0) });
    expect(await pruneRevocations(pool, 60 * DAY_MS)).toBe(2);
    const { rows } = await pool.query<{ subject_id: string }>('SELECT subject_id FROM auth.revocation ORDER BY 1');
    expect(rows.map((row) => row.subject_id)).toEqual(['suspended', 'young']);
  });
});

describe('without a database', () => {
  /** The pool, until it is cut off. */
  class Cable implements Sql {
    cut = false;
    attempts = 0;
    async query<R>(text: string, values?: readonly unknown[]): Promise<{ rows: R[]; rowCount: number }> {
      this.attempts += 1;
      if (this.cut) throw new Error('connection refused');
      const sql: Sql = pool;
      return sql.query<R>(text, values);
    }
  }

  it('nobody is let in before the first reading, and the start waits for it with a beating heart', async () => {
    const cable = new Cable();
    cable.cut = true;
    await suspend('u1', 0);
    const following = new Revocations({ pool: cable, pollMs: 10 });
    let beats = 0;
    let stopped = false;
    const started = following.start({ beat: () => void (beats += 1), stop: () => void (stopped = true) });
    await eventually(() => expect(cable.attempts).toBeGreaterThan(2));
    expect(following.loaded).toBe(false);
    expect(() => following.isRevoked(person('u2'))).toThrow(expect.objectContaining({ reason: 'UNAVAILABLE' }));
    cable.cut = false;
    await started;
    expect(following.loaded).toBe(true);
    expect(following.isRevoked(person('u1'))).toBe(true);
    expect(beats).toBeGreaterThan(2);
    await following.stop();
    expect(stopped).toBe(true);
  });

  it('what was known stays known, and what was missed is caught up with', async () => {
    const cable = new Cable();
    const following = new Revocations({ pool: cable, pollMs: 10 });
    await suspend('u1', 0);
    await following.start();
    cable.cut = true;
    await suspend('u2', 0);
    const before = cable.attempts;
    await eventually(() => expect(cable.attempts).toBeGreaterThan(before + 2));
    expect([person('u1'), person('u2')].map((who) => following.isRevoked(who))).toEqual([true, false]);
    cable.cut = false;
    await eventually(() => expect(following.isRevoked(person('u2'))).toBe(true));
    await following.stop();
  });

  it('a start can be given up', async () => {
    const cable = new Cable();
    cable.cut = true;
    const following = new Revocations({ pool: cable, pollMs: 60_000 });
    const started = following.start();
    await following.stop();
    await started;
    expect(following.loaded).toBe(false);
  });
});

describe('a suspended person', () => {
  const server = new JwksServer();
  afterAll(() => server.close());

  it('is refused with a token that was good a moment ago, until the suspension is lifted', async () => {
    const key = await signingKey('k');
    server.keys = [key.publicJwk];
    await server.listen();
    await revocations.start();
    const authenticator = new Authenticator({
      jwks: jwksFromUrl({ url: server.url }),
      issuer: ISSUER,
      audience: AUDIENCE,
      apiKeys: { lookUp: async () => undefined },
      serviceSecret: 'a secret that only services know, 32 bytes',
      revocations,
    });
    const nowS = Math.floor(Date.now() / 1_000);
    const header = `Bearer ${await personToken(key, { iat: nowS, exp: nowS + 900 })}`;
    expect(await authenticator.authenticate(header)).toMatchObject({ userId: 'u1' });
    await suspend('u1', 0);
    await eventually(() =>
      expect(authenticator.authenticate(header)).rejects.toMatchObject({ reason: 'ACCOUNT_SUSPENDED' }),
    );
    await reactivate('u1', 1);
    await eventually(async () => expect(await authenticator.authenticate(header)).toMatchObject({ userId: 'u1' }));
  });
});
