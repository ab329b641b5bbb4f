import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import type { GrpcClient } from '../src/index.js';
import { startChildServer } from './child-process.js';
import type { ChildServer } from './child-process.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testClient } from './test-server.js';

const cleanup = cleanupAfterEach();
const wait = { referralCode: 'wait', visitorId: '' };
const answered = { applies: true, referrerId: 'the second server' };

/** Makes calls until one of them has reached the child, where it stays; the others are answered by the other server. */
async function callUntilOneHangs(
  client: GrpcClient<typeof ReferralServiceService>,
  child: ChildServer,
): Promise<Promise<unknown>[]> {
  const calls: Promise<unknown>[] = [];
  const arrival = child.arrival().then(() => true);
  let hangs = false;
  // One after the other: on a busy machine several could be on their way to the child before the first has told of itself.
  while (!hangs) {
    const call = client.checkReferral(wait);
    calls.push(call);
    hangs = await Promise.race([arrival, call.then(() => false)]);
  }
  return calls;
}

describe('a server killed while it serves a call', () => {
  it('leaves the caller with UNAVAILABLE', async () => {
    const child = await startChildServer();
    cleanup(child.kill);
    const client = testClient(ReferralServiceService, child.address);
    cleanup(client.close);

    const arrival = child.arrival();
    const call = client.checkReferral(wait);
    const outcome = expect(call).rejects.toMatchObject({ name: 'DomainError', reason: 'UNAVAILABLE' });
    await arrival;
    await child.kill();

    await outcome;
  });

  it('is not noticed where the method is safe to retry and another server is there', async () => {
    const child = await startChildServer();
    cleanup(child.kill);
    const second = await startTestServer({ checkReferral: async () => answered });
    cleanup(second.stop);
    const client = testClient(ReferralServiceService, `ipv4:${child.address},${second.address}`, {
      retrySafeMethods: ['checkReferral'],
    });
    cleanup(client.close);
    const calls = await callUntilOneHangs(client, child);
    await child.kill();

    expect(await Promise.all(calls)).toEqual(calls.map(() => answered));
  });

  it('is retried nowhere else', async () => {
    const child = await startChildServer();
    cleanup(child.kill);
    const second = await startTestServer({ checkReferral: async () => answered });
    cleanup(second.stop);
    const client = testClient(ReferralServiceService, `ipv4:${child.address},${second.address}`);
    cleanup(client.close);
    const calls = await callUntilOneHangs(client, child);
    const outcomes = Promise.allSettled(calls);
    await child.kill();

    const failures = (await outcomes).filter((outcome) => outcome.status === 'rejected');
    expect(failures).toMatchObject([{ reason: { reason: 'UNAVAILABLE' } }]);
  });
});

describe('a server that is not there', () => {
  it('is UNAVAILABLE, and found soon after it has come', async () => {
    const probe = await startTestServer({});
    await probe.stop();
    const client = testClient(ReferralServiceService, probe.address);
    cleanup(client.close);
    await expect(client.checkReferral(wait)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });

    const late = await startTestServer({ checkReferral: async () => answered }, { transport: { port: probe.port } });
    cleanup(late.stop);

    await eventually(async () => expect(await client.checkReferral(wait)).toEqual(answered));
  });

  it('is UNAVAILABLE after the client was closed', async () => {
    const client = testClient(ReferralServiceService, '127.0.0.1:1');
    client.close();

    await expect(client.checkReferral(wait)).rejects.toMatchObject({ reason: 'UNAVAILABLE' });
  });
});
