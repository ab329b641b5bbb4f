import type { Snapshot } from './snapshot.js';
import { sideBySide } from './side-by-side.js';
import { type Compared, Tally } from './tally.js';

interface Row {
  readonly key: string;
  readonly currency: string;
  readonly net: string;
  readonly status: string;
  readonly at: Date;
}

interface Standing {
  readonly key: string;
  readonly id: string;
  readonly currency: string;
  readonly micros: bigint;
  readonly status: string;
  /** When the side last changed anything about the purchase. */
  readonly at: Date;
}

// The status of a commission that nothing is left of says how it ended; the ledger has no account for that.
const ENGINE = `
  SELECT c.tenant_id || '/' || c.purchase_id || '/' || c.id AS key, c.currency, c.net_micros::text AS net, c.status,
         s.changed_at AS at
  FROM commission c JOIN purchase_state s ON s.tenant_id = c.tenant_id AND s.purchase_id = c.purchase_id
  ORDER BY c.tenant_id, c.purchase_id, c.id`;
const LEDGER = `
  SELECT e.tenant_id || '/' || e.purchase_id || '/' || e.commission_id AS key, e.currency, e.net_micros::text AS net,
         e.status, g.applied_at AS at
  FROM purchase_entry e JOIN purchase_progress g ON g.tenant_id = e.tenant_id AND g.purchase_id = e.purchase_id
  ORDER BY e.tenant_id, e.purchase_id, e.commission_id`;

async function* standings(rows: AsyncIterable<Row>): AsyncGenerator<Standing> {
  for await (const { key, currency, net, status, at } of rows)
    yield { key, id: key.split('/')[2] ?? key, currency, micros: BigInt(net), status, at };
}

/**
 * Every commission as viral-engine has it beside the same one as the ledger booked it. What changed after `settledBefore`
 * may still be on its way, and is counted apart.
 */
export async function compareCommissions(
  { engine, ledger }: { engine: Snapshot; ledger: Snapshot },
  settledBefore: Date,
): Promise<Compared> {
  const missing = new Tally({ kind: 'commission-without-journal', knownTo: 'viral-engine', unknownTo: 'payouts' });
  const extra = new Tally({ kind: 'journal-without-commission', knownTo: 'payouts', unknownTo: 'viral-engine' });
  const otherwise = new Tally({ kind: 'commission-stands-otherwise', knownTo: 'both', unknownTo: 'both' });
  let inFlight = 0;
  for await (const { left, right } of sideBySide(
    standings(engine.stream<Row & Record<string, unknown>>(ENGINE)),
    standings(ledger.stream<Row & Record<string, unknown>>(LEDGER)),
  )) {
    if (left !== undefined && right !== undefined && left.status === right.status && left.micros === right.micros)
      continue;
    if ([left, right].some((side) => side !== undefined && side.at > settledBefore)) inFlight += 1;
    else if (right === undefined && left !== undefined) missing.add({ ...left, money: left });
    else if (left === undefined && right !== undefined) extra.add({ ...right, money: right });
    else if (left !== undefined && right !== undefined)
      otherwise.add({ ...left, money: { micros: left.micros - right.micros, currency: left.currency } });
  }
  return { differences: [missing, extra, otherwise].flatMap((tally) => tally.differences()), inFlight };
}
