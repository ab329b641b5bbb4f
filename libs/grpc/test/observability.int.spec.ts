import { DomainError } from '@dailydoco/errors';
import { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { serviceToken } from '@dailydoco/auth';
import { renderPrometheus } from '@dailydoco/telemetry';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { describe, expect, it } from '@jest/globals';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, TEST_SECRET, testClient } from './test-server.js';

const cleanup = cleanupAfterEach();
const METHOD = 'dailydoco.viral.v1.ReferralService/CheckReferral';

/** The value of one series of `/metrics`; 0 when it is not there. */
async function metric(name: string, labels: Record<string, string>): Promise<number> {
  const lines = (await renderPrometheus()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
  const line = lines.find((candidate) => wanted.every((label) => candidate.includes(label)));
  return Number(line?.slice(line.lastIndexOf('} ') + 2).split(' ')[0] ?? 0);
}

describe('metrics', () => {
  it('count each call by method and status, on both sides, and those under way', async () => {
    const { promise: finish, resolve } = Promise.withResolvers<void>();
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
    const server = await startTestServer({
      checkReferral: async ({ referralCode }) => {
        if (referralCode === 'unknown') throw new DomainError('NOT_FOUND');
        arrive();
        await finish;
        return { applies: false, referrerId: '' };
      },
    });
    cleanup(server.stop);
    const client = testClient(ReferralServiceService, server.address);
    cleanup(client.close);
    const counts = (side: string) => ({
      ok: () => metric(`dailydoco_grpc_${side}_duration_seconds_count`, { method: METHOD, status: 'OK' }),
      notFound: () => metric(`dailydoco_grpc_${side}_duration_seconds_count`, { method: METHOD, status: 'NOT_FOUND' }),
      inFlight: () => metric(`dailydoco_grpc_${side}_in_flight_calls`, { method: METHOD }),
    });

    const call = client.checkReferral({ referralCode: 'ada', visitorId: '' });
    await arrived;
    for (const side of ['server', 'client']) expect(await counts(side).inFlight()).toBe(1);
    resolve();
    await call;
    await client.checkReferral({ referralCode: 'unknown', visitorId: '' }).catch(() => undefined);

    for (const side of ['server', 'client']) {
      expect(await counts(side).ok()).toBe(1);
      expect(await counts(side).notFound()).toBe(1);
      expect(await counts(side).inFlight()).toBe(0);
    }
  });
});

describe('the trace', () => {
  it('that the caller is in reaches the handler', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const seen: unknown[] = [];
    const server = await startTestServer({
      checkReferral: async (_, call) => {
        seen.push(call.traceparent);
        return { applies: false, referrerId: '' };
      },
    });
    cleanup(server.stop);
    const raw = new Client(server.address, credentials.createInsecure());
    cleanup(() => raw.close());
    const { path, requestSerialize, responseDeserialize } = ReferralServiceService.checkReferral;
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await serviceToken({ secret: TEST_SECRET, service: 'payouts' })}`);
    metadata.set('traceparent', traceparent);

    await new Promise((resolve) => {
      const request = { referralCode: '', visitorId: '' };
      raw.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, resolve);
    });

    expect(seen).toEqual([traceparent]);
  });
});

describe('a log line of a handler', () => {
  it('names the RPC', async () => {
    const server = await startTestServer({
      checkReferral: async (_, { logger }) => {
        logger.info('looked up');
        return { applies: false, referrerId: '' };
      },
    });
    cleanup(server.stop);
    const client = testClient(ReferralServiceService, server.address);
    cleanup(client.close);

    await client.checkReferral({ referralCode: '', visitorId: '' });

    expect(server.logLines.map((line): unknown => JSON.parse(line))).toMatchObject([{ msg: 'looked up', rpc: METHOD }]);
  });
});
