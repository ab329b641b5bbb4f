import { describe, expect, it } from '@jest/globals';
import { REASONS, type Reason, isReason } from './index.js';
import { reasonEntry } from './reasons.js';

/** What clients were promised. Another status for a reason is a breaking change of the public API. */
const PUBLISHED: Record<Reason, number> = {
  VALIDATION_FAILED: 400,
  MALFORMED_REQUEST: 400,
  SIGNATURE_INVALID: 400,
  IDEMPOTENCY_KEY_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  CREDENTIALS_INVALID: 401,
  TOKEN_EXPIRED: 401,
  REFRESH_TOKEN_INVALID: 401,
  FORBIDDEN: 403,
  SCOPE_MISSING: 403,
  ACCOUNT_SUSPENDED: 403,
  NOT_FOUND: 404,
  BUYER_UNKNOWN: 404,
  WEBSITE_UNKNOWN: 404,
  USER_UNKNOWN: 404,
  PURCHASE_UNKNOWN: 404,
  CUSTOMER_UNKNOWN: 404,
  SITE_UNKNOWN: 404,
  MODEL_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  EMAIL_TAKEN: 409,
  SLUG_TAKEN: 409,
  CODE_TAKEN: 409,
  HOST_TAKEN: 409,
  PURCHASE_CONFLICT: 409,
  REFUND_CONFLICT: 409,
  CUSTOMER_CONFLICT: 409,
  REVIEW_CLOSED: 409,
  PURCHASE_UNATTRIBUTED: 409,
  COMMISSION_RELEASED: 409,
  COMMISSION_CLOSED: 409,
  COMMISSION_HELD: 409,
  COMMISSION_NOT_HELD: 409,
  CIRCULAR_REFERRAL: 409,
  REFERRER_NOT_ACTIVE: 409,
  DISPUTE_OPEN: 409,
  DISPUTE_DECIDED: 409,
  DISPUTE_NOT_TAKEN: 409,
  REQUEST_IN_PROGRESS: 409,
  PLAN_OVERLAP: 409,
  PAYOUT_NOT_CANCELLABLE: 409,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  LINK_LIMIT_REACHED: 422,
  WEBHOOK_LIMIT_REACHED: 422,
  DOWNLINE_TOO_LARGE: 422,
  DISPUTE_LIMIT_REACHED: 422,
  REFUND_EXCEEDS_PURCHASE: 422,
  CURRENCY_MISMATCH: 422,
  INSUFFICIENT_BALANCE: 422,
  AMOUNT_TOO_FINE: 422,
  OCCURRED_AT_IN_FUTURE: 422,
  PLAN_EFFECTIVE_IN_PAST: 422,
  PAYOUTS_FROZEN: 422,
  PAYOUTS_STOPPED: 422,
  PAYOUT_BELOW_MINIMUM: 422,
  PAYOUT_ABOVE_MAXIMUM: 422,
  RAIL_UNREACHABLE: 422,
  PAYOUT_METHOD_HELD: 422,
  PERIOD_CLOSED: 422,
  SELF_APPROVAL: 403,
  PAYOUT_NOT_APPROVABLE: 409,
  SCREENING_HIT_DECIDES: 409,
  FILE_IMPORTED: 409,
  BREAK_RESOLVED: 409,
  FILE_MALFORMED: 400,
  RATE_LIMITED: 429,
  CANCELLED: 499,
  INTERNAL: 500,
  UPSTREAM_FAILED: 502,
  UNAVAILABLE: 503,
  OVERLOADED: 503,
  READ_ONLY: 503,
  DEADLINE_EXCEEDED: 504,
};

const reasons = Object.keys(REASONS).filter(isReason);

describe('the closed list of reasons', () => {
  it('answers each reason with the published HTTP status', () => {
    expect(Object.fromEntries(reasons.map((reason) => [reason, reasonEntry(reason).http]))).toEqual(PUBLISHED);
  });

  it('tells the caller of every 429 and 503, and of nothing else, when to come back', () => {
    const tells = reasons.filter((reason) => reasonEntry(reason).retryAfterSeconds !== undefined);
    expect(tells).toEqual(reasons.filter((reason) => [429, 503].includes(reasonEntry(reason).http)));
  });

  it('never calls a refusal of the input transient', () => {
    const transient = reasons.filter((reason) => reasonEntry(reason).transient);
    expect(transient.toSorted()).toEqual([
      'CANCELLED',
      'DEADLINE_EXCEEDED',
      'OVERLOADED',
      'RATE_LIMITED',
      'READ_ONLY',
      'REQUEST_IN_PROGRESS',
      'UNAVAILABLE',
    ]);
  });

  it('lets only UNAVAILABLE be retried blindly by gRPC clients', () => {
    expect(reasons.filter((reason) => reasonEntry(reason).grpc === 14)).toEqual(['UNAVAILABLE']);
  });

  it.each(['', 'nonsense', 'not_found', 'toString', '__proto__', 'constructor'])('does not hold %j', (text) => {
    expect(isReason(text)).toBe(false);
  });
});
