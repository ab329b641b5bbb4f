import type { GrpcClient } from '@dailydoco/grpc';
import type { ReferralServiceService } from '@dailydoco/proto/dailydoco/viral/v1/viral';
import type { AskReferral } from './registration.js';

/** A person is waiting for the registration. */
const DEADLINE_MS = 1_000;

/** viral-engine, asked whether a registration would get a referrer. */
export function referralQuestions(
  client: Pick<GrpcClient<typeof ReferralServiceService>, 'checkReferral'>,
): AskReferral {
  return async ({ tenantId, referralCode = '', visitorId = '', clickId }) => {
    try {
      const request = { referralCode, visitorId, clickId };
      return (await client.checkReferral(request, { deadlineMs: DEADLINE_MS, tenantId })).applies;
    } catch {
      // Whatever is wrong there, the person registers; the client's metrics tell of it, and the event carries the code.
      return undefined;
    }
  };
}
