import type { Fact } from '../facts/fact.js';
import type { EventId, TenantId } from '../ids.js';
import { INVITE_SENT, type StoredEvent } from './event.js';
import type { Counted } from './record-events.js';

/** Events in an open database transaction. */
export interface EventBook {
  /** Stores those that were not received within the last 30 days, and says which they were. No two have one key. */
  add(events: readonly StoredEvent[]): Promise<readonly EventKey[]>;
  addFacts(facts: readonly Fact[]): Promise<void>;
}

export interface EventKey {
  readonly tenantId: TenantId;
  readonly id: EventId;
}

/** Stores the events of several requests; of equal ones the first. The sums of the metrics grow with them. */
export async function commitEvents(
  book: EventBook,
  requests: readonly (readonly StoredEvent[])[],
  newId: () => string,
): Promise<Counted[]> {
  const firsts = new Map<string, StoredEvent>();
  for (const event of requests.flat()) {
    const key = keyOf(event);
    if (!firsts.has(key)) firsts.set(key, event);
  }
  const stored = new Set((await book.add([...firsts.values()])).map(keyOf));
  const isNew = (event: StoredEvent): boolean => {
    const key = keyOf(event);
    return stored.has(key) && firsts.get(key) === event;
  };
  const invites = requests.flat().filter((event) => event.name === INVITE_SENT && isNew(event));
  await book.addFacts(invites.map((event) => inviteFact(event, newId())));
  return requests.map((events) => {
    const accepted = events.filter(isNew).length;
    return { accepted, duplicates: events.length - accepted };
  });
}

/** Under an id of its own: the sender's may come again after 30 days and is another invitation then. */
function inviteFact({ tenantId, occurredAt: at }: StoredEvent, sourceId: string): Fact {
  return { tenantId, kind: 'invite', sourceId, sequence: 0n, at };
}

function keyOf({ tenantId, id }: EventKey): string {
  return `${tenantId} ${id}`;
}
