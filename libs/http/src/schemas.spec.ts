import { describe, expect, it } from '@jest/globals';
import { currencyOf } from '@dailydoco/money';
import { z } from 'zod';
import {
  externalIdSchema,
  formatMoney,
  metadataSchema,
  moneyAnswerSchema,
  moneySchema,
  pageQuerySchema,
  positiveMoneySchema,
  timestampSchema,
  uuidSchema,
} from './schemas.js';

const usd = (amount: unknown): unknown => ({ amount, currency: 'USD' });
const issuesOf = (schema: z.ZodType, value: unknown): string[] =>
  (schema.safeParse(value).error?.issues ?? []).map(({ path }) => path.join('.'));

describe('money', () => {
  it.each([
    ['0', 0n],
    ['79', 79_000_000n],
    ['79.00', 79_000_000n],
    ['0.000001', 1n],
    ['9999999999.999999', 9_999_999_999_999_999n],
  ])('reads %s', (text, amountMicros) => {
    expect(moneySchema.parse(usd(text))).toEqual({ amountMicros, currency: 'USD' });
  });

  it.each(['', '-1', '+1', '01', '1.', '.5', '1.1234567', '1e3', '0x10', ' 1', '1 ', '1,00', '10000000000', '٧٩', 79])(
    'refuses the amount %p at its own path',
    (amount) => {
      expect(issuesOf(z.strictObject({ amount: moneySchema }), { amount: usd(amount) })).toEqual(['amount.amount']);
    },
  );

  it.each(['usd', 'US', 'XAU', 'XXX', 'ZZZ', 'USDT', ''])('refuses the currency %p at its own path', (currency) => {
    expect(issuesOf(moneySchema, { amount: '1', currency })).toEqual(['currency']);
  });

  it('refuses further members', () => {
    expect(moneySchema.safeParse({ amount: '1', currency: 'USD', micros: '1' }).success).toBe(false);
  });

  it.each([
    ['0', false],
    ['0.000000', false],
    ['0.000001', true],
    ['1000000000', true],
    ['1000000000.000001', false],
  ])('lets %s be bought: %p', (amount, allowed) => {
    expect(issuesOf(positiveMoneySchema, usd(amount))).toEqual(allowed ? [] : ['amount']);
  });

  it('is answered with 2 to 6 fraction digits', () => {
    const answer = formatMoney({ amountMicros: -1_500_001n, currency: currencyOf('USD') });
    expect(answer).toEqual({ amount: '-1.500001', currency: 'USD' });
    expect(moneyAnswerSchema.parse(answer)).toEqual(answer);
  });

  it('is described by what clients send', () => {
    expect(z.toJSONSchema(z.object({ it: moneySchema }), { io: 'input' }).$defs?.['MoneyInput']).toMatchObject({
      type: 'object',
      required: ['amount', 'currency'],
      additionalProperties: false,
      properties: { amount: { type: 'string' }, currency: { type: 'string', pattern: '^[A-Z]{3}$' } },
    });
  });
});

describe('timestamps', () => {
  it.each([
    ['2025-06-01T12:00:00Z', '2025-06-01T12:00:00.000Z'],
    ['2025-06-01T14:00:00.123456+02:00', '2025-06-01T12:00:00.123Z'],
  ])('reads %s', (text, iso) => {
    expect(timestampSchema.parse(text).toISOString()).toBe(iso);
  });

  it.each(['2025-06-01', '2025-06-01T12:00:00', '2025-02-30T00:00:00Z', '2025-06-01T25:00:00Z', 'now', 0])(
    'refuses %p',
    (text) => {
      expect(timestampSchema.safeParse(text).success).toBe(false);
    },
  );
});

describe('ids', () => {
  it('reads a UUID in any case as lower case', () => {
    expect(uuidSchema.parse('0197A0EE-BC99-7C0B-8EF8-BB6D6BB9BD38')).toBe('0197a0ee-bc99-7c0b-8ef8-bb6d6bb9bd38');
    expect(uuidSchema.safeParse('0197a0ee').success).toBe(false);
  });

  it.each([
    ['order-1', true],
    ['ü'.repeat(200), true],
    ['x'.repeat(201), false],
    ['', false],
    ['a\u0000b', false],
    ['a\nb', false],
    ['\ud800', false],
  ])('takes the external id %j: %p', (text, allowed) => {
    expect(externalIdSchema.safeParse(text).success).toBe(allowed);
  });
});

describe('metadata', () => {
  it('may have 4 KiB of JSON, counted in bytes', () => {
    const fits = { a: 'x'.repeat(4096 - '{"a":""}'.length) };
    expect(metadataSchema.safeParse(fits).success).toBe(true);
    expect(metadataSchema.safeParse({ a: `${fits.a.slice(1)}ü` }).success).toBe(false);
    expect(metadataSchema.safeParse([]).success).toBe(false);
  });
});

describe('page query', () => {
  it.each([
    [{}, 50],
    [{ pageSize: '1' }, 1],
    [{ pageSize: '200' }, 200],
    [{ pageSize: '0' }, undefined],
    [{ pageSize: '201' }, undefined],
    [{ pageSize: '1.5' }, undefined],
    [{ pageSize: '' }, undefined],
    [{ pageSize: '0x10' }, undefined],
    [{ pageSize: '1e1' }, undefined],
    [{ pageSize: ['1', '2'] }, undefined],
    [{ pageSize: '10', pagesize: '10' }, undefined],
  ])('%j gives pages of %p', (query, size) => {
    expect(pageQuerySchema.safeParse(query).data?.pageSize).toBe(size);
  });

  it('is described as an integer', () => {
    expect(z.toJSONSchema(pageQuerySchema, { io: 'input' }).properties?.['pageSize']).toMatchObject({
      type: 'integer',
      minimum: 1,
      maximum: 200,
    });
  });
});
