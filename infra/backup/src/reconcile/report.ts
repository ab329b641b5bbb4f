import { createHash } from 'node:crypto';
import { openRestoreHolds, type RestoreHold } from '@dailydoco/database';
import { SERVICES, type ServiceName } from '@dailydoco/local';
import Table from 'cli-table3';
import type { Urls } from '../addresses.js';
import { withSql } from '../hold.js';
import { compareCommissions } from './commissions.js';
import { compareDeliveries } from './deliveries.js';
import { comparePayments, type Payment, sandboxPayments } from './payments.js';
import { comparePeople } from './people.js';
import { Snapshot } from './snapshot.js';
import { type Difference, type DifferenceKind, HEALING } from './tally.js';

/** A database that is held, as the report names it. */
export interface Held extends Pick<RestoreHold, 'id' | 'restoredBy' | 'reason'> {
  readonly service: ServiceName;
  readonly restoredAt: string;
  readonly restoredTo: string;
}

/** What the services' databases know of each other. Its digest stands in the acceptance of a restore. */
export interface Report {
  readonly at: string;
  /** What changed later may still be on its way. */
  readonly settledBefore: string;
  readonly held: readonly Held[];
  readonly differences: readonly Difference[];
  /** Things on their way: no differences. */
  readonly inFlight: number;
  readonly balanced: boolean;
}

export interface ReconcileOptions {
  readonly urls: Urls;
  readonly settledBefore: Date;
  /** A rail's own statement. Default: what the sandbox rail remembers. */
  readonly statement?: readonly Payment[] | undefined;
  /** The statement has every payment that there ever was. */
  readonly statementIsComplete?: boolean;
  readonly onProgress?: (text: string) => void;
}

/** Reads all databases, each at one moment, and writes nothing. */
export async function reconcile(options: ReconcileOptions): Promise<Report> {
  const { urls, settledBefore, statement, onProgress = () => undefined } = options;
  const snapshots: Partial<Record<ServiceName, Snapshot>> = {};
  try {
    for (const service of SERVICES) snapshots[service] = await Snapshot.open(urls[service]);
    const all = snapshots as Record<ServiceName, Snapshot>;
    onProgress('holds');
    const held = await heldDatabases(urls);
    onProgress('payments');
    const payments = await comparePayments(all.payouts, {
      payments: statement ?? (await sandboxPayments(all.payouts)),
      complete: statement === undefined || options.statementIsComplete === true,
    });
    onProgress('commissions');
    const commissions = await compareCommissions({ engine: all['viral-engine'], ledger: all.payouts }, settledBefore);
    onProgress('events');
    const deliveries = await compareDeliveries(all, settledBefore);
    onProgress('people');
    const people = await comparePeople(all, settledBefore);
    const parts = [payments, commissions, deliveries, people];
    const differences = inReadingOrder(parts.flatMap((part) => part.differences));
    return {
      at: new Date().toISOString(),
      settledBefore: settledBefore.toISOString(),
      held,
      differences,
      inFlight: parts.reduce((sum, { inFlight }) => sum + inFlight, 0),
      balanced: differences.length === 0,
    };
  } finally {
    await Promise.all(Object.values(snapshots).map((snapshot) => snapshot.close().catch(() => undefined)));
  }
}

async function heldDatabases(urls: Urls): Promise<Held[]> {
  const held: Held[] = [];
  for (const service of SERVICES) {
    for (const { restoredAt, restoredTo, ...hold } of await withSql(urls[service], openRestoreHolds))
      held.push({ service, ...hold, restoredAt: restoredAt.toISOString(), restoredTo: restoredTo.toISOString() });
  }
  return held;
}

const ORDER = Object.keys(HEALING) as DifferenceKind[];

function inReadingOrder(differences: readonly Difference[]): Difference[] {
  return differences.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}

/** The report as it is written to a file and digested: the same report is the same text. */
export function reportText(report: Report): string {
  return `${JSON.stringify(report, undefined, 2)}\n`;
}

export function reportDigest(report: Report): string {
  return createHash('sha256').update(reportText(report)).digest('hex');
}

/** The report for people. */
export function reportTable(report: Report): string {
  const lines = report.held.map(
    ({ service, restoredTo, restoredBy, reason }) =>
      `${service} is held: brought back to ${restoredTo} by ${restoredBy}: ${reason}`,
  );
  const inFlight = report.inFlight === 0 ? '' : `; ${report.inFlight} on their way are not counted`;
  if (report.balanced) return [...lines, `balanced${inFlight}`].join('\n');
  const table = new Table({
    head: ['what', 'known to', 'not to', 'count', 'sum', 'oldest', 'newest'],
    style: { head: [], border: [] },
  });
  for (const { kind, knownTo, unknownTo, count, sums, oldest, newest } of report.differences)
    table.push([
      kind,
      knownTo,
      unknownTo,
      count,
      Object.entries(sums)
        .map(([currency, amount]) => `${amount} ${currency}`)
        .join('\n'),
      oldest ?? '',
      newest ?? '',
    ]);
  const healing = new Set(report.differences.map(({ kind }) => `${kind}: ${HEALING[kind]}`));
  return [
    ...lines,
    table.toString(),
    'How each heals:',
    ...[...healing].map((line) => `  ${line}`),
    `not balanced${inFlight}`,
  ].join('\n');
}
