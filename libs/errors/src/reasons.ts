/** The status numbers of gRPC (`google.rpc.Code`), named as in its specification. */
export const GRPC_STATUS = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** One of gRPC's error statuses; 0 (OK) is not among them. */
export type GrpcStatus = (typeof GRPC_STATUS)[keyof typeof GRPC_STATUS];

/** What one reason means on each wire. */
export interface ReasonEntry {
  /** Status of the HTTP answer. */
  readonly http: number;
  /** Status of the gRPC answer. */
  readonly grpc: GrpcStatus;
  /** One sentence for people; the same for every occurrence, so it never holds data. */
  readonly title: string;
  /**
   * The same request may succeed later without anybody changing anything. Loops retry these for ever and park
   * everything else, so a reason that blames the input must never carry it.
   */
  readonly transient?: true;
  /** Default of `DomainError.retryAfterSeconds`: every 429 and 503 tells its caller when to come back. */
  readonly retryAfterSeconds?: number;
}

const { INVALID_ARGUMENT, UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND, ALREADY_EXISTS, ABORTED } = GRPC_STATUS;
const { FAILED_PRECONDITION, RESOURCE_EXHAUSTED, OUT_OF_RANGE, UNIMPLEMENTED } = GRPC_STATUS;
const { CANCELLED, INTERNAL, UNAVAILABLE, DEADLINE_EXCEEDED } = GRPC_STATUS;

/**
 * The closed list of reasons, and the only place that knows their wire statuses. A reason is stable for ever: clients
 * compare it. OVERLOADED is RESOURCE_EXHAUSTED and not UNAVAILABLE on gRPC, because clients are configured to retry
 * UNAVAILABLE at once, which is the last thing an overloaded server needs.
 */
