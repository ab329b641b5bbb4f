import { SERVICES, type ServiceName } from '@dailydoco/local';
import { APPLIERS, type Applier, PRODUCERS } from './consumers.js';
import type { Snapshot } from './snapshot.js';
import { type Compared, type Difference, Tally } from './tally.js';

type Snapshots = Readonly<Record<ServiceName, Snapshot>>;

/** Published events stay in the outbox for seven days; what a consumer saw in the last six must still be in one. */
const WINDOW = "interval '6 days'";

/**
 * Events that one service published and another never applied; and those that a service applied although no outbox knows
 * them: their producer was brought back to before it wrote them.
 */
export async function compareDeliveries(snapshots: Snapshots, settledBefore: Date): Promise<Compared> {
  const parts: Compared[] = [];
  for (const applier of APPLIERS) {
    if (applier.passesOver !== true) parts.push(await notApplied(snapshots, applier, settledBefore));
  }
  for (const service of SERVICES) parts.push(await forgotten(snapshots, service, settledBefore));
  return {
    differences: parts.flatMap(({ differences }) => differences),
    inFlight: parts.reduce((sum, { inFlight }) => sum + inFlight, 0),
  };
}

interface OutboxRow {
  readonly event_id: string;
  readonly at: Date;
  readonly settled: boolean;
  readonly [column: string]: unknown;
}

async function notApplied(snapshots: Snapshots, applier: Applier, settledBefore: Date): Promise<Compared> {
  const { name, service, types } = applier;
  const differences: Difference[] = [];
  let inFlight = 0;
  for (const [producer, ofProducer] of Map.groupBy(types, ({ topic }) => PRODUCERS[topic])) {
    const tally = new Tally({ kind: 'event-not-applied', knownTo: producer, unknownTo: `${service} (${name})` });
    for await (const rows of snapshots[producer].portions<OutboxRow>(
      `SELECT event_id, created_at AS at, published_at IS NOT NULL AND greatest(created_at, published_at) < $2 AS settled
       FROM messaging.outbox WHERE event_type = ANY ($1) ORDER BY id`,
      [ofProducer.map(({ type }) => type), settledBefore],
    )) {
      const seen = await seenOf(snapshots[service], name, rows);
      for (const { event_id: id, at, settled } of rows.filter(({ event_id }) => !seen.has(event_id))) {
        if (settled) tally.add({ id, at });
        else inFlight += 1;
      }
    }
    differences.push(...tally.differences());
  }
  return { differences, inFlight };
}

/** Applied, or set aside for people to look at: both have arrived. */
async function seenOf(snapshot: Snapshot, consumer: string, rows: readonly OutboxRow[]): Promise<Set<string>> {
  const seen = await snapshot.query<{ event_id: string }>(
    `SELECT event_id FROM messaging.inbox WHERE consumer = $1 AND event_id = ANY ($2::uuid[])
     UNION SELECT event_id FROM messaging.parked_event WHERE consumer = $1 AND event_id = ANY ($2::uuid[])`,
    [consumer, rows.map(({ event_id }) => event_id)],
  );
  return new Set(seen.map(({ event_id }) => event_id));
}

async function forgotten(snapshots: Snapshots, service: ServiceName, settledBefore: Date): Promise<Compared> {
  const producers = new Set(
    APPLIERS.filter((applier) => applier.service === service).flatMap(({ types }) =>
      types.map(({ topic }) => PRODUCERS[topic]),
    ),
  );
  const tally = new Tally({
    kind: 'event-forgotten',
    knownTo: service,
    unknownTo: [...producers].toSorted().join(', '),
  });
  for await (const rows of snapshots[service].portions<{ event_id: string; at: Date; [column: string]: unknown }>(
    `SELECT event_id, min(received_at) AS at FROM messaging.inbox
     WHERE received_at > now() - ${WINDOW} AND received_at < $1 GROUP BY event_id`,
    [settledBefore],
  )) {
    const known = new Set<string>();
    for (const producer of producers) {
      const found = await snapshots[producer].query<{ event_id: string }>(
        'SELECT event_id FROM messaging.outbox WHERE event_id = ANY ($1::uuid[])',
        [rows.map(({ event_id }) => event_id)],
      );
      for (const { event_id } of found) known.add(event_id);
    }
    for (const { event_id: id, at } of rows.filter(({ event_id }) => !known.has(event_id))) tally.add({ id, at });
  }
  return { differences: tally.differences(), inFlight: 0 };
}
