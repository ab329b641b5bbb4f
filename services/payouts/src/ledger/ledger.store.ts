import type { Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { asAccountId, asJournalId, type AccountId, type JournalId } from '../ids.js';
import { type AccountKey, accountKeyText, isHouseKind } from './account.js';
import { type Journal, settleLegs } from './journal.js';

/** Stripes of an account of the house; a person's account is stripe 0. */
const HOUSE_STRIPES = 16;

/** Names its journal and its account by their places in the batch: a number for each is much less to send than ids. */
interface Posting {
  readonly journal: number;
  readonly account: number;
  readonly amountMicros: bigint;
  /** Null: numbered by the sequence of the house. */
  readonly position: bigint | null;
  readonly balanceAfterMicros: bigint | null;
}

interface WrittenJournal {
  readonly id: JournalId;
  readonly journal: Journal;
  readonly legs: ReturnType<typeof settleLegs>;
}

interface FoundAccount extends AccountKey {
  readonly id: AccountId;
  /** Whether the row is there that this writer adds to. */
  readonly hasBalance: boolean;
}

/** A balance under its row lock, on its way to the new one. */
interface OpenBalance {
  readonly tenantId: string;
  readonly accountId: AccountId;
  readonly stripe: number;
  /** Its place among the accounts of the batch, from 1. */
  readonly place: number;
  balanceMicros: bigint;
  lastPosition: bigint;
}

export interface LedgerTools {
  readonly clock: { now(): Date };
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}

/**
 * Writes journals, many at once, with as many statements for a thousand as for one. Balances are locked in one order by
 * everybody. An account of the house is hot: each call adds to one of its stripes, chosen at random, so that writers
 * rarely wait for each other there.
 */
export class LedgerStore {
  readonly #sql: Sql;
  readonly #tools: LedgerTools;

  constructor(sql: Sql, tools: LedgerTools) {
    this.#sql = sql;
    this.#tools = tools;
  }

  /**
   * Writes the journals, in their order, inside the caller's database transaction. Throws INSUFFICIENT_BALANCE when a
   * journal that may not overdraw would; a second journal for one cause fails on its unique key.
   */
  async write(journals: readonly Journal[]): Promise<void> {
    const written = journals
      .map((journal) => ({ id: asJournalId(this.#tools.newId()), journal, legs: settleLegs(journal) }))
      .filter(({ legs }) => legs.length > 0);
    if (written.length === 0) return;
    const opensAt = await this.#holdOpenPeriods(new Set(written.map(({ journal }) => journal.tenantId)));
    const stripe = 1 + ((this.#tools.randomBytes(1)[0] ?? 0) % HOUSE_STRIPES);
    const wanted = written.flatMap(({ legs }) => legs.map(({ account }) => account));
    const accounts = await this.#accounts(wanted, stripe);
    const balances = await this.#lockBalances(accounts, stripe);
    const postings = written.flatMap((each, n) => post(each, n + 1, accounts, balances));
    await this.#insertJournals(written, opensAt);
    await this.#insertPostings(written, [...balances.values()], postings);
  }

  /**
   * Keeps the tenants' open periods open until the commit; where they begin, of those that have closed one. Comes before
   * any lock of a row, so that a close that waits for this writer never stands between it and a row's holder.
   */
  async #holdOpenPeriods(tenants: ReadonlySet<string>): Promise<Map<string, Date>> {
    const { rows } = await this.#sql.query<{ tenant_id: string; opens_at: Date }>(
      'SELECT tenant_id, opens_at FROM hold_open_period($1::uuid[])',
      [[...tenants]],
    );
    return new Map(rows.map((row) => [row.tenant_id, row.opens_at]));
  }

  /** The ids of the accounts; those that do not exist yet are opened. */
  async #accounts(wanted: readonly AccountKey[], stripe: number): Promise<Map<string, FoundAccount>> {
    const keys = [...new Map(wanted.map((key) => [accountKeyText(key), key])).values()];
    const found = await this.#findAccounts(keys, stripe);
    const missing = keys
      .filter((key) => !found.has(accountKeyText(key)))
      .toSorted((a, b) => (accountKeyText(a) < accountKeyText(b) ? -1 : 1));
    if (missing.length === 0) return found;
    await this.#sql.query(
      `INSERT INTO account (tenant_id, owner_id, currency, kind, id, opened_at)
       SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[])
       ON CONFLICT DO NOTHING`,
      [...columnsOf(missing), missing.map(() => this.#tools.newId()), this.#tools.clock.now()],
    );
    // Somebody else may have opened them at the same moment: what counts is what stands now.
    const opened = await this.#findAccounts(missing, stripe);
    for (const [text, account] of opened) found.set(text, account);
    const ofPersons = [...opened.values()].filter(({ kind }) => !isHouseKind(kind));
    await this.#openBalances(ofPersons.map(({ tenantId, id: accountId }) => ({ tenantId, accountId, stripe: 0 })));
    return found;
  }

  async #openBalances(rows: readonly { tenantId: string; accountId: AccountId; stripe: number }[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#sql.query(
      `INSERT INTO account_balance (tenant_id, account_id, stripe)
       SELECT tenant_id, account_id, stripe
       FROM unnest($1::uuid[], $2::uuid[], $3::smallint[]) AS new (tenant_id, account_id, stripe)
       ORDER BY tenant_id, account_id, stripe ON CONFLICT DO NOTHING`,
      rowColumns(rows),
    );
  }

  /** `stripe` is the one of the house's accounts that this writer adds to. */
  async #findAccounts(keys: readonly AccountKey[], stripe: number): Promise<Map<string, FoundAccount>> {
    const { rows } = await this.#sql.query<{ n: bigint; id: string; has_balance: boolean }>(
      `SELECT asked.n, a.id,
              CASE WHEN a.owner_id <> a.tenant_id THEN true ELSE EXISTS (
                SELECT FROM account_balance b
                WHERE b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = $5) END AS has_balance
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[])
         WITH ORDINALITY AS asked (tenant_id, owner_id, currency, kind, n)
       JOIN account a USING (tenant_id, owner_id, currency, kind)`,
      [...columnsOf(keys), stripe],
    );
    const found = new Map<string, FoundAccount>();
    for (const { n, id, has_balance: hasBalance } of rows) {
      const key = keys[Number(n) - 1];
      if (key !== undefined) found.set(accountKeyText(key), { ...key, id: asAccountId(id), hasBalance });
    }
    return found;
  }

  async #lockBalances(
    accounts: ReadonlyMap<string, FoundAccount>,
    houseStripe: number,
  ): Promise<Map<AccountId, OpenBalance>> {
    const wanted = [...accounts.values()].map(({ tenantId, id: accountId, kind, hasBalance }) => ({
      tenantId,
      accountId,
      stripe: isHouseKind(kind) ? houseStripe : 0,
      hasBalance,
    }));
    // New rows first, locks second: who waits here for somebody's new row holds no lock that the other may want.
    await this.#openBalances(wanted.filter(({ hasBalance }) => !hasBalance));
    return this.#lockRows(wanted);
  }

  async #lockRows(
    wanted: readonly { tenantId: string; accountId: AccountId; stripe: number }[],
  ): Promise<Map<AccountId, OpenBalance>> {
    const { rows } = await this.#sql.query<{
      tenant_id: string;
      account_id: string;
      stripe: number;
      balance_micros: string;
      last_position: bigint;
    }>(
      `SELECT b.tenant_id, b.account_id, b.stripe, b.balance_micros, b.last_position
       FROM account_balance b
       JOIN unnest($1::uuid[], $2::uuid[], $3::smallint[]) AS asked (tenant_id, account_id, stripe)
         USING (tenant_id, account_id, stripe)
       ORDER BY b.tenant_id, b.account_id, b.stripe FOR NO KEY UPDATE OF b`,
      rowColumns(wanted),
    );
    return new Map(
      rows.map((row, n) => {
        const accountId = asAccountId(row.account_id);
        const { tenant_id: tenantId, stripe, last_position: lastPosition } = row;
        return [
          accountId,
          { tenantId, accountId, stripe, place: n + 1, balanceMicros: BigInt(row.balance_micros), lastPosition },
        ] as const;
      }),
    );
  }

  async #insertJournals(written: readonly WrittenJournal[], opensAt: ReadonlyMap<string, Date>): Promise<void> {
    const now = this.#tools.clock.now();
    // A clock that lags behind the one that closed the period: the journal goes into the open period all the same.
    const recordedAt = ({ journal: { tenantId } }: WrittenJournal): Date => {
      const opened = opensAt.get(tenantId);
      return opened !== undefined && opened > now ? opened : now;
    };
    const purchase = ({ journal: { cause } }: WrittenJournal) => (cause.kind === 'purchase' ? cause : undefined);
    const payout = ({ journal: { cause } }: WrittenJournal) => (cause.kind === 'payout' ? cause : undefined);
    const adjustment = ({ journal: { cause } }: WrittenJournal) => (cause.kind === 'adjustment' ? cause : undefined);
    await this.#sql.query(
      `INSERT INTO journal (tenant_id, id, event_type, currency, purchase_id, purchase_sequence, refund_id, payout_id,
                            payout_step, reason, occurred_at, recorded_at, adjustment_id, reverses, corrects)
       SELECT *
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::bigint[], $7::uuid[], $8::uuid[],
                   $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::uuid[], $14::uuid[],
                   $15::uuid[])`,
      [
        written.map(({ journal }) => journal.tenantId),
        written.map(({ id }) => id),
        written.map(({ journal }) => journal.eventType),
        written.map(({ journal }) => journal.currency),
        written.map((each) => purchase(each)?.purchaseId ?? null),
        written.map((each) => purchase(each)?.sequence ?? null),
        written.map((each) => purchase(each)?.refundId ?? null),
        written.map((each) => payout(each)?.payoutId ?? null),
        written.map((each) => payout(each)?.step ?? null),
        written.map(({ journal }) => journal.reason ?? null),
        written.map(({ journal }) => journal.occurredAt),
        written.map(recordedAt),
        written.map((each) => adjustment(each)?.adjustmentId ?? null),
        written.map(({ journal }) => journal.reverses ?? null),
        written.map(({ journal }) => journal.corrects ?? null),
      ],
    );
  }

  /**
   * Writes the postings, saves the balances, and asserts invariant I2 on each: before the journals it stood at what it
   * stands at now less what was really posted. An account for which that does not hold is not saved, and then none is.
   */
  async #insertPostings(
    written: readonly WrittenJournal[],
    balances: readonly OpenBalance[],
    postings: readonly Posting[],
  ): Promise<void> {
    const { rows } = await this.#sql.query<{ saved: bigint }>(
      `WITH open AS (
         SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::smallint[], $5::numeric[], $6::bigint[])
           AS open (tenant_id, account_id, stripe, balance, last)),
       written AS (
         INSERT INTO posting (tenant_id, journal_id, account_id, amount_micros, position, balance_after_micros)
         SELECT ($2::uuid[])[account], ($1::uuid[])[journal], ($3::uuid[])[account], amount_micros,
                coalesce(position, nextval('house_position')), balance
         FROM unnest($7::int[], $8::int[], $9::bigint[], $10::bigint[], $11::numeric[])
           AS new (journal, account, amount_micros, position, balance)
         RETURNING tenant_id, account_id, amount_micros),
       posted AS (SELECT tenant_id, account_id, sum(amount_micros) AS sum FROM written GROUP BY tenant_id, account_id),
       saved AS (
         UPDATE account_balance b SET balance_micros = open.balance, last_position = open.last
         FROM open JOIN posted USING (tenant_id, account_id)
         WHERE b.tenant_id = open.tenant_id AND b.account_id = open.account_id AND b.stripe = open.stripe
           AND b.balance_micros + posted.sum = open.balance
         RETURNING 1)
       SELECT count(*) AS saved FROM saved`,
      [
        written.map(({ id }) => id),
        ...rowColumns(balances),
        balances.map(({ balanceMicros }) => balanceMicros),
        balances.map(({ lastPosition }) => lastPosition),
        postings.map(({ journal }) => journal),
        postings.map(({ account }) => account),
        postings.map(({ amountMicros }) => amountMicros),
        postings.map(({ position }) => position),
        postings.map(({ balanceAfterMicros }) => balanceAfterMicros),
      ],
    );
    if (rows[0]?.saved !== BigInt(balances.length)) {
      throw new Error(`I2: only ${rows[0]?.saved} of ${balances.length} balances move by what was posted to them`);
    }
  }
}

