import { type CurrencyCode, formatDecimal } from '@dailydoco/money';
import type { RunId, TenantId } from '../ids.js';
import type { AccountKind } from '../ledger/account.js';
import type { BreakCase, BreakStatus, Invariant } from './break-case.js';
import type { Day } from './day.js';
import type { PastRun } from './runs.js';

/** What one kind of account did on a day, in micros; credits are positive. */
export interface AccountMovement {
  readonly currency: CurrencyCode;
  readonly kind: AccountKind;
  readonly closingMicros: bigint;
  readonly creditMicros: bigint;
  /** Negative. */
  readonly debitMicros: bigint;
}

/** What the journals of one event moved on a day: the sum of their credits, in micros. */
export interface EventMovement {
  readonly currency: CurrencyCode;
  readonly event: string;
  readonly journals: number;
  readonly amountMicros: bigint;
}

/** Payouts that had not ended when the report was made. */
export interface OpenPayouts {
  readonly currency: CurrencyCode;
  readonly status: string;
  readonly payouts: number;
  readonly amountMicros: bigint;
}

/** One who was compared with the ledger. */
export interface Source {
  readonly name: string;
  /** How many of its facts were compared; of rails and banks, of all time. */
  readonly compared: number;
  /** Up to when its word was known; undefined: it has told nothing yet. */
  readonly upTo: Date | undefined;
}

/** Everything that a report is made of. */
export interface DayFacts {
  readonly accounts: readonly AccountMovement[];
  readonly events: readonly EventMovement[];
  readonly openPayouts: readonly OpenPayouts[];
  readonly eventsSetAside: number;
  readonly sources: readonly Source[];
  /** What stood when the run ended. */
  readonly breaks: readonly BreakCase[];
  readonly opened: number;
  readonly resolved: number;
}

/** What a day came to: a document, made once, in decimal strings and RFC 3339 times. */
export interface DayReport {
  readonly tenantId: TenantId;
  readonly day: string;
  readonly outcome: 'balanced' | 'breaks';
  readonly run: {
    readonly id: RunId;
    readonly startedAt: string;
    readonly finishedAt: string;
    readonly purchasesCompared: number;
    readonly purchasesInFlight: number;
  };
  readonly madeAt: string;
  readonly breaks: readonly {
    readonly id: string;
    readonly invariant: Invariant;
    readonly subject: string;
    readonly detail: string;
    readonly status: BreakStatus;
    readonly ownerId: string | null;
    readonly openedAt: string;
    /** When the run ended, in whole hours. */
    readonly ageHours: number;
  }[];
  /** Breaks that runs of the day found for the first time, and those that they no longer found. */
  readonly breaksOpened: number;
  readonly breaksResolved: number;
  readonly currencies: readonly CurrencyReport[];
  readonly inFlight: {
    readonly payouts: readonly { currency: string; status: string; payouts: number; amount: string }[];
    readonly eventsSetAside: number;
  };
  readonly sources: readonly { name: string; compared: number; upTo: string | null }[];
}

export interface CurrencyReport {
  readonly currency: string;
  readonly totals: Readonly<Record<Total, string>>;
  readonly events: readonly { event: string; journals: number; amount: string }[];
  readonly accounts: readonly {
    kind: AccountKind;
    opening: string;
    credits: string;
    debits: string;
    closing: string;
  }[];
}

/** The totals of a day, in the order of a life: by what the journals of an event moved, or by what an account did. */
const TOTALS = {
  accrued: { event: 'CommissionsAccrued' },
  released: { event: 'CommissionsReleased' },
  reversed: { event: 'CommissionsReversed' },
  restored: { event: 'CommissionsRestored' },
  forfeited: { event: 'CommissionsForfeited' },
  requested: { event: 'PayoutRequested' },
  paid: { event: 'PayoutSettled' },
  returned: { event: 'PayoutReturned' },
  fees: { debited: 'payout_fees' },
  withheld: { credited: 'tax_payable' },
  writtenOff: { debited: 'bad_debt' },
} as const satisfies Record<string, { event: string } | { debited: AccountKind } | { credited: AccountKind }>;
export type Total = keyof typeof TOTALS;
export const TOTAL_NAMES = Object.keys(TOTALS) as readonly Total[];

/** The report of a day from what was read, by the first comparison after it. */
export function makeReport(
  { tenantId, day, run, madeAt }: { tenantId: TenantId; day: Day; run: PastRun; madeAt: Date },
  facts: DayFacts,
): DayReport {
  const currencies = [...new Set([...facts.accounts, ...facts.events].map(({ currency }) => currency))].toSorted();
  return {
    tenantId,
    day: day.text,
    outcome: facts.breaks.length === 0 ? 'balanced' : 'breaks',
    run: {
      id: run.id,
      startedAt: run.startedAt.toISOString(),
      finishedAt: run.finishedAt.toISOString(),
      purchasesCompared: run.compared,
      purchasesInFlight: run.inFlight,
    },
    madeAt: madeAt.toISOString(),
    breaks: facts.breaks.map((found) => ({
      id: found.id,
      invariant: found.invariant,
      subject: found.subject,
      detail: found.detail,
      status: found.status,
      ownerId: found.ownerId ?? null,
      openedAt: found.openedAt.toISOString(),
      ageHours: Math.floor((run.finishedAt.getTime() - found.openedAt.getTime()) / 3_600_000),
    })),
    breaksOpened: facts.opened,
    breaksResolved: facts.resolved,
    currencies: currencies.map((currency) => ofCurrency(currency, facts)),
    inFlight: {
      payouts: facts.openPayouts.map(({ amountMicros, ...rest }) => ({ ...rest, amount: formatDecimal(amountMicros) })),
      eventsSetAside: facts.eventsSetAside,
    },
    sources: facts.sources.map(({ name, compared, upTo }) => ({ name, compared, upTo: upTo?.toISOString() ?? null })),
  };
}

function ofCurrency(currency: CurrencyCode, facts: DayFacts): CurrencyReport {
  const accounts = facts.accounts.filter((each) => each.currency === currency);
  const events = facts.events.filter((each) => each.currency === currency);
  const movedOn = (kind: AccountKind): bigint =>
    accounts.reduce((sum, each) => (each.kind === kind ? sum + each.creditMicros + each.debitMicros : sum), 0n);
  const totalOf = (name: Total): bigint => {
    const by = TOTALS[name];
    if ('event' in by) return events.find(({ event }) => event === by.event)?.amountMicros ?? 0n;
    return 'debited' in by ? -movedOn(by.debited) : movedOn(by.credited);
  };
  return {
    currency,
    totals: Object.fromEntries(TOTAL_NAMES.map((name) => [name, formatDecimal(totalOf(name))])) as Record<
      Total,
      string
    >,
    events: events.map(({ event, journals, amountMicros }) => ({
      event,
      journals,
      amount: formatDecimal(amountMicros),
    })),
    accounts: accounts.map(({ kind, closingMicros, creditMicros, debitMicros }) => ({
      kind,
      opening: formatDecimal(closingMicros - creditMicros - debitMicros),
      credits: formatDecimal(creditMicros),
      debits: formatDecimal(debitMicros),
      closing: formatDecimal(closingMicros),
    })),
  };
}
