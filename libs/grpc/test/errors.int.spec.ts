import { DomainError, REASONS } from '@dailydoco/errors';
import type { Reason } from '@dailydoco/errors';
import {
  RecordPurchaseRequest,
  PurchaseServiceService,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { RecordPurchaseResponse } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { serviceToken } from '@dailydoco/auth';
import { describe, expect, it } from '@jest/globals';
import { domainErrorOf } from '../src/wire-status.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, TEST_SECRET, testClient } from './test-server.js';
import type { Behaviour } from './test-services.js';

const cleanup = cleanupAfterEach();
const reasons = Object.keys(REASONS) as Reason[];
const request = RecordPurchaseRequest.fromPartial({ externalId: 'order-1' });

async function purchases(behaviour: Behaviour) {
  const server = await startTestServer(behaviour);
  cleanup(server.stop);
  const client = testClient(PurchaseServiceService, server.address);
  cleanup(client.close);
  return { server, client };
}

function fullError(reason: Reason): DomainError {
  return new DomainError(reason, {
    detail: `Why ${reason}: “größer” 😀 100 % of it`,
    metadata: { purchaseId: '42', reason },
    fieldErrors: [
      { path: 'amount.currency', message: 'is not a currency' },
      { path: 'items.3.id', message: 'ist leer' },
    ],
    retryAfterSeconds: 7,
  });
}

/** A stream that fails before its first message. */
function failing(error: unknown): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) };
}

function facts(error: unknown) {
  if (!(error instanceof DomainError)) return error;
  const { reason, detail, metadata, fieldErrors, retryAfterSeconds } = error;
  return { reason, detail, metadata, fieldErrors, retryAfterSeconds };
}

describe('an error over the wire', () => {
  it.each(reasons)('%s comes back as the same DomainError, from a single answer and from a stream', async (reason) => {
    const { client } = await purchases({
      recordPurchase: async () => {
        throw fullError(reason);
      },
      recordPurchases: () => failing(fullError(reason)),
    });

    const unary = await client.recordPurchase(request).catch(facts);
    const streamed = await client.recordPurchases([])[Symbol.asyncIterator]().next().catch(facts);

    expect(unary).toEqual(facts(fullError(reason)));
    expect(streamed).toEqual(facts(fullError(reason)));
  });

  it('tells the caller nothing of a bug but that there was one, and logs it', async () => {
    const { client, server } = await purchases({
      recordPurchase: async () => {
        throw new TypeError('connect to 10.0.0.7 as viral_app failed');
      },
    });

    const error = await client.recordPurchase(request).catch(facts);

    expect(error).toMatchObject({ reason: 'INTERNAL', detail: REASONS.INTERNAL.title });
    const [line] = server.logLines;
    expect(line).toContain('connect to 10.0.0.7');
    expect(line).toContain('PurchaseService/RecordPurchase');
  });

  it('does not log a refusal', async () => {
    const { client, server } = await purchases({
      recordPurchase: async () => {
        throw new DomainError('BUYER_UNKNOWN');
      },
    });

    await expect(client.recordPurchase(request)).rejects.toMatchObject({ reason: 'BUYER_UNKNOWN' });
    expect(server.logLines).toEqual([]);
  });

  it('survives half of a surrogate pair in its text', async () => {
    const { client } = await purchases({
      recordPurchase: async () => {
        throw new DomainError('VALIDATION_FAILED', { detail: 'cut \ud83d' });
      },
      recordPurchases: async function* () {
        yield { correlationId: 1n, result: undefined };
        throw new DomainError('VALIDATION_FAILED', { detail: 'cut \ud83d' });
      },
    });

    await expect(client.recordPurchase(request)).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
    const stream = client.recordPurchases([])[Symbol.asyncIterator]();
    await stream.next();
    await expect(stream.next()).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
    // The server is still there.
    await expect(client.recordPurchase(request)).rejects.toMatchObject({ reason: 'VALIDATION_FAILED' });
  });

  it('is a logged bug when a handler answers with what its message cannot hold', async () => {
    const { client, server } = await purchases({
      recordPurchase: async () => ({ commissions: 7 }) as unknown as RecordPurchaseResponse,
    });

    await expect(client.recordPurchase(request)).rejects.toMatchObject({ reason: 'INTERNAL' });
    expect(server.logLines).toHaveLength(1);
  });

  it('is thrown as it is when the request cannot be encoded, before anything is sent', async () => {
    const { client, server } = await purchases({});
    const tooLarge = RecordPurchaseRequest.fromPartial({ amount: { micros: 2n ** 63n, currencyCode: 'USD' } });

    await expect(client.recordPurchase(tooLarge)).rejects.toThrow(/int64/);
    expect(server.logLines).toEqual([]);
  });

  it('is MALFORMED_REQUEST when the bytes are no such message', async () => {
    const { server } = await purchases({});
    const { path } = ReferralServiceService.checkReferral;
    const raw = new Client(server.address, credentials.createInsecure());
    cleanup(() => raw.close());
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await serviceToken({ secret: TEST_SECRET, service: 'payouts' })}`);

    const error = await new Promise<unknown>((resolve) => {
      const same = (bytes: Buffer): Buffer => bytes;
      raw.makeUnaryRequest(path, same, same, Buffer.from([0x0a, 0xff]), metadata, resolve);
    });

    expect(domainErrorOf(error)).toMatchObject({ reason: 'MALFORMED_REQUEST' });
  });

  it('is thrown to the reader when the source of a stream of requests fails', async () => {
    const { client } = await purchases({
      recordPurchases: async function* (requests) {
        for await (const { correlationId } of requests) yield { correlationId, result: undefined };
      },
    });
    async function* broken() {
      yield { correlationId: 1n, purchase: undefined };
      throw new RangeError('the file ended early');
    }

    const read = async () => {
      for await (const { correlationId } of client.recordPurchases(broken())) expect(correlationId).toBe(1n);
    };

    await expect(read()).rejects.toThrow('the file ended early');
  });
});
