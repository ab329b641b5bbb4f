/**
 * Of so many who ask nobody waits for the rest of the turn: whoever was answered first is at work again meanwhile, which on two
 * cores answered about three in a hundred more than all at once; eight at a time answered fewer.
 */
const MOST_AT_ONCE = 32;

interface Gathering {
  readonly over: Promise<void>;
  readonly end: () => void;
  readonly before: (() => void)[];
  waiting: number;
}

let current: Gathering | undefined;

/**
 * Resolves for all who ask within one turn of the event loop at once: when what came in with the turn has been heard, or
 * 32 of them have asked.
 */
export function endOfTurn(): Promise<void> {
  const gathering = gather();
  gathering.waiting += 1;
  if (gathering.waiting === MOST_AT_ONCE) finish(gathering);
  return gathering.over;
}

/** Does something at the end of the turn, before anybody who waits for it goes on. It must not throw. */
export function beforeEndOfTurn(work: () => void): void {
  gather().before.push(work);
}

function gather(): Gathering {
  if (current !== undefined) return current;
  const { promise: over, resolve: end } = Promise.withResolvers<void>();
  const gathering = { over, end, before: [], waiting: 0 };
  setImmediate(finish, gathering);
  current = gathering;
  return gathering;
}

function finish(gathering: Gathering): void {
  if (current !== gathering) return;
  current = undefined;
  for (const work of gathering.before) work();
  gathering.end();
}
