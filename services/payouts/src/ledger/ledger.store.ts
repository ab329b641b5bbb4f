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
  /** `account` is the place of the leg's account among those of the batch, from 1. */
  readonly legs: readonly { readonly account: number; readonly amountMicros: bigint }[];
}

interface FoundAccount extends AccountKey {
  readonly id: AccountId;
  /** Whether the row is there that this writer adds to. */
  readonly hasBalance: boolean;
}

/** A balance under its row lock, on its way to the new one. */
interface OpenBalance {
  readonly key: AccountKey;
  readonly accountId: AccountId;
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
    const { written, accounts } = this.#settle(journals);
    if (written.length === 0) return;
    const opensAt = await this.#holdOpenPeriods(new Set(written.map(({ journal }) => journal.tenantId)));
    const stripe = 1 + ((this.#tools.randomBytes(1)[0] ?? 0) % HOUSE_STRIPES);
    let balances = await this.#lockBalances(accounts, stripe);
    if (balances === undefined) {
      // New rows first, locks second: who waits here for somebody's new row holds no lock that the other may want.
      await this.#openAccounts(accounts, stripe);
      balances = await this.#lockBalances(accounts, stripe);
    }
    if (balances === undefined) throw new Error('an account was opened and then not found');
    const open = balances;
    const postings = written.flatMap((each, n) => post(each, n + 1, open));
    await this.#insertJournals(written, opensAt);
    await this.#insertPostings(written, { balances: open, stripe, postings });
  }

  /** The journals with their legs settled, and their accounts, each once. */
  #settle(journals: readonly Journal[]): { written: WrittenJournal[]; accounts: AccountKey[] } {
    const accounts: AccountKey[] = [];
    const places = new Map<string, number>();
    const placeOf = (account: AccountKey): number => {
      const text = accountKeyText(account);
      const place = places.get(text) ?? accounts.push(account);
      places.set(text, place);
      return place;
    };
    const written = journals.flatMap((journal) => {
      const legs = settleLegs(journal).map(({ account, amountMicros }) => ({
        account: placeOf(account),
        amountMicros,
      }));
      return legs.length === 0 ? [] : [{ id: asJournalId(this.#tools.newId()), journal, legs }];
    });
    return { written, accounts };
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

  /**
   * Locks the balances, all or none, in one order for everybody. Undefined: not all of them are there yet. What comes back
   * is one text, because thousands of rows cost more to read than to find.
   */
  async #lockBalances(accounts: readonly AccountKey[], stripe: number): Promise<OpenBalance[] | undefined> {
    const { slots, slotOf } = slotsOf(accounts);
    const { rows } = await this.#sql.query<{ locked: string | null }>(
      `WITH found AS MATERIALIZED (
         SELECT asked.n, b.tenant_id, b.account_id, b.stripe
         FROM unnest($1::int[], $2::uuid[]) WITH ORDINALITY AS asked (slot, owner_id, n)
         JOIN unnest($3::uuid[], $4::text[], $5::text[], $6::smallint[])
           WITH ORDINALITY AS slot (tenant_id, currency, kind, stripe, n) ON slot.n = asked.slot
         JOIN account a ON a.tenant_id = slot.tenant_id AND a.owner_id = asked.owner_id
           AND a.currency = slot.currency AND a.kind = slot.kind
         JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = slot.stripe)
       SELECT string_agg(concat_ws(' ', n, account_id, balance_micros, last_position), ',') AS locked
       FROM (SELECT found.n, b.account_id, b.balance_micros, b.last_position
             FROM found JOIN account_balance b USING (tenant_id, account_id, stripe)
             WHERE (SELECT count(*) FROM found) = $7
             ORDER BY b.tenant_id, b.account_id, b.stripe FOR NO KEY UPDATE OF b) AS balance`,
      [
        slotOf,
        accounts.map(({ ownerId }) => ownerId),
        slots.map(({ tenantId }) => tenantId),
        slots.map(({ currency }) => currency),
        slots.map(({ kind }) => kind),
        slots.map(({ kind }) => (isHouseKind(kind) ? stripe : 0)),
        accounts.length,
      ],
    );
    const locked = rows[0]?.locked;
    if (locked === null || locked === undefined) return undefined;
    const balances = locked.split(',').map((text): [number, OpenBalance] => {
      const [n = '', id = '', balance = '', last = ''] = text.split(' ');
      const key = accounts[Number(n) - 1];
      if (key === undefined) throw new Error('a balance was locked that nobody asked for');
      return [
        Number(n),
        { key, accountId: asAccountId(id), balanceMicros: BigInt(balance), lastPosition: BigInt(last) },
      ];
    });
    return balances.toSorted(([a], [b]) => a - b).map(([, balance]) => balance);
  }

  /** Opens the accounts that do not exist yet, and the rows that this writer adds to. */
  async #openAccounts(keys: readonly AccountKey[], stripe: number): Promise<void> {
    const found = await this.#findAccounts(keys, stripe);
    const missing = keys
      .filter((key) => !found.has(accountKeyText(key)))
      .toSorted((a, b) => (accountKeyText(a) < accountKeyText(b) ? -1 : 1));
    if (missing.length > 0) {
      await this.#sql.query(
        `INSERT INTO account (tenant_id, owner_id, currency, kind, id, opened_at)
         SELECT *, $6::timestamptz FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[])
         ON CONFLICT DO NOTHING`,
        [...columnsOf(missing), missing.map(() => this.#tools.newId()), this.#tools.clock.now()],
      );
      // Somebody else may have opened them at the same moment: what counts is what stands now.
      for (const [text, account] of await this.#findAccounts(missing, stripe)) found.set(text, account);
    }
    await this.#openBalances(
      [...found.values()]
        .filter(({ hasBalance }) => !hasBalance)
        .map(({ tenantId, id: accountId, kind }) => ({ tenantId, accountId, stripe: isHouseKind(kind) ? stripe : 0 })),
    );
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
      `SELECT asked.n, a.id, EXISTS (
                SELECT FROM account_balance b WHERE b.tenant_id = a.tenant_id AND b.account_id = a.id
                  AND b.stripe = CASE WHEN a.owner_id = a.tenant_id THEN $5 ELSE 0 END) AS has_balance
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

  async #insertJournals(written: readonly WrittenJournal[], opensAt: ReadonlyMap<string, Date>): Promise<void> {
    const now = this.#tools.clock.now();
    // A clock that lags behind the one that closed the period: the journal goes into the open period all the same.
    const recordedAt = ({ journal: { tenantId } }: WrittenJournal): string => {
      const opened = opensAt.get(tenantId);
      return (opened !== undefined && opened > now ? opened : now).toISOString();
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
        written.map(({ journal }) => journal.occurredAt.toISOString()),
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
    { balances, stripe, postings }: { balances: readonly OpenBalance[]; stripe: number; postings: readonly Posting[] },
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
        balances.map(({ key }) => key.tenantId),
        balances.map(({ accountId }) => accountId),
        balances.map(({ key }) => (isHouseKind(key.kind) ? stripe : 0)),
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

function post({ journal, legs }: WrittenJournal, place: number, balances: readonly OpenBalance[]): Posting[] {
  return legs.map(({ account, amountMicros }) => {
    const balance = balances[account - 1];
    if (balance === undefined) throw new Error('a leg has no balance');
    balance.balanceMicros += amountMicros;
    const posting = { journal: place, account, amountMicros };
    if (isHouseKind(balance.key.kind)) return { ...posting, position: null, balanceAfterMicros: null };
    if (!journal.mayOverdraw && amountMicros < 0n && balance.balanceMicros < 0n) {
      throw new DomainError('INSUFFICIENT_BALANCE');
    }
    balance.lastPosition += 1n;
    return { ...posting, position: balance.lastPosition, balanceAfterMicros: balance.balanceMicros };
  });
}

/** What many accounts have in common, each once, and which of them each account has, from 1. */
function slotsOf(accounts: readonly AccountKey[]): { slots: AccountKey[]; slotOf: number[] } {
  const slots: AccountKey[] = [];
  const places = new Map<string, number>();
  const slotOf = accounts.map((account) => {
    const text = `${account.tenantId} ${account.currency} ${account.kind}`;
    const place = places.get(text) ?? slots.push(account);
    places.set(text, place);
    return place;
  });
  return { slots, slotOf };
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
