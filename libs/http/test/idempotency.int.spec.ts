import { Requires } from '@dailydoco/auth';
import { createPool } from '@dailydoco/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  formatMoney,
  IdempotencyKey,
  type IdempotencyScope,
  IdempotencyStore,
  KeyScope,
  positiveMoneySchema,
  replyWith,
  requestHash,
} from '../src/index.js';
import { openDatabase, type TestDatabase, timesDone } from './ledger-database.js';
import { openShop, type Shop } from './shop.js';
import { call, type WireAnswer } from './wire.js';

const POOL = Symbol('POOL');
const paymentSchema = z.strictObject({ name: z.string(), amount: positiveMoneySchema });
type Payment = z.output<typeof paymentSchema>;

@Controller('v1/payments')
@Requires({ apiKey: { scopes: ['purchases:write'] } })
class PaymentsController {
  readonly #store = new IdempotencyStore();
  readonly #pool: ReturnType<typeof createPool>;

  constructor(@Inject(POOL) pool: ReturnType<typeof createPool>) {
    this.#pool = pool;
  }

  @Post()
  pay(
    @Body({ schema: paymentSchema }) payment: Payment,
    @IdempotencyKey('required') key: string,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#record({ key, scope, payment, reply });
  }

  @Post(':id/parts')
  payPart(
    @Param('id') _id: string,
    @Body({ schema: paymentSchema }) payment: Payment,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#record({ key, scope, payment, reply });
  }

  async #record(request: {
    key: string | undefined;
    scope: IdempotencyScope;
    payment: Payment;
    reply: FastifyReply;
  }): Promise<unknown> {
    const { payment, reply } = request;
    const answer = await this.#store.run(this.#pool, { ...request, requestHash: requestHash(payment) }, async (tx) => {
      await tx.query('INSERT INTO work_done (name) VALUES ($1)', [payment.name]);
      return { status: 201, body: { name: payment.name, amount: formatMoney(payment.amount) } };
    });
    return replyWith(reply, answer);
  }
}

let database: TestDatabase;
let shop: Shop;
let authorization: string;

beforeAll(async () => {
  database = await openDatabase();
  shop = await openShop([PaymentsController], { providers: [{ provide: POOL, useValue: database.app }] });
  authorization = shop.keyFor('purchases:write');
});
afterAll(async () => {
  await shop.close();
  await database.drop();
});

interface Sent {
  name: string;
  amount?: string;
  key?: string | undefined;
  path?: string;
  as?: string;
}

function pay({
  name,
  amount = '79.00',
  key = `key of ${name}`,
  path = '/v1/payments',
  as = authorization,
}: Sent): Promise<WireAnswer> {
  return call(shop.url + path, {
    method: 'POST',
    headers: { authorization: as, ...(key === '' ? {} : { 'idempotency-key': key }) },
    body: { name, amount: { amount, currency: 'USD' } },
  });
}

const done = (name: string): Promise<number> => timesDone(database.owner, name);

describe('the Idempotency-Key over HTTP', () => {
  it('gives the first answer again and says so', async () => {
    const first = await pay({ name: 'twice' });
    const again = await pay({ name: 'twice' });
    expect(first).toMatchObject({ status: 201, body: { name: 'twice', amount: { amount: '79.00', currency: 'USD' } } });
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect(again).toMatchObject({ status: 201, text: first.text });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(await done('twice')).toBe(1);
  });

  it('compares what was meant, not how it was written', async () => {
    await pay({ name: 'meant', amount: '79' });
    const reordered = await call(`${shop.url}/v1/payments`, {
      method: 'POST',
      headers: { authorization, 'idempotency-key': 'key of meant', 'content-type': 'application/json' },
      body: '{ "amount": {"currency": "USD", "amount": "79.000"},\n "name": "meant" }',
    });
    expect(reordered.headers['idempotency-replayed']).toBe('true');
    expect(await done('meant')).toBe(1);
  });

  it('is refused for another input', async () => {
    await pay({ name: 'reused' });
    expect(await pay({ name: 'reused', amount: '79.01' })).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    });
    expect(await done('reused')).toBe(1);
  });

  it('is asked for where it is required, and may be left out elsewhere', async () => {
    expect(await pay({ name: 'keyless', key: '' })).toMatchObject({
      status: 400,
      body: { code: 'IDEMPOTENCY_KEY_REQUIRED' },
    });
    const part = { name: 'parts', key: '', path: '/v1/payments/1/parts' };
    expect([(await pay(part)).status, (await pay(part)).status]).toEqual([201, 201]);
    expect(await done('parts')).toBe(2);
  });

  it('has 1 to 255 characters', async () => {
    expect((await pay({ name: 'longest', key: 'k'.repeat(255) })).status).toBe(201);
    expect(await pay({ name: 'longer', key: 'k'.repeat(256) })).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED', errors: [{ path: 'Idempotency-Key' }] },
    });
  });

  it('means nothing to another caller or on another path', async () => {
    const key = 'the same everywhere';
    const others = [
      await pay({ name: 'mine', key }),
      await pay({ name: 'theirs', key, as: shop.keyFor('purchases:write') }),
      await pay({ name: 'part of 1', key, path: '/v1/payments/1/parts' }),
      await pay({ name: 'part of 2', key, path: '/v1/payments/2/parts' }),
    ];
    expect(others.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    const again = await pay({ name: 'part of 1', key, path: '/v1/payments/1/parts?ignored=1' });
    expect(again.headers['idempotency-replayed']).toBe('true');
  });

  it('makes one payment of fifty parallel ones', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => pay({ name: 'fifty' })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length).toBe(1);
    expect(await done('fifty')).toBe(1);
  });

  it('comes after everything else that may be wrong with the request', async () => {
    const headers = { authorization, 'idempotency-key': 'k' };
    expect((await call(`${shop.url}/v1/payments`, { method: 'POST', headers, body: {} })).status).toBe(400);
    expect((await pay({ name: 'after', key: 'k' })).status).toBe(201);
  });
});

describe('a database that cannot be reached', () => {
  it('is 503 with a time to come back, not a bug', async () => {
    const nowhere = createPool({
      connectionString: 'postgres://nobody@127.0.0.1:1/nothing',
      max: 1,
      applicationName: 'http-tests',
      statementTimeoutMs: 1_000,
    });
    const cutOff = await openShop([PaymentsController], { providers: [{ provide: POOL, useValue: nowhere }] });
    try {
      const answer = await call(`${cutOff.url}/v1/payments`, {
        method: 'POST',
        headers: { authorization: cutOff.keyFor('purchases:write'), 'idempotency-key': 'k' },
        body: { name: 'lost', amount: { amount: '1', currency: 'USD' } },
      });
      expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.text).not.toContain('127.0.0.1');
    } finally {
      await cutOff.close();
      await nowhere.end();
    }
  });
});
