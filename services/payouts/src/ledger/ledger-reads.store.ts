import { prepared, type Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import {
  type AccountId,
  asAccountId,
  asAdjustmentId,
  asJournalId,
  asPayoutId,
  asPurchaseId,
  asRefundId,
  asUserId,
  type TenantId,
  type UserId,
} from '../ids.js';
import type { Account, AccountKind, PersonKind } from './account.js';
import type {
  AccountBalance,
  AccountsQuery,
  Balance,
  LedgerReads,
  StatementLine,
  StatementQuery,
  TrialBalance,
} from './read-ledger.js';

const BALANCES_OF = prepared(
  `SELECT a.currency, a.kind, a.id, b.balance_micros AS micros
   FROM account a JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = 0
   WHERE a.tenant_id = $1 AND a.owner_id = $2
   UNION ALL
   SELECT currency, 'paid', NULL, sum(amount_micros - withheld_micros) FROM payout
   WHERE tenant_id = $1 AND person_id = $2 AND status = 'settled' GROUP BY currency`,
);

/** The ledger as it stands. */
export class LedgerReadStore implements LedgerReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async balancesOf(tenantId: TenantId, personId: UserId): Promise<Balance[]> {
    // One statement, so that a payout under way is seen on one side only.
    const { rows } = await this.#sql.query<BalanceRow>(BALANCES_OF, [tenantId, personId]);
    return toBalances(rows);
  }

  async trialBalance(tenantId: TenantId): Promise<TrialBalance[]> {
    const { rows } = await this.#sql.query<{ currency: string; debit: string; credit: string }>(
      `SELECT currency, sum(greatest(-balance, 0)) AS debit, sum(greatest(balance, 0)) AS credit
       FROM (SELECT a.currency, a.id, sum(b.balance_micros) AS balance
             FROM account a JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
             WHERE a.tenant_id = $1 GROUP BY a.currency, a.id) AS account_sum
       GROUP BY currency ORDER BY currency`,
      [tenantId],
    );
    return rows.map(({ currency, debit, credit }) => ({
      currency: currencyOf(currency),
      debitMicros: BigInt(debit),
      creditMicros: BigInt(credit),
    }));
  }

  async findAccount(tenantId: TenantId, accountId: AccountId): Promise<Account | undefined> {
    const { rows } = await this.#sql.query<{ owner_id: string; currency: string; kind: AccountKind }>(
      'SELECT owner_id, currency, kind FROM account WHERE tenant_id = $1 AND id = $2',
      [tenantId, accountId],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    const { owner_id: ownerId, currency, kind } = row;
    return { tenantId, id: accountId, ownerId: asUserId(ownerId), currency: currencyOf(currency), kind };
  }

  async accounts(query: AccountsQuery): Promise<AccountBalance[]> {
    const { tenantId, ownerId, kind, negative, after, limit } = query;
    const { rows } = await this.#sql.query<{
      id: string;
      owner_id: string;
      currency: string;
      kind: AccountKind;
      micros: string;
    }>(
      `SELECT a.id, a.owner_id, a.currency, a.kind, coalesce(sum(b.balance_micros), 0) AS micros
       FROM account a LEFT JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id
       WHERE a.tenant_id = $1 AND ($2::uuid IS NULL OR a.owner_id = $2) AND ($3::text IS NULL OR a.kind = $3)
         AND ($4::uuid IS NULL OR a.id > $4)
       GROUP BY a.tenant_id, a.id
       HAVING NOT $5::boolean OR sum(b.balance_micros) < 0
       ORDER BY a.id LIMIT $6`,
      [tenantId, ownerId ?? null, kind ?? null, after ?? null, negative, limit],
    );
    return rows.map((row) => ({
      tenantId,
      id: asAccountId(row.id),
      ownerId: asUserId(row.owner_id),
      currency: currencyOf(row.currency),
      kind: row.kind,
      balanceMicros: BigInt(row.micros),
    }));
  }

  async statement(query: StatementQuery): Promise<StatementLine[]> {
    // An account of the house has no running balance of its own: the sum up to the newest line of the page, less what
    // stands above each line.
    const { rows } = await this.#sql.query<StatementRow>(
      `WITH line AS (
         SELECT p.*, j.event_type, j.purchase_id, j.purchase_sequence, j.refund_id, j.payout_id, j.payout_step,
                j.adjustment_id, j.reverses, j.corrects, j.reason, j.occurred_at, j.recorded_at
         FROM posting p JOIN journal j ON j.tenant_id = p.tenant_id AND j.id = p.journal_id
         WHERE p.tenant_id = $1 AND p.account_id = $2 AND ($3::bigint IS NULL OR p.position < $3)
           AND ($5::timestamptz IS NULL OR j.recorded_at >= $5) AND ($6::timestamptz IS NULL OR j.recorded_at < $6)
         ORDER BY p.position DESC LIMIT $4)
       SELECT line.*,
              coalesce(line.balance_after_micros,
                (SELECT sum(p.amount_micros) FROM posting p WHERE p.tenant_id = $1 AND p.account_id = $2
                   AND p.position <= (SELECT max(position) FROM line))
                - coalesce(sum(line.amount_micros) OVER above, 0)) AS balance_micros
       FROM line
       WINDOW above AS (ORDER BY line.position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
       ORDER BY line.position DESC`,
      [query.tenantId, query.accountId, query.before ?? null, query.limit, query.from ?? null, query.to ?? null],
    );
    return rows.map(toLine);
  }
}

