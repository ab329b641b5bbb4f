import type { Scope } from './world.js';

export type Role = 'installation owner' | 'admin' | 'finance' | 'support';

/** Who may call an endpoint. A kind of caller that is not named stays outside. */
export interface Admitted {
  readonly anyone?: true;
  /** Any person, or those of a role and above. */
  readonly person?: 'any' | Role;
  readonly key?: Scope;
}

export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly admits: Admitted;
  /** Pages for people: routed, but no part of the document. */
  readonly undocumented?: true;
}

const anyone: Admitted = { anyone: true };
const anyPerson: Admitted = { person: 'any' };
const admin: Admitted = { person: 'admin' };
const reader: Admitted = { person: 'finance', key: 'purchases:read' };
const writer: Admitted = { key: 'purchases:write' };

function rows(admits: Admitted, ...calls: readonly string[]): Endpoint[] {
  return calls.map((text) => {
    const [method, path] = text.split(' ') as [Endpoint['method'], string];
    return { method, path, admits };
  });
}

/** The public API, endpoint by endpoint. */
export const ENDPOINTS: readonly Endpoint[] = [
  ...rows(
    anyone,
    'POST /v1/auth/register',
    'POST /v1/auth/login',
    'POST /v1/auth/refresh',
    'POST /v1/auth/logout',
    'POST /v1/auth/password-reset',
    'POST /v1/auth/password-reset/confirm',
    'POST /v1/auth/verify-email',
    'GET /.well-known/jwks.json',
    'GET /openapi.json',
    'GET /healthz',
    'POST /v1/webhooks/stripe/{endpointId}',
    'POST /v1/rails/stripe/events',
  ),
  ...rows(anyPerson, 'GET /v1/users/me', 'GET /v1/users/me/sessions', 'DELETE /v1/users/me/sessions'),
  ...rows(
    admin,
    'PUT /v1/users/{id}/roles',
    'POST /v1/users/{id}/suspend',
    'POST /v1/users/{id}/reactivate',
    'POST /v1/api-keys',
    'GET /v1/api-keys',
    'DELETE /v1/api-keys/{id}',
    'GET /v1/plans',
    'POST /v1/plans',
    'PUT /v1/plans/default',
    'POST /v1/plans/{id}/archive',
    'POST /v1/webhook-endpoints',
    'PUT /v1/webhook-endpoints/{id}/secret',
    'POST /v1/plans:simulate',
    'POST /v1/network/{userId}/move',
    'GET /v1/network-moves',
    'PUT /v1/links/{id}/owner',
    'GET /v1/landing-origins',
    'PUT /v1/landing-origins',
    'POST /v1/coupons',
    'GET /v1/coupons',
    'GET /v1/coupons/{id}',
    'POST /v1/coupons/{id}/archive',
    'GET /v1/attribution',
    'PUT /v1/attribution',
    'GET /v1/referral-sources/{userId}',
    'PUT /v1/fraud/rules',
    'PUT /v1/risk/rules',
    'POST /v1/transparency/keys',
    'GET /v1/metrics/viral',
    'POST /v1/commission-webhooks',
    'PUT /v1/commission-webhooks/{id}',
    'DELETE /v1/commission-webhooks/{id}',
    'POST /v1/commission-webhooks/{id}/rotate-secret',
    'POST /v1/commission-webhooks/{id}/deliveries/{messageId}/replay',
    'POST /v1/commission-webhooks/{id}/replay',
    'POST /v1/payout-webhooks',
    'PUT /v1/payout-webhooks/{id}',
    'DELETE /v1/payout-webhooks/{id}',
    'POST /v1/payout-webhooks/{id}/rotate-secret',
    'POST /v1/payout-webhooks/{id}/deliveries/{messageId}/replay',
    'POST /v1/payout-webhooks/{id}/replay',
  ),
  ...rows({ person: 'installation owner' }, 'POST /v1/tenants'),
  ...rows(
    anyPerson,
    'GET /v1/referrals/me',
    'GET /v1/commissions',
    'GET /v1/commissions/{id}',
    'GET /v1/commissions/{id}/proof',
    'GET /v1/transparency/logs/me',
    'GET /v1/transparency/statement',
  ),
  ...rows(
    anyone,
    'GET /v1/transparency/{logId}/checkpoint',
    'GET /v1/transparency/{logId}/consistency',
    'GET /v1/transparency/{logId}/keys',
    'GET /v1/transparency/{logId}/tile/{path}',
  ),
  ...rows(
    anyPerson,
    'GET /v1/network/{userId}',
    'GET /v1/network/{userId}/children',
    'POST /v1/links',
    'GET /v1/links',
    'GET /v1/links/{id}',
    'POST /v1/links/{id}/archive',
    'POST /v1/links/{id}/codes',
    'GET /v1/links/{id}/conversions',
    'POST /v1/disputes',
    'GET /v1/disputes',
    'GET /v1/disputes/{id}',
    'POST /v1/disputes/{id}/notes',
    'POST /v1/disputes/{id}/withdraw',
  ),
  ...rows(writer, 'POST /v1/purchases', 'POST /v1/purchases/{id}/refunds', 'POST /v1/customers'),
  // Finance reads refunds as it reads purchases; here it matters who must not.
  ...rows({ person: 'finance', key: 'purchases:write' }, 'GET /v1/purchases/{id}/refunds'),
  ...rows(reader, 'GET /v1/purchases', 'GET /v1/purchases/{id}', 'GET /v1/customers', 'GET /v1/customers/unmapped'),
  // Finance as well, which is no more than support and no less.
  ...rows(
    { person: 'support' },
    'GET /v1/fraud/reviews',
    'GET /v1/fraud/reviews/{id}',
    'POST /v1/fraud/reviews/{id}/decide',
    'GET /v1/fraud/rules',
    'GET /v1/risk/rules',
    'GET /v1/screening/lists',
    'GET /v1/screening/hits',
    'GET /v1/tax-records/{personId}',
    'GET /v1/tax-policy',
    'POST /v1/disputes/{id}/take',
    'GET /v1/payout-policy',
    'GET /v1/people/{id}/payout-freeze',
    'GET /v1/people/{id}/payout-standing',
    'GET /v1/people/{id}/payout-methods',
    'GET /v1/people/{id}/balances',
    'GET /v1/ledger/accounts',
    'GET /v1/ledger/adjustments',
    'GET /v1/ledger/adjustments/{id}',
    'GET /v1/ledger/journals',
    'GET /v1/ledger/journals/{id}',
    'GET /v1/ledger/periods',
    'GET /v1/commission-webhooks',
    'GET /v1/commission-webhooks/{id}',
    'GET /v1/commission-webhooks/{id}/deliveries',
    'GET /v1/commission-webhooks/{id}/deliveries/{messageId}',
    'GET /v1/payout-webhooks',
    'GET /v1/payout-webhooks/{id}',
    'GET /v1/payout-webhooks/{id}/deliveries',
    'GET /v1/payout-webhooks/{id}/deliveries/{messageId}',
    'GET /v1/reconciliation/breaks',
    'GET /v1/reconciliation/breaks/{id}',
    'GET /v1/reconciliation/runs',
    'GET /v1/reconciliation/reports',
    'GET /v1/reconciliation/reports/{day}',
    'GET /v1/bank-files',
    'GET /v1/bank-files/{id}',
  ),
  ...rows(
    { person: 'finance' },
    'GET /v1/ledger/trial-balance',
    'GET /v1/ledger/export',
    'POST /v1/ledger/adjustments',
    'POST /v1/ledger/adjustments/{id}/approve',
    'POST /v1/ledger/adjustments/{id}/reject',
    'POST /v1/ledger/periods/{period}/close',
    'POST /v1/screening/lists',
    'POST /v1/screening/lists/{list}/withdraw',
    'POST /v1/screening/hits/{id}/decide',
    'PUT /v1/tax-policy',
    'GET /v1/tax-reports/{year}',
    'GET /v1/webhook-endpoints',
    'GET /v1/webhook-endpoints/{id}/events',
    'POST /v1/commissions/{id}/hold',
    'POST /v1/commissions/{id}/lift',
    'POST /v1/commissions/{id}/release',
    'POST /v1/commissions/{id}/forfeit',
    'POST /v1/disputes/{id}/decide',
    'PUT /v1/payout-policy',
    'PUT /v1/payout-policy/stop',
    'POST /v1/people/{id}/payout-freeze',
    'POST /v1/people/{id}/payout-unfreeze',
    'POST /v1/payouts/{id}/approve',
    'POST /v1/payouts/{id}/reject',
    'POST /v1/payouts/{id}/findings/{position}/close',
    'GET /v1/payout-batches',
    'GET /v1/payout-batches/{id}',
    'GET /v1/payout-batches/{id}/file',
    'POST /v1/payout-batches/{id}/sent',
    'POST /v1/reconciliation/breaks/{id}/take',
    'POST /v1/reconciliation/breaks/{id}/notes',
    'POST /v1/reconciliation/breaks/{id}/resolve',
    'POST /v1/reconciliation/runs',
    'POST /v1/reconciliation/reports',
    'POST /v1/bank-files',
  ),
  ...rows(
    anyPerson,
    'GET /v1/balances/me',
    'GET /v1/tax-record',
    'PUT /v1/tax-record',
    'GET /v1/ledger/accounts/{id}/statement',
    'POST /v1/payout-methods',
    'GET /v1/payout-methods',
    'GET /v1/payout-rails',
    'GET /v1/payout-standing',
    'DELETE /v1/payout-methods/{id}',
    'PUT /v1/payout-schedule',
    'GET /v1/payout-schedule',
    'POST /v1/payouts',
    'GET /v1/payouts',
    'GET /v1/payouts/{id}',
    'POST /v1/payouts/{id}/cancel',
    'GET /v1/templates',
    'POST /v1/sites',
    'POST /v1/sites/{id}/publish',
    'POST /v1/sites/{id}/write-keys',
  ),
  ...rows({ person: 'any', key: 'events:write' }, 'POST /v1/events'),
  ...rows({ person: 'any', key: 'ai:invoke' }, 'GET /ai/v1/models', 'POST /ai/v1/chat/completions'),
  ...rows(anyone, 'GET /r/{code}', 'GET /sites/{slug}/', 'GET /docs').map(
    (endpoint): Endpoint => ({ ...endpoint, undocumented: true }),
  ),
];
