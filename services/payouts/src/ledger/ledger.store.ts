import type { Sql } from '@dailydoco/database';
import { DomainError } from '@dailydoco/errors';
import { asJournalId, type JournalId } from '../ids.js';
import { type AccountKey, isHouseKind } from './account.js';
import { type Journal, type SettledLeg, settleLegs } from './journal.js';

/** Stripes of an account of the house; a person's account is stripe 0. */
const HOUSE_STRIPES = 16;

interface WrittenJournal {
  readonly id: JournalId;
  readonly journal: Journal;
  readonly legs: readonly SettledLeg[];
}

/** Accounts of one tenant, currency and kind: a batch has few such groups, and many accounts. */
interface Group {
  /** Its place among the groups of the batch, from 1. */
  readonly place: number;
  readonly account: Omit<AccountKey, 'ownerId'>;
  readonly isHouse: boolean;
}

/** What a batch does to one account, relative to where its balance stands. */
interface Move {
  readonly account: AccountKey;
  readonly group: Group;
  /** Its place among the accounts of the batch, from 1: a number is much less to send for each posting than an id. */
  readonly place: number;
  deltaMicros: bigint;
  /** How many postings a person's account gets; those of the house are numbered by a sequence. */
  count: bigint;
  /** The lowest point after a posting that may not overdraw; null: there is none. */
  floorMicros: bigint | null;
}

/** A posting with the sum and the number of those of its account so far, its own included. */
interface Posting {
  /** The place of its journal in the batch, from 1. */
  readonly journal: number;
  readonly move: Move;
  readonly amountMicros: bigint;
  readonly soFarMicros: bigint;
  readonly number: bigint;
}

interface Batch {
  readonly written: readonly WrittenJournal[];
  readonly groups: readonly Group[];
  readonly moves: readonly Move[];
  readonly postings: readonly Posting[];
}

