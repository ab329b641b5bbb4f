import { fires, name, of, quiet, type AlertCase } from './alert-case.js';

const REQUESTS = 'kong_http_requests_total';
const LATENCY = 'kong_kong_latency_ms_bucket';
const HEALTH = 'kong_upstream_target_health';
const USED = 'kong_memory_lua_shared_dict_bytes';
const TOTAL = 'kong_memory_lua_shared_dict_total_bytes';
const ROUTED = { exported_service: 'payouts', route: 'payouts-v1-payouts' };
const UPSTREAM = { upstream: 'payouts.upstream', target: 'dd-payouts-grpc:8080' };
const DICT = { shared_dict: 'prometheus_metrics' };
const KEYS = { cronjob: 'dd-kong-keys' };

function answers(source: string): Record<string, string> {
  return {
    [of(REQUESTS, 'kong', { ...ROUTED, code: '200', source: 'service' })]: '0+97x20',
    [of(REQUESTS, 'kong', { ...ROUTED, code: '502', source })]: '0+3x20',
  };
}

function latencies(within50: number): Record<string, string> {
  return {
    [of(LATENCY, 'kong', { ...ROUTED, le: '50' })]: `0+${within50}x40`,
    [of(LATENCY, 'kong', { ...ROUTED, le: '100' })]: '0+100x40',
    [of(LATENCY, 'kong', { ...ROUTED, le: '+Inf' })]: '0+100x40',
  };
}

function health(address: string, state: string): string {
  return of(HEALTH, 'kong', { ...UPSTREAM, address, state });
}

export const GATEWAY_CASES: readonly AlertCase[] = [
  fires('GatewayErrors', 'when the gateway itself answers 502', {
    series: answers('kong'),
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', exported_service: 'payouts' },
      description: '3% of the requests for payouts in dd end at the gateway with a server error.',
    },
  }),
  quiet('GatewayErrors', 'when the service did', { series: answers('service'), atMinute: 12 }),
  fires('GatewaySlow', 'when one request in twenty is held up', {
    series: latencies(50),
    atMinute: 25,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd' },
      description: 'In dd the gateway adds more than 95 ms to 5 % of the requests.',
    },
  }),
  quiet('GatewaySlow', 'when one in fifty is', { series: latencies(98), atMinute: 25 }),
  fires('GatewayUpstreamDown', 'when no instance is healthy', {
    series: { [health('10.0.0.1:8080', 'healthy')]: '0x5', [health('10.0.0.1:8080', 'unhealthy')]: '1x5' },
    atMinute: 3,
    firing: {
      severity: 'critical',
      labels: { namespace: 'dd', upstream: 'payouts.upstream' },
      description: 'Kong in dd sees no healthy instance of payouts.upstream.',
    },
  }),
  quiet('GatewayUpstreamDown', 'while one of two is', {
    series: { [health('10.0.0.1:8080', 'healthy')]: '0x5', [health('10.0.0.2:8080', 'healthy')]: '1x5' },
    atMinute: 3,
  }),
  fires('GatewayTargetUnhealthy', 'when an instance is left out', {
    series: { [health('10.0.0.1:8080', 'unhealthy')]: '1x10' },
    atMinute: 8,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', upstream: 'payouts.upstream', address: '10.0.0.1:8080', state: 'unhealthy' },
      description: 'Kong in dd sends nothing to 10.0.0.1:8080 of payouts.upstream (unhealthy).',
    },
  }),
  quiet('GatewayTargetUnhealthy', 'while an instance is replaced', {
    series: { [health('10.0.0.1:8080', 'unhealthy')]: '1x3 0x10' },
    atMinute: 8,
  }),
  fires('GatewayRateLimits', 'when ten requests a second are turned away', {
    series: { [of(REQUESTS, 'kong', { ...ROUTED, code: '429', source: 'kong' })]: '0+600x30' },
    atMinute: 15,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', ...ROUTED },
      description: '10 requests a second to payouts-v1-payouts in dd are turned away with 429.',
    },
  }),
  quiet('GatewayRateLimits', 'about one a second', {
    series: { [of(REQUESTS, 'kong', { ...ROUTED, code: '429', source: 'kong' })]: '0+60x30' },
    atMinute: 15,
  }),
  fires('GatewayDictFull', 'at 95 %', {
    series: { [of(USED, 'kong', DICT)]: '95x30', [of(TOTAL, 'kong', DICT)]: '100x30' },
    atMinute: 20,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', instance: 'a' },
      description: 'The memory that a in dd counts in is 95% full.',
    },
  }),
  quiet('GatewayDictFull', 'at 50 %', {
    series: { [of(USED, 'kong', DICT)]: '50x30', [of(TOTAL, 'kong', DICT)]: '100x30' },
    atMinute: 20,
  }),
  fires('GatewayKeysOld', 'half an hour after the last success', {
    series: { [name('kube_cronjob_status_last_successful_time', KEYS)]: '0x40' },
    atMinute: 30,
    firing: {
      severity: 'warning',
      labels: { namespace: 'dd', ...KEYS },
      description: 'dd-kong-keys in dd last succeeded 30m 0s ago; it runs every 3 minutes.',
    },
  }),
  quiet('GatewayKeysOld', 'while it succeeds', {
    series: { [name('kube_cronjob_status_last_successful_time', KEYS)]: '0+60x40' },
    atMinute: 30,
  }),
];
