import type { Alert, RuleGroup } from './rule.js';

const LOGINS = 'dailydoco_login_attempts_total';
const REFUSED_LOGINS = `sum by (namespace) (rate(${LOGINS}{outcome=~"refused|limited"}[10m]))`;
const CHECKS = 'dailydoco_auth_token_checks_total';
const FETCHES = 'dailydoco_auth_jwks_fetches_total';
const LOOKUPS = 'dailydoco_auth_api_key_lookups_total';
const CERTIFICATE = 'min by (namespace, job) (dailydoco_grpc_certificate_remaining_seconds)';

const ENDS: Omit<Alert, 'severity' | 'expr'> = {
  alert: 'CertificateEnds',
  summary: 'A certificate ends soon and was not replaced.',
  description:
    'A replica of {{ $labels.job }} in {{ $labels.namespace }} uses a certificate that ends in {{ $value | humanizeDuration }}.',
};

/** Who may enter, and who tries to. */
export const ACCESS_RULES: RuleGroup = {
  name: 'access',
  rules: [
    {
      alert: 'LoginRefusalsSurge',
      severity: 'warning',
      expr: `${REFUSED_LOGINS} > 1
and ${REFUSED_LOGINS} > 3 * (sum by (namespace) (rate(${LOGINS}{outcome="accepted"}[10m])) or 0 * ${REFUSED_LOGINS})`,
      for: '5m',
      summary: 'Somebody guesses passwords.',
      description: '{{ $value | humanize }} sign-ins a second are refused in {{ $labels.namespace }}.',
    },
    {
      alert: 'TokensRefused',
      severity: 'warning',
      expr: `sum by (namespace, job) (rate(${CHECKS}{outcome="refused"}[5m]))
/ sum by (namespace, job) (rate(${CHECKS}[5m]))
> 0.5
and sum by (namespace, job) (rate(${CHECKS}{outcome="refused"}[5m])) > 1`,
      for: '10m',
      summary: 'Most tokens are refused.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} refuses {{ $value | humanizePercentage }} of the tokens that it is shown.',
    },
    {
      alert: 'JwksFetchFails',
      severity: 'warning',
      expr: `sum by (namespace, job) (increase(${FETCHES}{outcome="failed"}[15m])) > 0
unless on (namespace, job)
sum by (namespace, job) (increase(${FETCHES}{outcome="ok"}[15m])) > 0`,
      for: '10m',
      summary: 'A service cannot fetch the signing keys.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} tried {{ $value | humanize }} times within 15 minutes and got no signing keys.',
    },
    {
      alert: 'RevocationsStale',
      severity: 'critical',
      expr: 'max by (namespace, job, instance) (dailydoco_auth_revocation_staleness_seconds) > 60',
      for: '2m',
      summary: 'Somebody who was shut out may still get in.',
      description:
        '{{ $labels.instance }} of {{ $labels.job }} in {{ $labels.namespace }} last learnt {{ $value | humanizeDuration }} ago who was shut out.',
    },
    {
      alert: 'ApiKeyLookupsFail',
      severity: 'warning',
      expr: `sum by (namespace, job) (rate(${LOOKUPS}{outcome=~"failed|stale"}[5m])) > 0.1`,
      for: '5m',
      summary: 'API keys cannot be checked.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} cannot ask identity about {{ $value | humanize }} API keys a second.',
    },
    { ...ENDS, severity: 'critical', expr: `${CERTIFICATE} < 86400` },
    { ...ENDS, severity: 'warning', expr: `${CERTIFICATE} < 7 * 86400`, for: '1h' },
  ],
};
