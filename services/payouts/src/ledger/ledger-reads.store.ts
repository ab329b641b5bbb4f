import type { Sql } from '@dailydoco/database';
import { currencyOf } from '@dailydoco/money';
import {
  type AccountId,
  asAccountId,
  asJournalId,
  asPayoutId,
  asPurchaseId,
  asRefundId,
  asUserId,
  type TenantId,
  type UserId,
} from '../ids.js';
import type { Account, AccountKind, PersonKind } from './account.js';
import type { Balance, LedgerReads, StatementLine, TrialBalance } from './read-ledger.js';

/** The ledger as it stands. */
export class LedgerReadStore implements LedgerReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async balancesOf(tenantId: TenantId, personId: UserId): Promise<Balance[]> {
    // One statement, so that a payout under way is seen on one side only.
    const { rows } = await this.#sql.query<{
      currency: string;
      kind: PersonKind | 'paid';
      id: string | null;
      micros: string;
    }>(
      `SELECT a.currency, a.kind, a.id, b.balance_micros AS micros
       FROM account a JOIN account_balance b ON b.tenant_id = a.tenant_id AND b.account_id = a.id AND b.stripe = 0
       WHERE a.tenant_id = $1 AND a.owner_id = $2
       UNION ALL
       SELECT currency, 'paid', NULL, sum(amount_micros - withheld_micros) FROM payout
       WHERE tenant_id = $1 AND person_id = $2 AND status = 'settled' GROUP BY currency`,
      [tenantId, personId],
    );
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

  async statement(query: {
    tenantId: TenantId;
    accountId: AccountId;
    before: bigint | undefined;
    limit: number;
  }): Promise<StatementLine[]> {
    // An account of the house has no running balance of its own: the sum up to the newest line of the page, less what
    // stands above each line.
    const { rows } = await this.#sql.query<StatementRow>(
      `WITH line AS (
         SELECT * FROM posting WHERE tenant_id = $1 AND account_id = $2 AND ($3::bigint IS NULL OR position < $3)
         ORDER BY position DESC LIMIT $4)
       SELECT line.journal_id, line.position, line.amount_micros,
              coalesce(line.balance_after_micros,
                (SELECT sum(p.amount_micros) FROM posting p WHERE p.tenant_id = $1 AND p.account_id = $2
                   AND p.position <= (SELECT max(position) FROM line))
                - coalesce(sum(line.amount_micros) OVER above, 0)) AS balance_micros,
              j.event_type, j.purchase_id, j.purchase_sequence, j.refund_id, j.payout_id, j.payout_step, j.reason,
              j.occurred_at, j.recorded_at
       FROM line JOIN journal j ON j.tenant_id = line.tenant_id AND j.id = line.journal_id
       WINDOW above AS (ORDER BY line.position DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
       ORDER BY line.position DESC`,
      [query.tenantId, query.accountId, query.before ?? null, query.limit],
    );
    return rows.map(toLine);
  }
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
    reason: row.reason ?? undefined,
    occurredAt: row.occurred_at,
    recordedAt: row.recorded_at,
  };
}
