import { describe, expect, it, jest } from '@jest/globals';
import { asTenantId, asUserId } from '../ids.js';
import { codeTargets } from './clicks.module.js';

const target = (ownerId: string) => ({
  code: 'ABCDEFGH',
  tenantId: asTenantId('t'),
  ownerId: asUserId(ownerId),
  linkId: undefined,
  campaign: undefined,
  location: 'https://shop.example/',
});

/** A steady clock in the spec's hands, in milliseconds. */
function stopwatch() {
  let nowMs = 1_000;
  return {
    now: () => nowMs,
    advance: (byMs: number) => {
      nowMs += byMs;
    },
  };
}

describe('Where a code leads', () => {
  it('is asked once for many, again after 30 s, and told as before while nobody can be asked', async () => {
    const find = jest.fn<Parameters<typeof codeTargets>[0]>().mockResolvedValue(target('ada'));
    const watch = stopwatch();
    const targets = codeTargets(find, watch);
    const owners = await Promise.all([1, 2, 3].map(() => targets('ABCDEFGH')));
    expect(owners.map((each) => each?.ownerId)).toEqual(['ada', 'ada', 'ada']);
    watch.advance(29_000);
    await targets('ABCDEFGH');
    expect(find).toHaveBeenCalledTimes(1);
    watch.advance(2_000);
    find.mockResolvedValue(target('ben'));
    expect((await targets('ABCDEFGH'))?.ownerId).toBe('ben');
    watch.advance(31_000);
    find.mockRejectedValue(new Error('away'));
    expect((await targets('ABCDEFGH'))?.ownerId).toBe('ben');
    await expect(targets('OTHER')).rejects.toThrow('away');
  });

  it('is asked again after 5 s when nobody had the code', async () => {
    const find = jest.fn<Parameters<typeof codeTargets>[0]>().mockResolvedValue(undefined);
    const watch = stopwatch();
    const targets = codeTargets(find, watch);
    expect(await targets('ABCDEFGH')).toBeUndefined();
    expect(await targets('ABCDEFGH')).toBeUndefined();
    expect(find).toHaveBeenCalledTimes(1);
    watch.advance(6_000);
    find.mockResolvedValue(target('ada'));
    expect((await targets('ABCDEFGH'))?.ownerId).toBe('ada');
  });
});
