import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPool } from '@dailydoco/database';
import { newId } from '@dailydoco/lifecycle';
import { housekeeping } from '../src/service.js';
import { type Identity, type Someone, startIdentity } from './identity.js';

let identity: Identity;
let owner: ReturnType<typeof createPool>;
let person: Someone;

beforeAll(async () => {
  identity = await startIdentity();
  owner = createPool({
    connectionString: identity.ground.ownerUrl,
    max: 1,
    applicationName: 'spec',
    statementTimeoutMs: 5_000,
  });
  person = await identity.register();
  const { as } = await identity.admin();
  await identity.post('/v1/api-keys', { name: 'k', scopes: ['purchases:read'] }, { as });
});

afterAll(async () => {
  await owner.end();
  await identity.stop();
});

const refusal = (pool: typeof owner, sql: string, values: unknown[] = []) =>
  pool.query(sql, values).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

const PERMISSION_DENIED = '42501';
const RESTRICTED = '23001';
const CHECK = '23514';
const UNIQUE = '23505';
const FOREIGN_KEY = '23503';

describe('The audit of access', () => {
  it('cannot be changed by the service, nor by the owner of the table', async () => {
    const { rows } = await owner.query('SELECT 1 FROM access_audit');
    expect(rows.length).toBeGreaterThan(0);
    for (const sql of [
      'UPDATE access_audit SET actor = actor',
      'DELETE FROM access_audit',
      'TRUNCATE access_audit CASCADE',
    ]) {
      expect([sql, await refusal(identity.pool, sql)]).toEqual([sql, PERMISSION_DENIED]);
      expect([sql, await refusal(owner, sql)]).toEqual([sql, RESTRICTED]);
    }
  });

  it('holds ids only: no mail address, no name', async () => {
    const { rows } = await owner.query<{ text: string }>('SELECT a::text AS text FROM access_audit a');
    expect(rows.filter(({ text }) => text.includes('@') || text.includes('Somebody'))).toEqual([]);
  });
});

describe('The service', () => {
  it.each([
    'DELETE FROM tenant',
    'UPDATE tenant SET is_default = true',
    'DELETE FROM tenant_host',
    'UPDATE tenant_host SET tenant_id = tenant_id',
    'DELETE FROM user_account',
    'UPDATE user_account SET tenant_id = tenant_id',
    'UPDATE user_account SET referral_code = NULL',
    'UPDATE user_account SET registered_at = now()',
    'UPDATE user_profile SET sealed_key = sealed_key',
    'UPDATE user_profile SET email_digest = email_digest',
    'UPDATE session SET user_id = user_id',
    'UPDATE refresh_token SET session_id = session_id',
    'UPDATE mail_token SET user_id = user_id',
    'UPDATE mail_token SET expires_at = now()',
    'DELETE FROM api_key',
    "UPDATE api_key SET scopes = '{ai:invoke}'",
    'UPDATE api_key SET sha256 = sha256',
    'UPDATE signing_key SET public_jwk = public_jwk',
    'TRUNCATE user_profile CASCADE',
    'TRUNCATE session CASCADE',
  ])('may not: %s', async (sql) => {
    expect(await refusal(identity.pool, sql)).toBe(PERMISSION_DENIED);
  });
});

describe('A row', () => {
  const now = new Date();
  it.each<[string, string, unknown[], string]>([
    ['a second default tenant', 'INSERT INTO tenant VALUES ($1, $2, true, $3)', [newId(), 'x', now], UNIQUE],
    ['a status nobody knows', "UPDATE user_account SET status = 'banned'", [], CHECK],
    ['a role nobody knows', "UPDATE user_account SET roles = '{god}'", [], CHECK],
    ['partner as a granted role', "UPDATE user_account SET roles = '{partner}'", [], CHECK],
    ['a session that ended for no reason', 'UPDATE session SET ended_at = now()', [], CHECK],
    ['a used token without a successor', 'UPDATE refresh_token SET used_at = now()', [], CHECK],
    ['a session of nobody', 'INSERT INTO session VALUES ($1, $1, $1, $2, $2, $2)', [newId(), now], FOREIGN_KEY],
    [
      'a key without scopes',
      "INSERT INTO api_key SELECT $1, tenant_id, name, sha256(name::bytea), '{}', created_by, created_at FROM api_key",
      [newId()],
      CHECK,
    ],
    [
      'a token stored as it is',
      "INSERT INTO refresh_token SELECT 'ddr_x'::bytea, tenant_id, session_id, issued_at FROM refresh_token LIMIT 1",
      [],
      CHECK,
    ],
  ])('cannot be %s', async (_, sql, values, code) => {
    expect(await refusal(identity.pool, sql, values)).toBe(code);
  });
});

describe('Housekeeping', () => {
  it('takes sessions and codes away a week after their end, and nothing that is still good', async () => {
    const count = async (table: string) =>
      (await owner.query(`SELECT 1 FROM ${table} WHERE tenant_id = $1`, [person.tenantId])).rows.length;
    const before = [await count('session'), await count('refresh_token'), await count('mail_token')];
    expect(before.every((rows) => rows > 0)).toBe(true);
    expect(await housekeeping(identity.runtime)).toBe(false);
    expect([await count('session'), await count('refresh_token'), await count('mail_token')]).toEqual(before);
    identity.clock.advance(38 * 86_400_000);
    const young = await identity.logIn(person);
    await housekeeping(identity.runtime);
    expect([await count('session'), await count('refresh_token'), await count('mail_token')]).toEqual([1, 1, 0]);
    expect((await identity.call('GET', '/v1/users/me', { as: young.as })).status).toBe(200);
  });
});
