import type { LoadFigures } from './k6-summary.js';
import { LOAD_SCENARIOS } from './scenarios.js';
import type { Judged } from './target.js';

export interface LoadReport {
  readonly judged: readonly Judged[];
  readonly rate: number;
  readonly seconds: number;
  readonly scenarios: ReadonlyMap<string, LoadFigures>;
  readonly scenarioSeconds: number;
  readonly machine: string;
  readonly date: string;
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

function scenarioRow(name: string, rate: number, figures: LoadFigures): string {
  const { all, dropped, errorRate, failedChecks } = figures;
  const achieved = figures.iterationsPerSecond.toFixed(1);
  const cells = [`\`${name}\``, `${rate}/s`, `${achieved}/s`, ms(all.p50Ms), ms(all.p95Ms), ms(all.p99Ms)];
  return `| ${[...cells, String(dropped), `${(100 * errorRate).toFixed(2)} %`, String(failedChecks)].join(' | ')} |`;
}

/** The page about load, whole. */
export function loadDocument(report: LoadReport): string {
  const rows = LOAD_SCENARIOS.map(({ name, rate, missing }) => {
    const figures = report.scenarios.get(name);
    return figures === undefined
      ? `| \`${name}\` | skipped: ${missing ?? 'not run'} |  |  |  |  |  |  |  |`
      : scenarioRow(name, rate, figures);
  });
  const judged = report.judged.map(
    ({ name, wanted, measured, verdict }) => `| ${name} | ${wanted} | ${measured} | ${verdict} |`,
  );
  return `# Load

Made by \`npm run targets\`: a fleet of its own, through the gateway, an open load (what is due is sent, however long answers take). Stores, services, gateway and the
load itself share the machine, so these are the figures of one small machine, not of a cluster; what larger ones would take is in [capacity](capacity.md).

${report.date}, ${report.machine}.

## Targets

Everything at once (\`global_viral_event_simulation\`) at ${report.rate} iterations a second for ${report.seconds} s, logins with their 20 ms of password hashing included.

| target | wanted | measured | verdict |
| --- | --- | --- | --- |
${judged.join('\n')}

- _service to service_: gRPC calls as their caller sees them, registrations with a referral code among them.
- _cache hits_: API keys found in the memory of the service that was asked. _cache hit p95_: one such lookup.
- _event_: from the cause (a purchase, a click) to the committed effect in another service's database, through outbox and Kafka.
- _recovery_: from kill -9 of viral-engine until purchases are accepted again, ten in a row.

The targets stand in \`infra/load/targets.json\`.

## Scenarios

${report.scenarioSeconds} s each; the gateway's limits a minute and address are raised, because all load comes from one. One's own rate and time: \`npm run load -- --scenario NAME --rate R --seconds S\`.

| scenario | offered | achieved | p50 | p95 | p99 | not begun in time | errors | wrong answers |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${rows.join('\n')}

Spikes (\`viral_activity_burst\`, \`massive_signup_wave\`, \`website_traffic_spike\`, \`viral_widget_click_storm\`) climb from a tenth to the whole rate, so they achieve less than they offer at the end.
`;
}