function post(
  { journal, legs }: WrittenJournal,
  place: number,
  accounts: ReadonlyMap<string, FoundAccount>,
  balances: ReadonlyMap<AccountId, OpenBalance>,
): Posting[] {
  return legs.map(({ account, amountMicros }) => {
    const accountId = accounts.get(accountKeyText(account))?.id;
    const balance = accountId && balances.get(accountId);
    if (accountId === undefined || balance === undefined) throw new Error('an account was opened and then not found');
    balance.balanceMicros += amountMicros;
    const posting = { journal: place, account: balance.place, amountMicros };
    if (isHouseKind(account.kind)) return { ...posting, position: null, balanceAfterMicros: null };
    if (!journal.mayOverdraw && amountMicros < 0n && balance.balanceMicros < 0n) {
      throw new DomainError('INSUFFICIENT_BALANCE');
    }
    balance.lastPosition += 1n;
    return { ...posting, position: balance.lastPosition, balanceAfterMicros: balance.balanceMicros };
  });
}

function columnsOf(keys: readonly AccountKey[]): [string[], string[], string[], string[]] {
  return [
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ ownerId }) => ownerId),
    keys.map(({ currency }) => currency),
    keys.map(({ kind }) => kind),
  ];
}

function rowColumns(
  rows: readonly { tenantId: string; accountId: string; stripe: number }[],
): [string[], string[], number[]] {
  return [
    rows.map(({ tenantId }) => tenantId),
    rows.map(({ accountId }) => accountId),
    rows.map(({ stripe }) => stripe),
  ];
}
