import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { decodePageToken, encodePageToken, page } from './pagination.js';

const position = z.strictObject({ at: z.iso.datetime(), id: z.uuid() });
const here = { at: '2025-06-01T12:00:00Z', id: '0197a0ee-bc99-7c0b-8ef8-bb6d6bb9bd38' };

describe('a page token', () => {
  it('brings its position back and needs no escaping in a URL', () => {
    const token = encodePageToken(here);
    expect(token).toBe(encodeURIComponent(token));
    expect(decodePageToken(token, position)).toEqual(here);
  });

  it.each(['x', '', '{}', encodePageToken({ id: 'x' }), encodePageToken(null), `${encodePageToken(here)}x{`])(
    'is refused as invalid input when it is %j',
    (token) => {
      const decode = (): unknown => decodePageToken(token, position);
      expect(decode).toThrow(DomainError);
      expect(decode).toThrow(
        expect.objectContaining({
          reason: 'VALIDATION_FAILED',
          fieldErrors: [expect.objectContaining({ path: 'pageToken' })],
        }),
      );
    },
  );
});

describe('page', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 3 }];

  it('names the last row it shows when there is more', () => {
    const { items, nextPageToken } = page(rows, 2, ({ id }) => ({ id }));
    expect(items).toEqual([{ id: 1 }, { id: 2 }]);
    expect(decodePageToken(nextPageToken ?? '', z.object({ id: z.int() }))).toEqual({ id: 2 });
  });

  it.each([
    [rows, 3],
    [[], 3],
  ])('has no token on the last page', (all, size) => {
    expect(page(all, size, (row) => row)).toEqual({ items: all });
  });
});
