import { describe, expect, it } from '@jest/globals';
import { post } from './gateway.js';

describe('registrations from one address', () => {
  it('are let through 60 times a minute, refused ones included', async () => {
    const statuses: number[] = [];
    let retryAfter: string | undefined;
    // A minute of the clock may end on the way, and the count begins anew: then it is full within the second sixty.
    for (let n = 0; n < 121 && retryAfter === undefined; n += 1) {
      const { status, headers } = await post('/v1/auth/register', { json: {}, anyBody: true });
      statuses.push(status);
      if (status === 429) retryAfter = headers['retry-after'];
    }
    expect(new Set(statuses)).toEqual(new Set([400, 429]));
    expect(statuses.length).toBeGreaterThan(60);
    expect(Number(retryAfter)).toBeGreaterThan(0);
    expect(Number(retryAfter)).toBeLessThanOrEqual(60);
  });
});