/** A balance by its kind; `paid` is no account. */
export interface BalanceRow {
  readonly currency: string;
  readonly kind: PersonKind | 'paid';
  readonly id: string | null;
  readonly micros: string;
}

/** A person's balances, one per currency. */
export function toBalances(rows: readonly BalanceRow[]): Balance[] {
  return [...Map.groupBy(rows, ({ currency }) => currency)]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, own]) => {
      const micros = (kind: string): bigint => BigInt(own.find((row) => row.kind === kind)?.micros ?? 0);
      return {
        currency: currencyOf(currency),
        pendingMicros: micros('pending'),
        heldMicros: micros('held'),
        availableMicros: micros('available'),
        inTransitMicros: micros('in_transit'),
        paidMicros: micros('paid'),
        accounts: new Map(
          own.flatMap(({ kind, id }) => (kind === 'paid' || id === null ? [] : [[kind, asAccountId(id)] as const])),
        ),
      };
    });
}

interface StatementRow {
  journal_id: string;
  position: bigint;
  amount_micros: bigint;
  balance_micros: string;
  event_type: string;
  purchase_id: string | null;
  purchase_sequence: bigint | null;
  refund_id: string | null;
  payout_id: string | null;
  payout_step: string | null;
  adjustment_id: string | null;
  reverses: string | null;
  corrects: string | null;
  reason: string | null;
  occurred_at: Date;
  recorded_at: Date;
}

function toLine(row: StatementRow): StatementLine {
  return {
    journalId: asJournalId(row.journal_id),
    position: row.position,
    amountMicros: row.amount_micros,
    balanceMicros: BigInt(row.balance_micros),
    eventType: row.event_type,
    purchaseId: row.purchase_id === null ? undefined : asPurchaseId(row.purchase_id),
    purchaseSequence: row.purchase_sequence ?? undefined,
    refundId: row.refund_id === null ? undefined : asRefundId(row.refund_id),
    payoutId: row.payout_id === null ? undefined : asPayoutId(row.payout_id),
    payoutStep: row.payout_step ?? undefined,
    adjustmentId: row.adjustment_id === null ? undefined : asAdjustmentId(row.adjustment_id),
    reverses: row.reverses === null ? undefined : asJournalId(row.reverses),
    corrects: row.corrects === null ? undefined : asJournalId(row.corrects),
    reason: row.reason ?? undefined,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
  };
}
