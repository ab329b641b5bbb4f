import { afterAll, beforeAll, describe } from '@jest/globals';
import { sandboxRail } from '../src/rails/sandbox/sandbox-rail.store.js';
import { type Books, startBooks } from './books.js';
import { paysByItsReference } from './call-rail.contract.js';

let books: Books;

beforeAll(async () => {
  books = await startBooks();
});

afterAll(() => books.stop());

describe('The sandbox rail', () => {
  paysByItsReference(() => ({
    rail: sandboxRail({ sql: books.pool, clock: books.clock }),
    newDetails: () => ({ outcome: 'settled' }),
    refusedDetails: () => Promise.resolve({ refuse: true }),
    paidFor: async (payments) => {
      const { rows } = await books.pool.query<{ micros: string; payments: bigint }>(
        `SELECT coalesce(sum(amount_micros), 0)::text AS micros, count(*) AS payments FROM sandbox_payment
         WHERE reference = ANY ($1::uuid[])`,
        [payments.map(({ reference }) => reference)],
      );
      return { micros: BigInt(rows[0]!.micros), payments: Number(rows[0]!.payments) };
    },
    pass: () => Promise.resolve(),
  }));
});
