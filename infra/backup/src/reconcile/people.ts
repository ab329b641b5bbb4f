import type { ServiceName } from '@dailydoco/local';
import type { Snapshot } from './snapshot.js';
import { sideBySide } from './side-by-side.js';
import { type Compared, type DifferenceKind, Tally } from './tally.js';

interface Known {
  readonly key: string;
  readonly at: Date;
  readonly [column: string]: unknown;
}

/** Who a side knows, ascending; a side that hears of everybody can also be found to lack somebody. */
interface Side {
  readonly service: ServiceName;
  readonly sql: string;
  readonly hearsOfAll: boolean;
}

const IDENTITY_PEOPLE =
  "SELECT tenant_id || '/' || id AS key, registered_at AS at FROM user_account ORDER BY tenant_id, id";
const PEOPLE: readonly Side[] = [
  {
    service: 'viral-engine',
    sql: "SELECT tenant_id || '/' || user_id AS key, joined_at AS at FROM member ORDER BY tenant_id, user_id",
    hearsOfAll: true,
  },
  {
    service: 'payouts',
    sql: `SELECT tenant_id || '/' || owner_id AS key, min(opened_at) AS at FROM account WHERE owner_id <> tenant_id
          GROUP BY tenant_id, owner_id ORDER BY tenant_id, owner_id`,
    hearsOfAll: false,
  },
  {
    service: 'website-builder',
    sql: `SELECT tenant_id || '/' || owner_id AS key, min(created_at) AS at FROM site
          GROUP BY tenant_id, owner_id ORDER BY tenant_id, owner_id`,
    hearsOfAll: false,
  },
];

const IDENTITY_TENANTS = 'SELECT id::text AS key, created_at AS at FROM tenant ORDER BY id';
const TENANTS: readonly Side[] = [
  {
    service: 'payouts',
    sql: 'SELECT tenant_id::text AS key, known_since AS at FROM known_tenant ORDER BY tenant_id',
    hearsOfAll: true,
  },
];

/** People and tenants that identity knows beside those that the others know. */
export async function comparePeople(
  snapshots: Readonly<Record<ServiceName, Snapshot>>,
  settledBefore: Date,
): Promise<Compared> {
  const parts: Compared[] = [];
  for (const side of PEOPLE) parts.push(await compare(snapshots, side, { kind: 'person-unknown', settledBefore }));
  for (const side of TENANTS) parts.push(await compare(snapshots, side, { kind: 'tenant-unknown', settledBefore }));
  return {
    differences: parts.flatMap(({ differences }) => differences),
    inFlight: parts.reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

async function compare(
  snapshots: Readonly<Record<ServiceName, Snapshot>>,
  { service, sql, hearsOfAll }: Side,
  { kind, settledBefore }: { kind: DifferenceKind; settledBefore: Date },
): Promise<Compared> {
  const unheard = new Tally({ kind, knownTo: 'identity', unknownTo: service });
  const unknown = new Tally({ kind, knownTo: service, unknownTo: 'identity' });
  let inFlight = 0;
  for await (const { left, right } of sideBySide(
    snapshots.identity.stream<Known>(kind === 'person-unknown' ? IDENTITY_PEOPLE : IDENTITY_TENANTS),
    snapshots[service].stream<Known>(sql),
  )) {
    const [one, tally] = left === undefined ? [right, unknown] : [left, unheard];
    if (one === undefined || (left !== undefined && right !== undefined)) continue;
    if (tally === unheard && !hearsOfAll) continue;
    if (one.at > settledBefore) inFlight += 1;
    else tally.add({ id: one.key, at: one.at });
  }
  return { differences: [...unheard.differences(), ...unknown.differences()], inFlight };
}
