import { describe, expect, it } from '@jest/globals';
import { asPayoutId } from '../ids.js';
import { bankReferenceOf, idOfReference, shortReference, wholeReference } from './bank-reference.js';

const id = asPayoutId('01936f2a-7b1c-7d3e-8f4a-5b6c7d8e9f0a');

describe('a payout in files of banks', () => {
  it('is its id without hyphens where 35 characters are allowed, and the end of it where 15 are', () => {
    expect(wholeReference(id)).toBe('01936f2a7b1c7d3e8f4a5b6c7d8e9f0a');
    expect(shortReference(id)).toBe('F4A5B6C7D8E9F0A');
  });

  it.each([wholeReference(id), id, id.toUpperCase(), ` ${wholeReference(id)} `])('is found again by %j', (text) => {
    expect(bankReferenceOf(text)).toEqual({ kind: 'whole', id });
    expect(idOfReference(text)).toBe(id);
  });

  it('is found again by its short reference, in capitals or not', () => {
    for (const text of [shortReference(id), shortReference(id).toLowerCase()]) {
      expect(bankReferenceOf(text)).toEqual({ kind: 'short', tail: 'f4a5b6c7d8e9f0a' });
    }
  });

  it.each(['', 'NOTPROVIDED', 'SALARY 11/2026', `${wholeReference(id)}0`, 'F4A5B6C7D8E9F0', 'G4A5B6C7D8E9F0A'])(
    'is not meant by %j',
    (text) => expect(bankReferenceOf(text)).toBeUndefined(),
  );
});
