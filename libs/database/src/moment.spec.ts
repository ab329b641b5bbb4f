import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { momentOf } from './moment.js';

const byPg: (text: string) => unknown = pg.types.getTypeParser(1184, 'text');

describe('momentOf', () => {
  it.each([
    ['2026-06-01 12:34:56+00', '2026-06-01T12:34:56.000Z'],
    ['2026-06-01 12:34:56.7+00', '2026-06-01T12:34:56.700Z'],
    ['2026-06-01 12:34:56.789999+00', '2026-06-01T12:34:56.789Z'],
    ['0001-01-01 00:00:00+00', '0001-01-01T00:00:00.000Z'],
    ['2026-06-01 12:34:56.5+05:30', '2026-06-01T07:04:56.500Z'],
    ['2026-06-01 12:34:56-03', '2026-06-01T15:34:56.000Z'],
    ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
    ['12026-06-01 12:34:56+00', '+012026-06-01T12:34:56.000Z'],
  ])('reads %s', (text, moment) => {
    expect(momentOf(text).toISOString()).toBe(moment);
  });

  it('leaves infinity to pg', () => {
    expect(momentOf('infinity')).toBe(Number.POSITIVE_INFINITY);
  });

  it('reads every moment of four-digit years as pg does', () => {
    const min = new Date('0100-01-01T00:00:00Z');
    const max = new Date('9999-12-31T23:59:59.999Z');
    fc.assert(
      fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
        const text = date.toISOString().replace('T', ' ').replace('Z', '+00');
        expect(momentOf(text)).toEqual(byPg(text));
        expect(momentOf(text)).toEqual(date);
      }),
    );
  });
});
