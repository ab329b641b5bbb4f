/** The services that the gateway stands before. */
export const SERVICES = ['identity', 'viral-engine', 'payouts', 'analytics', 'website-builder', 'ai-gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface Route {
  readonly service: ServiceName;
  /** As the OpenAPI document writes it: `/v1/purchases/{id}`. Matches this path and nothing below it. */
  readonly path: string;
  /** Also everything below `path`, which then ends in a slash. */
  readonly below?: true;
  /** Where fewer requests a minute and address are let through than usual, whoever asks. */
  readonly perMinute?: number;
  /** Bodies here may be as large as services read JSON, or as the files of banks; elsewhere they are small. */
  readonly body?: 'large' | 'file';
  /** An answer may take minutes. */
  readonly slow?: true;
  /** For administrators: reached from their networks alone, and not by crawlers. */
  readonly admin?: true;
}

/** Requests a minute and address over all routes that say nothing else, without a valid token of a person and with one. */
export const REQUESTS_PER_MINUTE = { anybody: 6_000, person: 12_000 } as const;

/** Guessing and flooding begin where no one has to show anything yet. */
const REGISTRATIONS_PER_MINUTE = 60;
const SIGN_INS_PER_MINUTE = 120;
const MAILS_PER_MINUTE = 30;
const MAILED_TOKENS_PER_MINUTE = 60;

/**
 * Every path of the public API and the service that answers there: the one source of the gateway's configuration and of what
 * the OpenAPI document may name. Methods are the service's own matter.
 */
