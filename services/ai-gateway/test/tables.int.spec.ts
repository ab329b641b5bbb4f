import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, ownerPool, startGateway } from './gateway.js';

let gateway: Gateway;
let owner: ReturnType<typeof ownerPool>;

beforeAll(async () => {
  gateway = await startGateway();
  owner = ownerPool(gateway);
  const { as } = gateway.apiKey(gateway.newTenant());
  const { status } = await gateway.chat(as, {
    model: 'dailydoco-template-1',
    messages: [{ role: 'user', content: 'x' }],
  });
  expect(status).toBe(200);
});

afterAll(async () => {
  await owner.end();
  await gateway.stop();
});

const refusal = (pool: typeof owner, sql: string) =>
  pool.query(sql).then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );

const PERMISSION_DENIED = '42501';
const RESTRICTED = '23001';
const CHECK_VIOLATED = '23514';

describe('A completion', () => {
  it.each(['UPDATE completion SET prompt_tokens = 0', 'DELETE FROM completion', 'TRUNCATE completion'])(
    'is never changed, neither by the service nor by the owner of the table: %s',
    async (sql) => {
      expect(await refusal(gateway.pool, sql)).toBe(PERMISSION_DENIED);
      expect(await refusal(owner, sql)).toBe(RESTRICTED);
    },
  );

  it.each([
    ["status = 'done'"],
    ["caller_kind = 'service'"],
    ['prompt_tokens = -1'],
    ['completion_tokens = -1'],
    ["ended_at = started_at - interval '1 ms'"],
    ['billed = false'],
    ["status = 'failed'"],
  ])('cannot be one with %s', async (wrong) => {
    const [column, value] = wrong.split(' = ');
    const sql = `INSERT INTO completion SELECT (json_populate_record(c, json_build_object('id', uuidv7(), '${column}', ${value}))).* FROM completion c`;
    expect(await refusal(gateway.pool, sql)).toBe(CHECK_VIOLATED);
  });
});
