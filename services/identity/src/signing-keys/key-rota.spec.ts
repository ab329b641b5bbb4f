import { describe, expect, it } from '@jest/globals';
import {
  isRotationDue,
  KEPT_AFTER_SIGNING_MS,
  publishedKeys,
  type RotaKey,
  signingKey,
  signsFrom,
} from './key-rota.js';

const MINUTE = 60_000;
const START = Date.parse('2026-06-01T00:00:00Z');
const at = (minutes: number): Date => new Date(START + minutes * MINUTE);
const key = (kid: string, created: number, signs: number): RotaKey => ({
  kid,
  createdAt: at(created),
  signsFrom: at(signs),
});
const kids = (keys: readonly RotaKey[]): string[] => keys.map(({ kid }) => kid);

describe('the rota of signing keys', () => {
  const first = key('first', 0, 0);
  const second = key('second', 100, 110);

  it('signs with the first key at once, and with a later one only after everybody can know it', () => {
    expect(signsFrom([], at(0))).toEqual(at(0));
    expect(signsFrom([first], at(100))).toEqual(at(110));
    expect(signingKey([first, second], at(109))?.kid).toBe('first');
    expect(signingKey([second, first], at(110))?.kid).toBe('second');
    expect(signingKey([], at(0))).toBeUndefined();
  });

  it('publishes a key before it signs, and keeps the old one until its last token is over', () => {
    expect(kids(publishedKeys([first, second], at(100)))).toEqual(['first', 'second']);
    const replaced = 110 + KEPT_AFTER_SIGNING_MS / MINUTE;
    expect(kids(publishedKeys([first, second], at(replaced - 1)))).toEqual(['first', 'second']);
    expect(kids(publishedKeys([first, second], at(replaced)))).toEqual(['second']);
  });

  it('wants a new key when there is none, and when the newest is old', () => {
    expect(isRotationDue([], at(0), 90)).toBe(true);
    expect(isRotationDue([first], at(90 * 24 * 60 - 1), 90)).toBe(false);
    expect(isRotationDue([first], at(90 * 24 * 60), 90)).toBe(true);
  });
});
