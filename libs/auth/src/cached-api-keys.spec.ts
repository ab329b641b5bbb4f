import { DomainError } from '@dailydoco/errors';
import { describe, expect, it } from '@jest/globals';
import { apiKeySha256 } from './api-key.js';
import { CachedApiKeys } from './cached-api-keys.js';
import type { CachedApiKeysOptions, ResolvedApiKey } from './cached-api-keys.js';

const KNOWN: ResolvedApiKey = { apiKeyId: 'k1', tenantId: 't1', scopes: ['purchases:write'] };
const SHA = apiKeySha256('dd_known');

/** identity as the cache sees it: answers, counts, can be down or slow. */
class Identity {
  asked = 0;
  answer: ResolvedApiKey | undefined = KNOWN;
  down = false;
  #held: PromiseWithResolvers<void> | undefined;

  readonly resolve = async (): Promise<ResolvedApiKey | undefined> => {
    this.asked += 1;
    const { answer, down } = this;
    await this.#held?.promise;
    if (down) throw new DomainError('UNAVAILABLE');
    return answer;
  };

  hold(): () => void {
    const held = Promise.withResolvers<void>();
    this.#held = held;
    return () => {
      this.#held = undefined;
      held.resolve();
    };
  }
}

function setUp(options: Partial<CachedApiKeysOptions> = {}) {
  const identity = new Identity();
  let nowMs = 1_000_000;
  const clock = { now: () => new Date(nowMs) };
  const keys = new CachedApiKeys({ resolve: identity.resolve, clock, ...options });
  return { identity, keys, pass: (ms: number) => void (nowMs += ms) };
}

describe('a known key', () => {
  it('is asked for once in 60 seconds', async () => {
    const { identity, keys, pass } = setUp();
    expect(await keys.lookUp(SHA)).toEqual(KNOWN);
    pass(59_999);
    expect(await keys.lookUp(SHA)).toEqual(KNOWN);
    expect(identity.asked).toBe(1);
    pass(1);
    identity.answer = undefined;
    expect(await keys.lookUp(SHA)).toBeUndefined();
    expect(identity.asked).toBe(2);
  });

  it('is asked for once by many at a time', async () => {
    const { identity, keys } = setUp();
    const release = identity.hold();
    const all = Promise.all(Array.from({ length: 50 }, () => keys.lookUp(SHA)));
    release();
    expect(await all).toEqual(Array.from({ length: 50 }, () => KNOWN));
    expect(identity.asked).toBe(1);
  });

  it('stays usable for 10 minutes while identity is down, and not longer', async () => {
    const { identity, keys, pass } = setUp();
    await keys.lookUp(SHA);
    identity.down = true;
    pass(599_999);
    expect(await keys.lookUp(SHA)).toEqual(KNOWN);
    pass(1);
    await expect(keys.lookUp(SHA)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
  });

  it('does not ask a failing identity with every request, but soon again', async () => {
    const { identity, keys, pass } = setUp();
    await keys.lookUp(SHA);
    identity.down = true;
    pass(60_000);
    for (let i = 0; i < 20; i += 1) expect(await keys.lookUp(SHA)).toEqual(KNOWN);
    expect(identity.asked).toBe(2);
    pass(1_000);
    identity.down = false;
    await keys.lookUp(SHA);
    pass(59_999);
    await keys.lookUp(SHA);
    expect(identity.asked).toBe(3);
  });
});

describe('an unknown key', () => {
  it('is asked for once in 5 seconds', async () => {
    const { identity, keys, pass } = setUp();
    identity.answer = undefined;
    expect(await keys.lookUp(SHA)).toBeUndefined();
    pass(4_999);
    expect(await keys.lookUp(SHA)).toBeUndefined();
    expect(identity.asked).toBe(1);
    pass(1);
    identity.answer = KNOWN;
    expect(await keys.lookUp(SHA)).toEqual(KNOWN);
  });

  it('is unavailable, not unknown, while identity cannot be asked', async () => {
    const { identity, keys } = setUp();
    identity.down = true;
    await expect(keys.lookUp(SHA)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
  });

  it('in any number pushes no known key out', async () => {
    const { identity, keys } = setUp({ max: 10 });
    await keys.lookUp(SHA);
    identity.answer = undefined;
    for (let i = 0; i < 100; i += 1) await keys.lookUp(apiKeySha256(`dd_made-up-${i}`));
    expect(await keys.lookUp(SHA)).toEqual(KNOWN);
    expect(identity.asked).toBe(101);
  });

  it('in any number at a time reaches identity a bounded number of times', async () => {
    const { identity, keys } = setUp({ maxInFlight: 5 });
    const release = identity.hold();
    const all = Array.from({ length: 20 }, (_, i) => keys.lookUp(apiKeySha256(`dd_made-up-${i}`)));
    const settled = Promise.allSettled(all);
    release();
    const refused = (await settled).filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(15);
    expect(refused[0]).toMatchObject({ reason: { reason: 'OVERLOADED' } });
    expect(identity.asked).toBe(5);
  });
});

describe('an evicted key', () => {
  it('is asked for again at once', async () => {
    const { identity, keys } = setUp();
    await keys.lookUp(SHA);
    identity.answer = undefined;
    keys.evict(SHA);
    expect(await keys.lookUp(SHA)).toBeUndefined();
  });

  it('is not brought back by an answer that was under way', async () => {
    const { identity, keys } = setUp();
    const release = identity.hold();
    const underWay = keys.lookUp(SHA);
    await Promise.resolve();
    await Promise.resolve();
    expect(identity.asked).toBe(1);
    identity.answer = undefined;
    keys.evict(SHA);
    release();
    await underWay;
    expect(await keys.lookUp(SHA)).toBeUndefined();
    expect(identity.asked).toBe(2);
  });
});
