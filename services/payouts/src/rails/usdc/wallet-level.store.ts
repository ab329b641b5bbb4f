import type { Sql } from '@dailydoco/database';
import type { WantedReads } from './wallet-level.js';

/** Payouts by USDC that have not ended, across tenants: all are paid from one wallet. */
export class WantedStore implements WantedReads {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async wantedMicros({
    chainId,
    wallet,
    chainNonce,
  }: {
    chainId: number;
    wallet: string;
    chainNonce: number;
  }): Promise<bigint> {
    const { rows } = await this.#sql.query<{ micros: string }>(
      `SELECT coalesce(sum(p.amount_micros - p.withheld_micros), 0)::text AS micros
       FROM payout p
       WHERE p.rail = 'usdc' AND p.status IN ('requested', 'screened', 'approved', 'submitted', 'unknown')
         AND NOT EXISTS (SELECT FROM usdc_transfer t
                         WHERE t.tenant_id = p.tenant_id AND t.reference = p.id
                           AND t.chain_id = $1 AND t.wallet = $2 AND t.nonce < $3)`,
      [chainId, wallet, chainNonce],
    );
    return BigInt(rows[0]?.micros ?? '0');
  }
}
