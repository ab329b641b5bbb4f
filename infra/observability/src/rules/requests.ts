import { anyJob, OWN_PACE } from '../fleet.js';
import type { RuleGroup } from './rule.js';

const HTTP = 'dailydoco_http_server_duration_seconds';
const SERVER = 'dailydoco_grpc_server_duration_seconds';
const CLIENT = 'dailydoco_grpc_client_duration_seconds';
/** What a server says when the fault is its own. */
const SERVER_FAULTS = 'status=~"INTERNAL|UNKNOWN|DATA_LOSS|UNIMPLEMENTED"';

/** What single services answer. What clients of the whole see stands among the objectives. */
export const REQUEST_RULES: RuleGroup = {
  name: 'requests',
  rules: [
    {
      alert: 'HttpErrors',
      severity: 'warning',
      expr: `sum by (namespace, job) (rate(${HTTP}_count{status=~"5.."}[5m]))
/ sum by (namespace, job) (rate(${HTTP}_count[5m]))
> 0.02
and sum by (namespace, job) (rate(${HTTP}_count[5m])) > 0.2`,
      for: '5m',
      summary: 'A service answers with server errors.',
      description:
        '{{ $labels.job }} in {{ $labels.namespace }} answers {{ $value | humanizePercentage }} of its requests with a server error.',
    },
    {
      alert: 'HttpSlow',
      severity: 'warning',
      expr: `histogram_quantile(0.95, sum by (namespace, job, le) (rate(${HTTP}_bucket{${anyJob(OWN_PACE)}}[10m]))) > 0.5
and sum by (namespace, job) (rate(${HTTP}_count[10m])) > 0.2`,
      for: '10m',
      summary: 'A service answers slowly.',
      description:
        'Of the requests to {{ $labels.job }} in {{ $labels.namespace }}, 5 % take longer than {{ $value | humanizeDuration }}.',
    },
    {
      alert: 'GrpcErrors',
      severity: 'warning',
      expr: `sum by (namespace, job, method) (rate(${SERVER}_count{${SERVER_FAULTS}}[5m]))
/ sum by (namespace, job, method) (rate(${SERVER}_count[5m]))
> 0.01`,
      for: '5m',
      summary: 'A method fails inside its server.',
      description:
        '{{ $value | humanizePercentage }} of the calls of {{ $labels.method }} fail inside {{ $labels.job }} in {{ $labels.namespace }}.',
    },
    {
      alert: 'GrpcDeadlines',
      severity: 'warning',
      expr: `sum by (namespace, job, method) (rate(${CLIENT}_count{status="DEADLINE_EXCEEDED"}[5m]))
/ sum by (namespace, job, method) (rate(${CLIENT}_count[5m]))
> 0.01`,
      for: '5m',
      summary: 'Calls between services run out of time.',
      description:
        '{{ $value | humanizePercentage }} of the calls of {{ $labels.method }} by {{ $labels.job }} in {{ $labels.namespace }} run past their deadline.',
    },
  ],
};
