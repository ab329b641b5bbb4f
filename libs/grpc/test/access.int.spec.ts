import { newApiKey } from '@dailydoco/auth';
import type { ResolvedApiKey } from '@dailydoco/auth';
import { PurchaseServiceService, ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { CheckReferralResponse } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { PurchaseState, RecordPurchaseRequest } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { describe, expect, it } from '@jest/globals';
import type { CallContext } from '../src/index.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, TENANT, testClient } from './test-server.js';
import { StatesServiceService } from './test-services.js';

const cleanup = cleanupAfterEach();
const request = { referralCode: '', visitorId: '' };
const reader = newApiKey();
const writer = newApiKey();
const apiKeys = new Map<string, ResolvedApiKey>([
  [reader.key, { apiKeyId: 'k1', tenantId: TENANT, scopes: ['purchases:read'] }],
  [writer.key, { apiKeyId: 'k2', tenantId: TENANT, scopes: ['purchases:write'] }],
]);

async function serve(see: (call: CallContext) => string = () => '') {
  const answer = (call: CallContext): CheckReferralResponse => ({ applies: true, referrerId: see(call) });
  const server = await startTestServer(
    {
      checkReferral: async (_, call) => answer(call),
      watchStates: async function* (_, call) {
        if (!answer(call).applies) yield PurchaseState.create();
      },
    },
    { apiKeys },
  );
  cleanup(server.stop);
  const client = testClient(ReferralServiceService, server.address);
  cleanup(client.close);
  return { ...server, client };
}

describe('the caller', () => {
  it('is the service that the client names, for the tenant that the call names', async () => {
    const { client } = await serve(({ principal, tenantId }) => JSON.stringify({ principal, tenantId }));

    const { referrerId } = await client.checkReferral(request, { tenantId: TENANT });

    expect(JSON.parse(referrerId)).toEqual({
      principal: { kind: 'service', service: 'payouts', tenantId: TENANT },
      tenantId: TENANT,
    });
  });

  it('is never mixed up between tenants by the cache of tokens', async () => {
    const { client } = await serve(({ tenantId }) => tenantId);
    const tenants = Array.from({ length: 50 }, (_, index) => `tenant-${index % 7}`);

    const answers = await Promise.all(tenants.map((tenantId) => client.checkReferral(request, { tenantId })));

    expect(answers.map(({ referrerId }) => referrerId)).toEqual(tenants);
  });

  it('is FORBIDDEN where the tenant matters and it names none', async () => {
    const { client } = await serve(({ tenantId }) => tenantId);

    await expect(client.checkReferral(request)).rejects.toMatchObject({ reason: 'FORBIDDEN' });
  });

  it('may be somebody whose credentials are passed on', async () => {
    const { client } = await serve(({ principal }) => JSON.stringify(principal));

    const { referrerId } = await client.checkReferral(request, { authorization: `Bearer ${reader.key}` });

    expect(JSON.parse(referrerId)).toEqual({
      kind: 'apiKey',
      apiKeyId: 'k1',
      tenantId: TENANT,
      scopes: ['purchases:read'],
    });
  });
});

describe('access', () => {
  it.each([
    ['no credentials', '', 'UNAUTHENTICATED'],
    ['a key nobody knows', `Bearer ${newApiKey().key}`, 'UNAUTHENTICATED'],
    ['something else than a token', 'Basic YTpi', 'UNAUTHENTICATED'],
    ['a header that cannot be sent', 'Bearer \n', 'UNAUTHENTICATED'],
    ['a key without the scope', `Bearer ${writer.key}`, 'SCOPE_MISSING'],
  ])('%s is %s', async (_, authorization, reason) => {
    let called = false;
    const { client } = await serve(() => {
      called = true;
      return '';
    });

    await expect(client.checkReferral(request, { authorization })).rejects.toMatchObject({ reason });
    expect(called).toBe(false);
  });

  it('is refused to a service with another secret', async () => {
    const { address } = await serve();
    const stranger = testClient(ReferralServiceService, address, { serviceSecret: 'x'.repeat(32) });
    cleanup(stranger.close);

    await expect(stranger.checkReferral(request)).rejects.toMatchObject({ reason: 'UNAUTHENTICATED' });
  });

  it('is refused on a stream before its first message is read', async () => {
    const { address } = await serve();
    const purchases = testClient(PurchaseServiceService, address);
    cleanup(purchases.close);
    const options = { authorization: `Bearer ${reader.key}` };

    await expect(purchases.recordPurchase(RecordPurchaseRequest.create(), options)).rejects.toMatchObject({
      reason: 'FORBIDDEN',
    });
    await expect(purchases.recordPurchases([], options)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      reason: 'FORBIDDEN',
    });
  });

  it('is open to anyone where the handler says so, who is then nobody', async () => {
    const seen: unknown[] = [];
    const { address } = await serve((call) => {
      try {
        seen.push(call.principal);
      } catch (error) {
        seen.push(error);
      }
      return '';
    });
    const states = testClient(StatesServiceService, address);
    cleanup(states.close);

    const answers = states.watchStates({ pageSize: 0, pageToken: '' }, { authorization: '' });
    expect(await answers[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
    expect(seen).toMatchObject([{ reason: 'UNAUTHENTICATED' }]);
  });
});
