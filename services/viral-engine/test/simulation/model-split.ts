// What the splitting of one purchase must come to, computed once more and on its own: nothing of the service's rules is
// imported here. It follows the words of the plan rules, in their order.

/** Caps by currency, in micros. */
export type Amounts = Readonly<Record<string, bigint>>;
export type Period = 'day' | 'month' | 'lifetime';
export const PERIODS: readonly Period[] = ['day', 'month', 'lifetime'];

/** A plan version, as the simulation hands it to the service and to the model alike. */
export interface Terms {
  readonly planId: string;
  readonly version: number;
  /** Basis points, nearest referrer first. */
  readonly levels: readonly number[];
  readonly bonus: number;
  readonly maxPayout: number;
  readonly dynamic: boolean;
  readonly holdDays: number;
  /** A number: that many months. */
  readonly recurring: 'all' | 'first' | number;
  readonly streams: readonly string[];
  readonly tags: readonly string[];
  readonly qualification: readonly { readonly level: number; readonly purchases: number; readonly referrals: number }[];
  readonly personCaps: Readonly<Partial<Record<Period, Amounts>>>;
  readonly companyCap: { readonly period: Period; readonly proRata: boolean; readonly amounts: Amounts } | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
}

/** Somebody who may earn. */
export interface Earner {
  readonly id: string;
  readonly active: boolean;
  readonly boost: number;
  readonly purchases: number;
  readonly referrals: number;
}

/** What caps leave: per person and period, and for everybody. */
export interface Rooms {
  readonly people: ReadonlyMap<string, Partial<Record<Period, bigint>>>;
  readonly company: { readonly left: bigint; readonly closed: boolean } | undefined;
}

export interface Share {
  readonly kind: 'website_bonus' | 'level';
  readonly level: number;
  readonly beneficiary: string;
  readonly micros: bigint;
}

interface Parties {
  readonly buyer: string;
  readonly upline: readonly Earner[];
  readonly owner: Earner | undefined;
}

/** Who is paid on which level. */
function seats({ buyer, upline }: Parties, terms: Terms): { level: number; rate: number; earner: Earner }[] {
  const takes = (earner: Earner, level: number): boolean =>
    earner.active &&
    earner.id !== buyer &&
    terms.qualification.every(
      (asked) => asked.level !== level || (earner.purchases >= asked.purchases && earner.referrals >= asked.referrals),
    );
  const seated: { level: number; rate: number; earner: Earner }[] = [];
  const above = [...upline];
  for (const [index, rate] of terms.levels.entries()) {
    const level = index + 1;
    let earner = above.shift();
    while (terms.dynamic && earner !== undefined && !takes(earner, level)) earner = above.shift();
    if (earner !== undefined && takes(earner, level)) seated.push({ level, rate, earner });
  }
  return seated;
}

/** Everybody whose counters a purchase touches. */
export function entitled(parties: Parties, terms: Terms): string[] {
  const { owner, buyer } = parties;
  const bonus = owner !== undefined && owner.active && owner.id !== buyer ? [owner.id] : [];
  return [...new Set([...bonus, ...seats(parties, terms).map(({ earner }) => earner.id)])];
}

/** The shares of a purchase, website bonus first, and whether it goes over the company's cap. */
export function splitOf(
  amount: bigint,
  parties: Parties,
  terms: Terms,
  rooms: Rooms,
): { shares: Share[]; crosses: boolean } {
  const { owner, buyer } = parties;
  let shares: Share[] = [];
  if (owner !== undefined && owner.active && owner.id !== buyer) {
    const micros = (amount * BigInt(terms.bonus)) / 10_000n;
    shares.push({ kind: 'website_bonus', level: 0, beneficiary: owner.id, micros });
  }
  for (const { level, rate, earner } of seats(parties, terms)) {
    const micros = (amount * BigInt(rate) * (10_000n + BigInt(earner.boost))) / 100_000_000n;
    shares.push({ kind: 'level', level, beneficiary: earner.id, micros });
  }
  const most = (amount * BigInt(terms.maxPayout)) / 10_000n;
  shares = inProportion(shares, most);
  shares = withinPeople(shares, rooms.people);
  const { company } = rooms;
  const crosses = company !== undefined && !company.closed && sumOf(shares) > company.left;
  if (company?.closed === true) shares = [];
  if (crosses) shares = terms.companyCap?.proRata === true ? inProportion(shares, company.left) : [];
  return { shares: shares.filter(({ micros }) => micros > 0n), crosses };
}

function sumOf(shares: readonly Share[]): bigint {
  return shares.reduce((sum, { micros }) => sum + micros, 0n);
}

function inProportion(shares: Share[], most: bigint): Share[] {
  const sum = sumOf(shares);
  return sum <= most ? shares : shares.map((share) => ({ ...share, micros: (share.micros * most) / sum }));
}

function withinPeople(shares: readonly Share[], people: Rooms['people']): Share[] {
  const used = new Map<string, bigint>();
  return shares.map((share) => {
    const had = used.get(share.beneficiary) ?? 0n;
    let { micros } = share;
    for (const room of Object.values(people.get(share.beneficiary) ?? {})) if (room - had < micros) micros = room - had;
    used.set(share.beneficiary, had + micros);
    return { ...share, micros };
  });
}
