import { formatDecimal } from '@dailydoco/money';

/** What only one side knows, of one kind: how many, how much, since when. */
export interface Difference {
  /** Stable: scripts compare it. */
  readonly kind: DifferenceKind;
  /** Who knows of it, and who does not. */
  readonly knownTo: string;
  readonly unknownTo: string;
  readonly count: number;
  /** Decimal strings by currency; empty where no money is counted. */
  readonly sums: Readonly<Record<string, string>>;
  readonly oldest: string | null;
  readonly newest: string | null;
  /** The first few, to begin looking at. */
  readonly examples: readonly string[];
}

/** What there may be to find, and how each heals. In the order in which a person should read of it. */
export const HEALING = {
  'payment-not-booked':
    'never by itself: look at each with the rail, and do not accept before the persons’ payouts are frozen or the payments are booked',
  'payout-unknown-to-rail': 'look at each with the rail: the ledger says that money left, and the rail does not',
  'commission-without-journal': 'publish viral-engine’s events again; the ledger books each once',
  'journal-without-commission':
    'never by itself: viral-engine has lost what the ledger booked; send the purchases again under their externalId',
  'commission-stands-otherwise': 'publish the events of the side that is ahead again; if it stays, it is a break',
  'event-not-applied': 'publish the events of the side that knows them again; consumers drop what they have',
  'event-forgotten': 'nothing to do for the events themselves; the lines above say what they were about',
  'person-unknown': 'publish identity’s events again; whom identity itself does not know has to register again',
  'tenant-unknown':
    'publish identity’s events again; what identity itself does not know is made again by its operators',
} as const;

export type DifferenceKind = keyof typeof HEALING;

const EXAMPLES = 5;

/** Counts one kind of difference while both sides stream by. */
export class Tally {
  readonly #of: Pick<Difference, 'kind' | 'knownTo' | 'unknownTo'>;
  readonly #micros = new Map<string, bigint>();
  readonly #examples: string[] = [];
  #count = 0;
  #oldest: Date | undefined;
  #newest: Date | undefined;

  constructor(of: Pick<Difference, 'kind' | 'knownTo' | 'unknownTo'>) {
    this.#of = of;
  }

  add({ id, at, money }: { id: string; at?: Date; money?: { micros: bigint; currency: string } }): void {
    this.#count += 1;
    if (this.#examples.length < EXAMPLES) this.#examples.push(id);
    if (money !== undefined) this.#micros.set(money.currency, (this.#micros.get(money.currency) ?? 0n) + money.micros);
    if (at === undefined) return;
    if (this.#oldest === undefined || at < this.#oldest) this.#oldest = at;
    if (this.#newest === undefined || at > this.#newest) this.#newest = at;
  }

  /** None when nothing was counted. */
  differences(): Difference[] {
    if (this.#count === 0) return [];
    const byCurrency = [...this.#micros].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [
      {
        ...this.#of,
        count: this.#count,
        sums: Object.fromEntries(byCurrency.map(([currency, micros]) => [currency, formatDecimal(micros)])),
        oldest: this.#oldest?.toISOString() ?? null,
        newest: this.#newest?.toISOString() ?? null,
        examples: this.#examples,
      },
    ];
  }
}

/** What one comparison found. What is on its way is no difference, and is told apart. */
export interface Compared {
  readonly differences: readonly Difference[];
  readonly inFlight: number;
}