export const ROUTES: readonly Route[] = [
  { service: 'identity', path: '/v1/auth/register', perMinute: REGISTRATIONS_PER_MINUTE },
  { service: 'identity', path: '/v1/auth/login', perMinute: SIGN_INS_PER_MINUTE },
  { service: 'identity', path: '/v1/auth/refresh' },
  { service: 'identity', path: '/v1/auth/logout' },
  { service: 'identity', path: '/v1/auth/password-reset', perMinute: MAILS_PER_MINUTE },
  { service: 'identity', path: '/v1/auth/password-reset/confirm', perMinute: MAILED_TOKENS_PER_MINUTE },
  { service: 'identity', path: '/v1/auth/verify-email', perMinute: MAILED_TOKENS_PER_MINUTE },
  { service: 'identity', path: '/v1/users/me' },
  { service: 'identity', path: '/v1/users/me/sessions' },
  { service: 'identity', path: '/v1/users/me/sessions/{id}' },
  { service: 'identity', path: '/v1/users/{id}/roles', admin: true },
  { service: 'identity', path: '/v1/users/{id}/suspend', admin: true },
  { service: 'identity', path: '/v1/users/{id}/reactivate', admin: true },
  { service: 'identity', path: '/v1/tenants', admin: true },
  { service: 'identity', path: '/v1/api-keys', admin: true },
  { service: 'identity', path: '/v1/api-keys/{id}', admin: true },
  { service: 'identity', path: '/.well-known/jwks.json' },
  { service: 'identity', path: '/openapi.json' },
  { service: 'identity', path: '/docs' },
  { service: 'identity', path: '/docs/', below: true },
  { service: 'identity', path: '/healthz' },

  { service: 'viral-engine', path: '/r/{code}' },
  { service: 'viral-engine', path: '/v1/referrals/me' },
  { service: 'viral-engine', path: '/v1/network/{userId}' },
  { service: 'viral-engine', path: '/v1/network/{userId}/children' },
  { service: 'viral-engine', path: '/v1/network/{userId}/move', admin: true },
  { service: 'viral-engine', path: '/v1/network-moves', admin: true },
  { service: 'viral-engine', path: '/v1/links' },
  { service: 'viral-engine', path: '/v1/links/{id}' },
  { service: 'viral-engine', path: '/v1/links/{id}/archive' },
  { service: 'viral-engine', path: '/v1/links/{id}/codes' },
  { service: 'viral-engine', path: '/v1/links/{id}/conversions' },
  { service: 'viral-engine', path: '/v1/links/{id}/owner', admin: true },
  { service: 'viral-engine', path: '/v1/landing-origins', admin: true },
  { service: 'viral-engine', path: '/v1/coupons', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/coupons/{id}', admin: true },
  { service: 'viral-engine', path: '/v1/coupons/{id}/archive', admin: true },
  { service: 'viral-engine', path: '/v1/attribution', admin: true },
  { service: 'viral-engine', path: '/v1/referral-sources/{userId}', admin: true },
  { service: 'viral-engine', path: '/v1/purchases', body: 'large' },
  { service: 'viral-engine', path: '/v1/purchases/{id}' },
  { service: 'viral-engine', path: '/v1/purchases/{id}/refunds', body: 'large' },
  { service: 'viral-engine', path: '/v1/customers' },
  { service: 'viral-engine', path: '/v1/customers/unmapped' },
  { service: 'viral-engine', path: '/v1/webhooks/stripe/{endpointId}', body: 'large' },
  { service: 'viral-engine', path: '/v1/webhook-endpoints', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/webhook-endpoints/{id}/secret', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/webhook-endpoints/{id}/events' },
  { service: 'viral-engine', path: '/v1/commission-webhooks' },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}' },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}/rotate-secret', admin: true },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}/deliveries' },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}/deliveries/{messageId}' },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}/deliveries/{messageId}/replay', admin: true },
  { service: 'viral-engine', path: '/v1/commission-webhooks/{id}/replay', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/commissions' },
  { service: 'viral-engine', path: '/v1/commissions/{id}' },
  { service: 'viral-engine', path: '/v1/commissions/{id}/proof' },
  { service: 'viral-engine', path: '/v1/commissions/{id}/hold' },
  { service: 'viral-engine', path: '/v1/commissions/{id}/lift' },
  { service: 'viral-engine', path: '/v1/commissions/{id}/release' },
  { service: 'viral-engine', path: '/v1/commissions/{id}/forfeit' },
  { service: 'viral-engine', path: '/v1/fraud/reviews' },
  { service: 'viral-engine', path: '/v1/fraud/reviews/{id}' },
  { service: 'viral-engine', path: '/v1/fraud/reviews/{id}/decide' },
  { service: 'viral-engine', path: '/v1/fraud/rules' },
  { service: 'viral-engine', path: '/v1/disputes', body: 'large' },
  { service: 'viral-engine', path: '/v1/disputes/{id}' },
  { service: 'viral-engine', path: '/v1/disputes/{id}/take' },
  { service: 'viral-engine', path: '/v1/disputes/{id}/notes', body: 'large' },
  { service: 'viral-engine', path: '/v1/disputes/{id}/decide' },
  { service: 'viral-engine', path: '/v1/disputes/{id}/withdraw' },
  { service: 'viral-engine', path: '/v1/plans', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/plans/default', admin: true, body: 'large' },
  { service: 'viral-engine', path: '/v1/plans/{id}/archive', admin: true },
  { service: 'viral-engine', path: '/v1/plans:simulate', admin: true, body: 'large', slow: true },
  { service: 'viral-engine', path: '/v1/transparency/{logId}/checkpoint' },
  { service: 'viral-engine', path: '/v1/transparency/{logId}/consistency' },
  { service: 'viral-engine', path: '/v1/transparency/{logId}/keys' },
  { service: 'viral-engine', path: '/v1/transparency/{logId}/tile/', below: true },
  { service: 'viral-engine', path: '/v1/transparency/logs/me' },
  { service: 'viral-engine', path: '/v1/transparency/statement' },
  { service: 'viral-engine', path: '/v1/transparency/keys', admin: true },

  { service: 'payouts', path: '/v1/balances/me' },
  { service: 'payouts', path: '/v1/ledger/trial-balance' },
  { service: 'payouts', path: '/v1/ledger/accounts' },
  { service: 'payouts', path: '/v1/ledger/accounts/{id}/statement' },
  { service: 'payouts', path: '/v1/payout-methods', body: 'large' },
  { service: 'payouts', path: '/v1/payout-webhooks' },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}' },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}/rotate-secret', admin: true },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}/deliveries' },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}/deliveries/{messageId}' },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}/deliveries/{messageId}/replay', admin: true },
  { service: 'payouts', path: '/v1/payout-webhooks/{id}/replay', admin: true, body: 'large' },
  { service: 'payouts', path: '/v1/payout-rails' },
  { service: 'payouts', path: '/v1/ledger/adjustments', body: 'large' },
  { service: 'payouts', path: '/v1/ledger/adjustments/{id}' },
  { service: 'payouts', path: '/v1/ledger/adjustments/{id}/approve' },
  { service: 'payouts', path: '/v1/ledger/adjustments/{id}/reject' },
  { service: 'payouts', path: '/v1/ledger/export' },
  { service: 'payouts', path: '/v1/ledger/journals' },
  { service: 'payouts', path: '/v1/ledger/journals/{id}' },
  { service: 'payouts', path: '/v1/ledger/periods' },
  { service: 'payouts', path: '/v1/ledger/periods/{period}/close' },
  { service: 'payouts', path: '/v1/payout-methods/{id}' },
  { service: 'payouts', path: '/v1/payout-policy', body: 'large' },
  { service: 'payouts', path: '/v1/payout-policy/stop' },
  { service: 'payouts', path: '/v1/payout-schedule', body: 'large' },
  { service: 'payouts', path: '/v1/people/{id}/payout-freeze' },
  { service: 'payouts', path: '/v1/payout-standing' },
  { service: 'payouts', path: '/v1/people/{id}/payout-standing' },
  { service: 'payouts', path: '/v1/people/{id}/payout-methods' },
  { service: 'payouts', path: '/v1/people/{id}/balances' },
  { service: 'payouts', path: '/v1/people/{id}/payout-unfreeze' },
  { service: 'payouts', path: '/v1/payouts', body: 'large' },
  { service: 'payouts', path: '/v1/payouts/{id}' },
  { service: 'payouts', path: '/v1/payouts/{id}/cancel' },
  { service: 'payouts', path: '/v1/risk/rules' },
  { service: 'payouts', path: '/v1/screening/lists', body: 'large' },
  { service: 'payouts', path: '/v1/screening/lists/{list}/withdraw' },
  { service: 'payouts', path: '/v1/screening/hits' },
  { service: 'payouts', path: '/v1/screening/hits/{id}/decide' },
  { service: 'payouts', path: '/v1/tax-record', body: 'large' },
  { service: 'payouts', path: '/v1/tax-records/{personId}' },
  { service: 'payouts', path: '/v1/tax-policy' },
  { service: 'payouts', path: '/v1/tax-reports/{year}', slow: true },
  { service: 'payouts', path: '/v1/payouts/{id}/approve' },
  { service: 'payouts', path: '/v1/payouts/{id}/reject' },
  { service: 'payouts', path: '/v1/payouts/{id}/findings/{position}/close' },
  { service: 'payouts', path: '/v1/payout-batches' },
  { service: 'payouts', path: '/v1/payout-batches/{id}' },
  { service: 'payouts', path: '/v1/payout-batches/{id}/file' },
  { service: 'payouts', path: '/v1/payout-batches/{id}/sent' },
  { service: 'payouts', path: '/v1/reconciliation/breaks' },
  { service: 'payouts', path: '/v1/reconciliation/breaks/{id}' },
  { service: 'payouts', path: '/v1/reconciliation/breaks/{id}/take' },
  { service: 'payouts', path: '/v1/reconciliation/breaks/{id}/notes' },
  { service: 'payouts', path: '/v1/reconciliation/breaks/{id}/resolve' },
  { service: 'payouts', path: '/v1/reconciliation/runs' },
  { service: 'payouts', path: '/v1/reconciliation/reports' },
  { service: 'payouts', path: '/v1/reconciliation/reports/{day}' },
  { service: 'payouts', path: '/v1/bank-files', body: 'file' },
  { service: 'payouts', path: '/v1/bank-files/{id}' },
  { service: 'payouts', path: '/v1/rails/stripe/events', body: 'large' },

  { service: 'analytics', path: '/v1/events', body: 'large' },
  { service: 'analytics', path: '/v1/metrics/viral' },

  { service: 'website-builder', path: '/v1/templates' },
  { service: 'website-builder', path: '/v1/sites', body: 'large' },
  { service: 'website-builder', path: '/v1/sites/{id}' },
  { service: 'website-builder', path: '/v1/sites/{id}/publish' },
  { service: 'website-builder', path: '/v1/sites/{id}/write-keys' },
  { service: 'website-builder', path: '/sites/', below: true },

  { service: 'ai-gateway', path: '/ai/v1/models' },
  { service: 'ai-gateway', path: '/ai/v1/chat/completions', body: 'large', slow: true },
];

/**
 * The path as Kong writes it: a prefix, or `~` and a regular expression that is tied to the begin by Kong and, unless
 * something may follow, to the end by `$`.
 */
export function kongPath({ path, below }: Pick<Route, 'path' | 'below'>): string {
  if (below === true && !path.includes('{')) return path;
  const pattern = path
    .split('/')
    .map((part) => (/^\{[^}]+\}$/.test(part) ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/');
  return below === true ? `~${pattern}` : `~${pattern}$`;
}

/** A name that is unique and tells the path: `identity-v1-users-id-roles`. */
export function routeName({ service, path, below }: Route): string {
  const words = path.split(/[^A-Za-z0-9-]+/).filter((word) => word !== '');
  return [service, ...words, ...(below === true ? ['below'] : [])].join('-');
}