export const REASONS = {
  VALIDATION_FAILED: { http: 400, grpc: INVALID_ARGUMENT, title: 'The request is not valid.' },
  MALFORMED_REQUEST: { http: 400, grpc: INVALID_ARGUMENT, title: 'The request could not be read.' },
  FILE_MALFORMED: { http: 400, grpc: INVALID_ARGUMENT, title: 'The file could not be read.' },
  SIGNATURE_INVALID: { http: 400, grpc: INVALID_ARGUMENT, title: 'The signature does not hold.' },
  IDEMPOTENCY_KEY_REQUIRED: { http: 400, grpc: INVALID_ARGUMENT, title: 'This call needs an Idempotency-Key.' },

  UNAUTHENTICATED: { http: 401, grpc: UNAUTHENTICATED, title: 'This call needs valid credentials.' },
  CREDENTIALS_INVALID: { http: 401, grpc: UNAUTHENTICATED, title: 'E-mail or password is wrong.' },
  TOKEN_EXPIRED: { http: 401, grpc: UNAUTHENTICATED, title: 'The access token has expired.' },
  REFRESH_TOKEN_INVALID: { http: 401, grpc: UNAUTHENTICATED, title: 'The refresh token is not valid.' },

  FORBIDDEN: { http: 403, grpc: PERMISSION_DENIED, title: 'The caller may not do this.' },
  SCOPE_MISSING: { http: 403, grpc: PERMISSION_DENIED, title: 'The API key lacks a scope that this call needs.' },
  SELF_APPROVAL: { http: 403, grpc: PERMISSION_DENIED, title: 'Nobody approves what they asked for themselves.' },
  ACCOUNT_SUSPENDED: { http: 403, grpc: PERMISSION_DENIED, title: 'The account is suspended.' },

  NOT_FOUND: { http: 404, grpc: NOT_FOUND, title: 'There is nothing here.' },
  BUYER_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'Nobody knows this buyer.' },
  WEBSITE_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'Nobody knows this website.' },
  USER_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'There is no such user.' },
  PURCHASE_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'There is no such purchase.' },
  CUSTOMER_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'There is no such customer.' },
  SITE_UNKNOWN: { http: 404, grpc: NOT_FOUND, title: 'There is no such site.' },
  MODEL_NOT_FOUND: { http: 404, grpc: NOT_FOUND, title: 'There is no such model.' },
  METHOD_NOT_ALLOWED: { http: 405, grpc: UNIMPLEMENTED, title: 'This path does not know this method.' },

  CONFLICT: { http: 409, grpc: FAILED_PRECONDITION, title: 'The request conflicts with the present state.' },
  EMAIL_TAKEN: { http: 409, grpc: ALREADY_EXISTS, title: 'The e-mail address is taken.' },
  SLUG_TAKEN: { http: 409, grpc: ALREADY_EXISTS, title: 'The slug is taken.' },
  CODE_TAKEN: { http: 409, grpc: ALREADY_EXISTS, title: 'The code is taken.' },
  HOST_TAKEN: { http: 409, grpc: ALREADY_EXISTS, title: 'The host name is taken.' },
  PURCHASE_CONFLICT: {
    http: 409,
    grpc: ALREADY_EXISTS,
    title: 'Another purchase was recorded under this externalId.',
  },
  REFUND_CONFLICT: { http: 409, grpc: ALREADY_EXISTS, title: 'Another refund was recorded under this externalId.' },
  CUSTOMER_CONFLICT: { http: 409, grpc: ALREADY_EXISTS, title: 'The customer is another user already.' },
  REVIEW_CLOSED: { http: 409, grpc: FAILED_PRECONDITION, title: 'The review was decided already.' },
  PURCHASE_UNATTRIBUTED: {
    http: 409,
    grpc: FAILED_PRECONDITION,
    title: 'Nobody has said yet which user the customer of this purchase is.',
  },
  COMMISSION_RELEASED: { http: 409, grpc: FAILED_PRECONDITION, title: 'The commission has been released already.' },
  COMMISSION_CLOSED: { http: 409, grpc: FAILED_PRECONDITION, title: 'Nothing stands of the commission any more.' },
  COMMISSION_HELD: { http: 409, grpc: FAILED_PRECONDITION, title: 'The commission is held.' },
  COMMISSION_NOT_HELD: { http: 409, grpc: FAILED_PRECONDITION, title: 'The commission is not held for this cause.' },
  CIRCULAR_REFERRAL: {
    http: 409,
    grpc: FAILED_PRECONDITION,
    title: 'Nobody can stand below themselves or below somebody of their own downline.',
  },
  REFERRER_NOT_ACTIVE: { http: 409, grpc: FAILED_PRECONDITION, title: 'Only an active member can refer others.' },
  DISPUTE_OPEN: { http: 409, grpc: ALREADY_EXISTS, title: 'The commission is in dispute already.' },
  DISPUTE_DECIDED: { http: 409, grpc: FAILED_PRECONDITION, title: 'The dispute is decided.' },
  DISPUTE_NOT_TAKEN: { http: 409, grpc: FAILED_PRECONDITION, title: 'Nobody has taken the dispute yet.' },
  REQUEST_IN_PROGRESS: {
    http: 409,
    grpc: ABORTED,
    title: 'A request with this Idempotency-Key is still running.',
    transient: true,
  },
  PLAN_OVERLAP: { http: 409, grpc: FAILED_PRECONDITION, title: 'The plan overlaps another in time.' },
  PAYOUT_NOT_APPROVABLE: { http: 409, grpc: FAILED_PRECONDITION, title: 'The payout does not wait for an approval.' },
  SCREENING_HIT_DECIDES: {
    http: 409,
    grpc: FAILED_PRECONDITION,
    title: 'What matches a list is decided at the match.',
  },
  FILE_IMPORTED: { http: 409, grpc: ALREADY_EXISTS, title: 'The file was imported already.' },
  BREAK_RESOLVED: { http: 409, grpc: FAILED_PRECONDITION, title: 'The break is resolved already.' },
  PAYOUT_NOT_CANCELLABLE: { http: 409, grpc: FAILED_PRECONDITION, title: 'The payout can no longer be cancelled.' },

  PAYLOAD_TOO_LARGE: { http: 413, grpc: RESOURCE_EXHAUSTED, title: 'The request is too large.' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, grpc: INVALID_ARGUMENT, title: 'The media type is not supported.' },

  IDEMPOTENCY_KEY_REUSED: {
    http: 422,
    grpc: INVALID_ARGUMENT,
    title: 'The Idempotency-Key was used for another request.',
  },
  LINK_LIMIT_REACHED: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'There are as many links, or codes of this link, as there may be.',
  },
  WEBHOOK_LIMIT_REACHED: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'There are as many webhook subscriptions as there may be.',
  },
  DOWNLINE_TOO_LARGE: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'More people stand below than one move may take along.',
  },
  DISPUTE_LIMIT_REACHED: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'There are as many undecided disputes, or steps of this one, as there may be.',
  },
  REFUND_EXCEEDS_PURCHASE: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'The refund is larger than what is left of the purchase.',
  },
  CURRENCY_MISMATCH: { http: 422, grpc: INVALID_ARGUMENT, title: 'The currencies differ.' },
  INSUFFICIENT_BALANCE: { http: 422, grpc: FAILED_PRECONDITION, title: 'The available balance is too small.' },
  AMOUNT_TOO_FINE: { http: 422, grpc: INVALID_ARGUMENT, title: 'The amount is finer than the currency allows.' },
  OCCURRED_AT_IN_FUTURE: { http: 422, grpc: OUT_OF_RANGE, title: 'occurredAt lies in the future.' },
  PLAN_EFFECTIVE_IN_PAST: { http: 422, grpc: OUT_OF_RANGE, title: 'A plan cannot take effect in the past.' },
  PAYOUTS_FROZEN: { http: 422, grpc: FAILED_PRECONDITION, title: 'Payouts of this account are frozen.' },
  PAYOUTS_STOPPED: { http: 422, grpc: FAILED_PRECONDITION, title: 'All payouts are stopped for now.' },
  PAYOUT_BELOW_MINIMUM: { http: 422, grpc: OUT_OF_RANGE, title: 'The amount is below the least that this rail sends.' },
  PAYOUT_ABOVE_MAXIMUM: { http: 422, grpc: OUT_OF_RANGE, title: 'The amount is above the most that this rail sends.' },
  RAIL_UNREACHABLE: {
    http: 422,
    grpc: FAILED_PRECONDITION,
    title: 'The rail does not reach this country in this currency.',
  },
  PAYOUT_METHOD_HELD: { http: 422, grpc: FAILED_PRECONDITION, title: 'The payout method was changed lately.' },
  PERIOD_CLOSED: { http: 422, grpc: FAILED_PRECONDITION, title: 'The accounting period is closed.' },

  RATE_LIMITED: {
    http: 429,
    grpc: RESOURCE_EXHAUSTED,
    title: 'Too many requests.',
    transient: true,
    retryAfterSeconds: 1,
  },
  CANCELLED: { http: 499, grpc: CANCELLED, title: 'The caller cancelled the request.', transient: true },

  INTERNAL: { http: 500, grpc: INTERNAL, title: 'Something went wrong on our side.' },
  UPSTREAM_FAILED: { http: 502, grpc: INTERNAL, title: 'A service this call depends on answered wrongly.' },
  UNAVAILABLE: {
    http: 503,
    grpc: UNAVAILABLE,
    title: 'The service cannot be reached right now.',
    transient: true,
    retryAfterSeconds: 1,
  },
  OVERLOADED: {
    http: 503,
    grpc: RESOURCE_EXHAUSTED,
    title: 'The service has more work than it can take.',
    transient: true,
    retryAfterSeconds: 1,
  },
  // Not UNAVAILABLE on gRPC: the peer is well and answers reads, so nobody should give it up or ask again at once.
  READ_ONLY: {
    http: 503,
    grpc: FAILED_PRECONDITION,
    title: 'The service was restored and takes no changes until its operators have accepted it.',
    transient: true,
    retryAfterSeconds: 60,
  },
  DEADLINE_EXCEEDED: {
    http: 504,
    grpc: DEADLINE_EXCEEDED,
    title: 'The work was not done in time.',
    transient: true,
  },
} as const satisfies Record<string, ReasonEntry>;

/** A stable name for why something was refused; `code` in a problem, `reason` in an ErrorInfo. */
export type Reason = keyof typeof REASONS;

/** The table's row of a reason, with its optional columns visible to the type checker. */
export function reasonEntry(reason: Reason): ReasonEntry {
  return REASONS[reason];
}

/** Whether a text that came over a wire is one of our reasons. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}
