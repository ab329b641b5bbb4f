import { fires, of, quiet, type AlertCase } from './alert-case.js';

const HTTP = 'dailydoco_http_server_duration_seconds';
const SERVER = 'dailydoco_grpc_server_duration_seconds_count';
const CLIENT = 'dailydoco_grpc_client_duration_seconds_count';
const PAYOUTS = { namespace: 'dd', job: 'payouts' };
const ROUTE = { method: 'GET', route: '/v1/balances/me' };
const METHOD = { method: 'viral.v1.ReconciliationService/ListPurchaseStates' };

function answers(ok: string, failed: string): Record<string, string> {
  return {
    [of(`${HTTP}_count`, 'payouts', { ...ROUTE, status: '200' })]: ok,
    [of(`${HTTP}_count`, 'payouts', { ...ROUTE, status: '500' })]: failed,
  };
}

/** A hundred requests a minute, of which so many take half a second at the most, and all a second. */
function durations(job: string, withinHalf: number): Record<string, string> {
  const labels = { ...ROUTE, status: '200' };
  return {
    [of(`${HTTP}_bucket`, job, { ...labels, le: '0.5' })]: `0+${withinHalf}x40`,
    [of(`${HTTP}_bucket`, job, { ...labels, le: '1' })]: '0+100x40',
    [of(`${HTTP}_bucket`, job, { ...labels, le: '+Inf' })]: '0+100x40',
    [of(`${HTTP}_count`, job, labels)]: '0+100x40',
  };
}

function calls(metric: string, status: string): Record<string, string> {
  return {
    [of(metric, 'payouts', { ...METHOD, status: 'OK' })]: '0+97x20',
    [of(metric, 'payouts', { ...METHOD, status })]: '0+3x20',
  };
}

export const REQUEST_CASES: readonly AlertCase[] = [
  fires('HttpErrors', 'when a tenth of the answers are server errors', {
    series: answers('0+54x20', '0+6x20'),
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: 'payouts in dd answers 10% of its requests with a server error.',
    },
  }),
  quiet('HttpErrors', 'at less than one in a hundred', { series: answers('0+119x20', '0+1x20'), atMinute: 12 }),
  quiet('HttpErrors', 'when hardly anybody asks', { series: answers('0+1x20', '0+1x20'), atMinute: 12 }),
  fires('HttpSlow', 'when one in twenty takes nearly a second', {
    series: durations('payouts', 50),
    atMinute: 25,
    firing: {
      severity: 'warning',
      labels: PAYOUTS,
      description: 'Of the requests to payouts in dd, 5 % take longer than 950ms.',
    },
  }),
  quiet('HttpSlow', 'when one in fifty does', { series: durations('payouts', 98), atMinute: 25 }),
  quiet('HttpSlow', 'about ai-gateway, where the provider sets the pace', {
    series: durations('ai-gateway', 0),
    atMinute: 25,
  }),
  fires('GrpcErrors', 'when a method fails inside its server', {
    series: calls(SERVER, 'INTERNAL'),
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, ...METHOD },
      description: '3% of the calls of viral.v1.ReconciliationService/ListPurchaseStates fail inside payouts in dd.',
    },
  }),
  quiet('GrpcErrors', 'about refusals', { series: calls(SERVER, 'NOT_FOUND'), atMinute: 12 }),
  fires('GrpcDeadlines', 'when calls run past their deadline', {
    series: calls(CLIENT, 'DEADLINE_EXCEEDED'),
    atMinute: 12,
    firing: {
      severity: 'warning',
      labels: { ...PAYOUTS, ...METHOD },
      description:
        '3% of the calls of viral.v1.ReconciliationService/ListPurchaseStates by payouts in dd run past their deadline.',
    },
  }),
  quiet('GrpcDeadlines', 'about calls that their caller took back', {
    series: calls(CLIENT, 'CANCELLED'),
    atMinute: 12,
  }),
];
