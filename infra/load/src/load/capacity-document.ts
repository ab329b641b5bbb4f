import {
  ASSUMPTIONS,
  CONSUMER,
  DATABASE,
  demandOfCommissions,
  demandOfUsers,
  type Figures,
  type Need,
  needOf,
  perCore,
} from './capacity-model.js';

const number = (value: number): string =>
  value === Infinity ? '–' : value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 1 : 0 });

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(head), row(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');
}

/** Every component that anything costs something, the dearest first. */
function componentsOf({ costs }: Figures): string[] {
  const sums = new Map<string, number>();
  for (const cost of Object.values(costs))
    for (const [name, seconds] of Object.entries(cost)) sums.set(name, (sums.get(name) ?? 0) + seconds);
  return [...sums].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
}

function costTable(figures: Figures): string {
  const components = componentsOf(figures);
  const rows = Object.entries(figures.costs).map(([call, cost]) => {
    const total = Object.values(cost).reduce((sum, seconds) => sum + seconds, 0);
    return [call, ...components.map((name) => (1_000 * (cost[name] ?? 0)).toFixed(2)), number(perCore(total))];
  });
  return table(['call, ms of processor time', ...components, 'calls a second on one core'], rows);
}

function needTable(needs: readonly Need[], components: readonly string[]): string {
  const lines: [string, (need: Need) => string][] = [
    ['calls a second', (need) => number(need.callsPerSecond)],
    ['purchases a second', (need) => number(need.purchasesPerSecond)],
    ...components.map((name): [string, (need: Need) => string] => [
      `cores: ${name}`,
      (need) => number(Math.ceil(need.cores[name] ?? 0)),
    ]),
    ['cores in all', (need) => number(Math.ceil(need.totalCores))],
    [`database nodes of ${ASSUMPTIONS.databaseNodeCores} cores`, (need) => number(need.databaseNodes)],
    ['partitions of `viral.events.v1`', (need) => number(need.partitions)],
    ['growth of the databases, GB a day', (need) => number(need.databaseBytesPerDay / 1e9)],
  ];
  return table(
    ['', ...needs.map(({ title }) => title)],
    lines.map(([title, of]) => [title, ...needs.map(of)]),
  );
}

/** The capacity document, whole: what was measured, what it comes to, and what is assumed. */
export function capacityDocument(figures: Figures): string {
  const needs = [
    needOf(demandOfUsers(10_000, '10 k users online'), figures),
    needOf(demandOfUsers(1_000_000, '1 M users online'), figures),
    needOf(demandOfUsers(10_000_000, '10 M users online'), figures),
    needOf(demandOfCommissions(1_000_000, '1 M commissions/s'), figures),
  ];
  const habits = Object.entries(ASSUMPTIONS.callsPerUserMinute)
    .map(([call, perMinute]) => `${call} ${perMinute}`)
    .join(', ');
  return `# Capacity

What the fleet would need under loads that one machine cannot make, computed from what each call costs on one that can. Made by \`${figures.command}\`; edit
the model (\`infra/load/src/load/capacity-model.ts\`), not this page.

## What was measured

${figures.date}, ${figures.machine}. Processor time of each process (\`/proc\`) while one kind of call was sent by an open load, less what it uses when idle, until the events that
the call caused had been applied. The load itself is not counted. \`bulk\` is a purchase of the gRPC stream; \`reads\` is a list of commissions.

${costTable(figures)}

A purchase makes the databases grow by ${number(figures.databaseBytesPerPurchase / 1_000)} kB: seven commissions, the keys, two outbox rows (dropped after a week), ledger and analytics.

## What it comes to

${needTable(needs, componentsOf(figures))}

## Assumptions

- Cores = calls a second × processor seconds a call ÷ ${ASSUMPTIONS.utilisation}: half of each core is kept free for peaks, a lost node and everything that is not linear.
- A user who is online makes, a minute: ${habits}.
- One purchase pays ${ASSUMPTIONS.commissionsPerPurchase} commissions. The last column sends purchases by the bulk stream only.
- A service's process uses one core; a partition is worked on by one process. Partitions are the cores that \`${CONSUMER}\` needs, ${ASSUMPTIONS.leastPartitions} at least.
- Database nodes count the work of ${DATABASE} alone, without replicas: with synchronous replication each has two more of its size.
- More than one database node for one service means distribution past one primary, which the fleet does not do today. Where the table says so, it says what the work would
  cost, not that the fleet can be deployed that way.
- Memory, network and disks are not modelled; a cloud's core is not this one. Take the ratios, measure on yours: \`npm run capacity\`.
`;
}