type Outcome = 'moved' | 'missing' | 'insufficient';

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
   * journal that may not overdraw would, and has written nothing then; a second journal for one cause fails on its unique
   * key.
   */
  async write(journals: readonly Journal[]): Promise<void> {
    const written = journals
      .map((journal) => ({ id: asJournalId(this.#tools.newId()), journal, legs: settleLegs(journal) }))
      .filter(({ legs }) => legs.length > 0);
    if (written.length === 0) return;
    const opensAt = await this.#holdOpenPeriods(new Set(written.map(({ journal }) => journal.tenantId)));
    const stripe = 1 + ((this.#tools.randomBytes(1)[0] ?? 0) % HOUSE_STRIPES);
    await this.#post(batchOf(written), stripe);
    await this.#insertJournals(written, opensAt);
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

  /** Writes the postings and adds to the balances, under their row locks; opens what accounts are not there yet. */
  async #post(batch: Batch, stripe: number): Promise<void> {
    for (const isLast of [false, true]) {
      const outcome = await this.#postToAccounts(batch, stripe);
      if (outcome === 'insufficient') throw new DomainError('INSUFFICIENT_BALANCE');
      if (outcome === 'moved') return;
      // Nothing is locked yet: who waits here for somebody's new row has none that the other may want.
      if (!isLast) await this.#open(batch.moves, stripe);
    }
    throw new Error('an account was opened and then not found');
  }

  /** Asserts invariant I2 on each account, too: what is posted to it is what its balance moves by, else nothing is written. */
  async #postToAccounts({ written, groups, moves, postings }: Batch, stripe: number): Promise<Outcome | undefined> {
    const floors = moves.map(({ floorMicros }) => floorMicros);
    const { rows } = await this.#sql.query<{ outcome: Outcome }>(
      `SELECT post_to_accounts($1::uuid[], $2::text[], $3::text[], $4::smallint[], $5::uuid[], $6::int[], $7::numeric[],
                               $8::bigint[], $9::numeric[], $10::uuid[], $11::int[], $12::int[], $13::bigint[],
                               $14::bigint[], $15::numeric[]) AS outcome`,
      [
        groups.map(({ account }) => account.tenantId),
        groups.map(({ account }) => account.currency),
        groups.map(({ account }) => account.kind),
        groups.map(({ isHouse }) => (isHouse ? stripe : 0)),
        moves.map(({ account }) => account.ownerId),
        moves.map(({ group }) => group.place),
        moves.map(({ deltaMicros }) => deltaMicros),
        moves.map(({ count }) => count),
        floors.some((floor) => floor !== null) ? floors : [],
        written.map(({ id }) => id),
        postings.map(({ journal }) => journal),
        postings.map(({ move }) => move.place),
        postings.map(({ amountMicros }) => amountMicros),
        postings.map(({ number }) => number),
        postings.map(({ soFarMicros }) => soFarMicros),
      ],
    );
    return rows[0]?.outcome;
  }

  /** Opens the accounts that do not exist, and the rows that their balances are kept in. Somebody else may do so at the same moment. */
  async #open(moves: readonly Move[], stripe: number): Promise<void> {
    const columns = accountColumns(moves, stripe);
    await this.#sql.query(
      `INSERT INTO account (tenant_id, owner_id, currency, kind, id, opened_at)
       SELECT asked.*, $6::timestamptz
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::uuid[])
         AS asked (tenant_id, owner_id, currency, kind, id)
       WHERE NOT EXISTS (
         SELECT FROM account a WHERE (a.tenant_id, a.owner_id, a.currency, a.kind)
           = (asked.tenant_id, asked.owner_id, asked.currency, asked.kind))
       ORDER BY tenant_id, owner_id, currency, kind ON CONFLICT DO NOTHING`,
      [...columns.slice(0, 4), moves.map(() => this.#tools.newId()), this.#tools.clock.now()],
    );
    await this.#sql.query(
      `INSERT INTO account_balance (tenant_id, account_id, stripe)
       SELECT a.tenant_id, a.id, asked.stripe
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::smallint[])
         AS asked (tenant_id, owner_id, currency, kind, stripe)
       JOIN account a USING (tenant_id, owner_id, currency, kind)
       WHERE NOT EXISTS (
         SELECT FROM account_balance b
         WHERE (b.tenant_id, b.account_id, b.stripe) = (a.tenant_id, a.id, asked.stripe))
       ORDER BY a.tenant_id, a.id, asked.stripe ON CONFLICT DO NOTHING`,
      columns,
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
}

/** The postings of a batch in their order, and what they come to for each account. */
function batchOf(written: readonly WrittenJournal[]): Batch {
  const groups = new Map<string, Group>();
  const moves = new Map<string, Move>();
  const postings: Posting[] = [];
  written.forEach(({ journal, legs }, n) => {
    for (const { account, accountText, amountMicros } of legs) {
      let move = moves.get(accountText);
      if (move === undefined) {
        const group = groupOf(account, groups);
        move = { account, group, place: moves.size + 1, deltaMicros: 0n, count: 0n, floorMicros: null };
        moves.set(accountText, move);
      }
      add(move, { amountMicros, mayOverdraw: journal.mayOverdraw });
      postings.push({ journal: n + 1, move, amountMicros, soFarMicros: move.deltaMicros, number: move.count });
    }
  });
  return { written, groups: [...groups.values()], moves: [...moves.values()], postings };
}

function groupOf(account: AccountKey, groups: Map<string, Group>): Group {
  const text = `${account.tenantId} ${account.currency} ${account.kind}`;
  let group = groups.get(text);
  if (group === undefined) {
    group = { place: groups.size + 1, account, isHouse: isHouseKind(account.kind) };
    groups.set(text, group);
  }
  return group;
}

function add(move: Move, { amountMicros, mayOverdraw }: { amountMicros: bigint; mayOverdraw: boolean }): void {
  move.deltaMicros += amountMicros;
  if (move.group.isHouse) return;
  move.count += 1n;
  const isLower = move.floorMicros === null || move.deltaMicros < move.floorMicros;
  if (!mayOverdraw && amountMicros < 0n && isLower) move.floorMicros = move.deltaMicros;
}

function accountColumns(
  moves: readonly Move[],
  houseStripe: number,
): [string[], string[], string[], string[], number[]] {
  return [
    moves.map(({ account }) => account.tenantId),
    moves.map(({ account }) => account.ownerId),
    moves.map(({ account }) => account.currency),
    moves.map(({ account }) => account.kind),
    moves.map(({ group }) => (group.isHouse ? houseStripe : 0)),
  ];
}
