import { fires, of, quiet, type AlertCase } from './alert-case.js';

const LOGINS = 'dailydoco_login_attempts_total';
const CHECKS = 'dailydoco_auth_token_checks_total';
const FETCHES = 'dailydoco_auth_jwks_fetches_total';
const STALENESS = 'dailydoco_auth_revocation_staleness_seconds';
const LOOKUPS = 'dailydoco_auth_api_key_lookups_total';
const CERTIFICATE = 'dailydoco_grpc_certificate_remaining_seconds';
const PAYOUTS = { namespace: 'dd', job: 'payouts' };

function logins(refused: number, accepted: number): Record<string, string> {
  return {
    [of(LOGINS, 'identity', { outcome: 'refused' })]: `0+${refused}x40`,
    [of(LOGINS, 'identity', { outcome: 'accepted' })]: `0+${accepted}x40`,
  };
}

function checks(refused: number, accepted: number): Record<string, string> {
  return {
    [of(CHECKS, 'payouts', { kind: 'other', outcome: 'refused' })]: `0+${refused}x40`,
    [of(CHECKS, 'payouts', { kind: 'person', outcome: 'accepted' })]: `0+${accepted}x40`,
  };
}

const ends = (severity: 'critical' | 'warning', inHow: string) => ({
  severity,
  labels: PAYOUTS,
  description: `A replica of payouts in dd uses a certificate that ends in ${inHow}.`,
});

export const ACCESS_CASES: readonly AlertCase[] = [
  fires('LoginRefusalsSurge', 'when most sign-ins fail', {
    series: logins(180, 6),
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd' },
      description: '3 sign-ins a second are refused in dd.',
    },
  }),
  quiet('LoginRefusalsSurge', 'when many sign in and some mistype', { series: logins(180, 120), atMinute: 20 }),
  fires('TokensRefused', 'when two of three tokens do not hold', {
    series: checks(120, 60),
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: 'payouts in dd refuses 66.67% of the tokens that it is shown.',
    },
  }),
  quiet('TokensRefused', 'when one in ten does not', { series: checks(30, 300), atMinute: 20 }),
  fires('JwksFetchFails', 'when no fetch succeeds', {
    series: { [of(FETCHES, 'payouts', { outcome: 'failed' })]: '0+1x60' },
    atMinute: 30,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: 'payouts in dd tried 15 times within 15 minutes and got no signing keys.',
    },
  }),
  quiet('JwksFetchFails', 'when some succeed', {
    series: {
      [of(FETCHES, 'payouts', { outcome: 'failed' })]: '0+1x60',
      [of(FETCHES, 'payouts', { outcome: 'ok' })]: '0x5 1x5 2x5 3x5 4x5 5x5 6x5',
    },
    atMinute: 30,
  }),
  fires('RevocationsStale', 'when a replica learns nothing new', {
    series: { [of(STALENESS, 'payouts')]: '90x10' },
    atMinute: 4,
    firing: {
      severity: 'critical',
      labels: { ...PAYOUTS, instance: 'a' },
      description: 'a of payouts in dd last learnt 1m 30s ago who was shut out.',
    },
  }),
  quiet('RevocationsStale', 'while it is a second old', {
    series: { [of(STALENESS, 'payouts')]: '1x10' },
    atMinute: 4,
  }),
  fires('ApiKeyLookupsFail', 'when identity does not answer', {
    series: { [of(LOOKUPS, 'viral-engine', { outcome: 'stale' })]: '0+60x20' },
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', job: 'viral-engine' },
      description: 'viral-engine in dd cannot ask identity about 1 API keys a second.',
    },
  }),
  quiet('ApiKeyLookupsFail', 'when it does', {
    series: { [of(LOOKUPS, 'viral-engine', { outcome: 'resolved' })]: '0+60x20' },
    atMinute: 12,
  }),
  fires('CertificateEnds', 'as a warning five days ahead', {
    series: { [of(CERTIFICATE, 'payouts')]: '432000x90' },
    atMinute: 70,
    firing: ends('warning', '5d 0h 0m 0s'),
  }),
  fires('CertificateEnds', 'critically on the last day', {
    series: { [of(CERTIFICATE, 'payouts')]: '43200x90' },
    atMinute: 70,
    firing: [ends('critical', '12h 0m 0s'), ends('warning', '12h 0m 0s')],
  }),
  quiet('CertificateEnds', 'a month ahead', { series: { [of(CERTIFICATE, 'payouts')]: '2592000x90' }, atMinute: 70 }),
];
