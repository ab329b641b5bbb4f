import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asUserId, type UserId } from '../ids.js';
import { MAX_UPLINE, type MemberStatus } from './member.js';
import { attributionStart, placeMember } from './placement.js';
import { CODE_ALPHABET, newReferralCode, normaliseReferralCode } from './referral-code.js';

const newcomer = asUserId('new');
const member = (name: string, status: MemberStatus = 'active', upline: string[] = []) => ({
  userId: asUserId(name),
  status,
  upline: upline.map(asUserId),
});

describe("A newcomer's referrer", () => {
  it.each([
    ['nobody without code and click', {}, undefined],
    ['the owner of the code', { code: member('a') }, 'a'],
    ['whoever the click came from', { click: member('b') }, 'b'],
    ['the owner of the code, over the click', { code: member('a'), click: member('b') }, 'a'],
    [
      'the click when the code belongs to a suspended member',
      { code: member('a', 'suspended'), click: member('b') },
      'b',
    ],
    ['nobody when both are erased', { code: member('a', 'erased'), click: member('b', 'erased') }, undefined],
    ['never the newcomer', { code: member('new'), click: member('b') }, 'b'],
    ['never somebody below the newcomer', { code: member('a', 'active', ['x', 'new']) }, undefined],
  ])('is %s', (_, by, expected) => {
    expect(placeMember(newcomer, by).referrerId).toBe(expected);
  });

  it("heads the newcomer's upline, which keeps the nearest 64", () => {
    const upline = Array.from({ length: MAX_UPLINE }, (_, index) => `u${index}`);
    const placed = placeMember(newcomer, { code: member('a', 'active', upline) });
    expect(placed.upline).toHaveLength(MAX_UPLINE);
    expect(placed.upline.slice(0, 2)).toEqual(['a', 'u0']);
    expect(placed.upline.at(-1)).toBe('u62');
  });

  it('never closes a circle, whoever refers whom', () => {
    const choices = fc.array(fc.tuple(fc.nat(29), fc.nat(29)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(choices, (pairs) => {
        const uplines = new Map<UserId, readonly UserId[]>();
        const known = (n: number) => {
          const userId = asUserId(`m${n}`);
          const upline = uplines.get(userId);
          return upline && { userId, status: 'active' as const, upline };
        };
        pairs.forEach(([code, click], index) => {
          const userId = asUserId(`m${index}`);
          const [byCode, byClick] = [known(code), known(click)];
          const { upline } = placeMember(userId, {
            ...(byCode && { code: byCode }),
            ...(byClick && { click: byClick }),
          });
          expect(upline).not.toContain(userId);
          expect(new Set(upline).size).toBe(upline.length);
          uplines.set(userId, upline);
        });
      }),
    );
  });

  it('may come from a click of as many days of 86,400 s as the plan says', () => {
    expect(attributionStart(new Date('2026-03-31T12:00:00Z'), 30).toISOString()).toBe('2026-03-01T12:00:00.000Z');
  });
});

describe('A referral code', () => {
  it('has eight letters that nobody confuses', () => {
    for (let n = 0; n < 200; n += 1) expect(newReferralCode(randomBytes)).toMatch(/^[2-9A-HJKMNP-Z]{8}$/);
  });

  it('uses every letter equally: bytes that would favour some are thrown away', () => {
    const counts = new Map<string, number>();
    let byte = 0;
    // Eight new bytes a call, and then only such as are thrown away.
    const everyByte = (count: number) => Uint8Array.from({ length: count }, (_, at) => (at < 8 ? byte++ % 256 : 255));
    for (let n = 0; n < 31; n += 1) {
      for (const letter of newReferralCode(everyByte)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    }
    expect([...counts.values()]).toEqual(Array.from({ length: CODE_ALPHABET.length }, () => 8));
  });

  it.each([
    [' abcdefgh ', 'ABCDEFGH'],
    ['ABCDEFGH', 'ABCDEFGH'],
    ['spring-2026', 'SPRING-2026'],
    ['ABC', 'ABC'],
    ['AB', undefined],
    ['-ABC', undefined],
    ['ABC-', undefined],
    ['A C', undefined],
    ['SÖMMER', undefined],
    ['x'.repeat(33), undefined],
    ['ABCDEFG\u0000', undefined],
    ['x'.repeat(200), undefined],
  ])('typed as %j is %j', (typed, code) => expect(normaliseReferralCode(typed)).toBe(code));
});
