import {
  CheckReferralRequest,
  CheckReferralResponse,
  PurchaseServiceService,
  ReconciliationServiceService,
  RecordPurchaseRequest,
  RecordPurchaseResponse,
  ReferralServiceService,
} from '@dailydoco/proto/dailydoco/viral/v1/viral';
import { ApiKeyServiceService, UserServiceService } from '@dailydoco/proto/dailydoco/identity/v1/identity';
import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { describe, expect, it } from '@jest/globals';
import { isRead } from '../src/definitions.js';
import { cleanupAfterEach } from './cleanup.js';
import { startTestServer, testClient } from './test-server.js';

const cleanup = cleanupAfterEach();

describe('a server that is read-only', () => {
  it('answers what reads, refuses what writes, and serves both when it no longer is', async () => {
    let isReadOnly = true;
    const behaviour = {
      recordPurchase: async () => RecordPurchaseResponse.fromPartial({}),
      checkReferral: async () => CheckReferralResponse.fromPartial({}),
    };
    const server = await startTestServer(behaviour, { transport: { isReadOnly: () => isReadOnly } });
    cleanup(server.stop);
    const purchases = testClient(PurchaseServiceService, server.address);
    const referrals = testClient(ReferralServiceService, server.address);
    cleanup(purchases.close);
    cleanup(referrals.close);
    const write = () => purchases.recordPurchase(RecordPurchaseRequest.fromPartial({ externalId: 'order-1' }));
    await expect(write()).rejects.toMatchObject({ reason: 'READ_ONLY', retryAfterSeconds: 60 });
    await referrals.checkReferral(CheckReferralRequest.fromPartial({}));
    isReadOnly = false;
    await write();
  });

  it('takes every RPC of the fleet for what it is', () => {
    const definitions = [
      ApiKeyServiceService,
      PurchaseServiceService,
      ReconciliationServiceService,
      ReferralServiceService,
      SiteServiceService,
      UserServiceService,
    ];
    const rpcs = definitions.flatMap((definition) => Object.values(definition));
    const writing = rpcs.filter((rpc) => !isRead(rpc)).map(({ path }) => path.split('/')[2]);
    expect(writing).toEqual(['RecordPurchase', 'RecordPurchases']);
  });
});
