import { type DatabaseTransaction, inDatabaseTransaction, type Sql } from '@dailydoco/database';
import type { Hex } from './token-chain.js';
import type { Attempt, NewTransfer, Payer, Reference, TokenTransfer, TransferBook } from './transfer-book.js';

interface TransferRow {
  tenant_id: Reference['tenantId'];
  reference: Reference['reference'];
  chain_id: bigint;
  wallet: Hex;
  token: Hex;
  amount_micros: bigint;
  nonce: bigint;
  nonce_lost_at: Date | null;
  moved: boolean | null;
  hash: Hex | null;
}

interface AttemptRow {
  nonce: bigint;
  hash: Hex;
  gas_limit: bigint;
  max_fee_per_gas: string;
  max_priority_fee_per_gas: string;
  signed_at: Date;
}

type Pool = Parameters<typeof inDatabaseTransaction>[0];

/** What was signed on the chain, by payout. */
export class UsdcTransferStore implements TransferBook {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  find(transfer: Reference): Promise<TokenTransfer | undefined> {
    return findTransfer(this.#pool, transfer);
  }

  begin(wanted: NewTransfer): Promise<TokenTransfer | undefined> {
    return inDatabaseTransaction(this.#pool, async (tx) => {
      const nextNonce = await lockWallet(tx, wanted.from);
      const known = await findTransfer(tx, wanted);
      if (known !== undefined) return known;
      return allot(tx, { ...wanted, nextNonce });
    });
  }

  beginAnew(wanted: NewTransfer, lost: TokenTransfer): Promise<TokenTransfer | undefined> {
    return inDatabaseTransaction(this.#pool, async (tx) => {
      const nextNonce = await lockWallet(tx, wanted.from);
      const known = await findTransfer(tx, wanted);
      if (known?.nonce !== lost.nonce || known.nonceLostAt === undefined) return known;
      return allot(tx, { ...wanted, nextNonce });
    });
  }

  async addAttempt(transfer: TokenTransfer, attempt: Attempt, after: Attempt): Promise<boolean> {
    const position = transfer.attempts.indexOf(after) + 2;
    return (await insertAttempt(this.#pool, transfer, { attempt, position })) === 1;
  }

  async noteNonceLost({ tenantId, reference }: Reference, at: Date | undefined): Promise<void> {
    await this.#pool.query('UPDATE usdc_transfer SET nonce_lost_at = $3 WHERE tenant_id = $1 AND reference = $2', [
      tenantId,
      reference,
      at ?? null,
    ]);
  }

  async end(
    { tenantId, reference }: Reference,
    ending: { moved: boolean; hash: Hex; block: bigint; feeWei: bigint; at: Date },
  ): Promise<void> {
    await this.#pool.query(
      `UPDATE usdc_transfer SET moved = $3, hash = $4, block = $5, fee_wei = $6, ended_at = $7
       WHERE tenant_id = $1 AND reference = $2 AND ended_at IS NULL`,
      [tenantId, reference, ending.moved, ending.hash, ending.block, ending.feeWei, ending.at],
    );
  }
}

/** The wallet's next nonce; nobody else allots one until the database transaction ends. */
async function lockWallet(tx: DatabaseTransaction, { chainId, wallet }: Payer): Promise<number> {
  await tx.query('INSERT INTO usdc_wallet (chain_id, wallet, next_nonce) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING', [
    chainId,
    wallet,
  ]);
  const { rows } = await tx.query<{ next_nonce: bigint }>(
    'SELECT next_nonce FROM usdc_wallet WHERE chain_id = $1 AND wallet = $2 FOR UPDATE',
    [chainId, wallet],
  );
  return Number(rows[0]?.next_nonce ?? 0n);
}

async function allot(
  tx: DatabaseTransaction,
  wanted: NewTransfer & { nextNonce: number },
): Promise<TokenTransfer | undefined> {
  const { tenantId, reference, amountMicros, from, chainNonce, nextNonce, at } = wanted;
  const { chainId, wallet, token } = from;
  if (wanted.tokenMicros - (await onTheWay(tx, wanted)) < amountMicros) return undefined;
  const nonce = Math.max(nextNonce, chainNonce);
  const attempt = await wanted.sign(nonce);
  await tx.query(
    `INSERT INTO usdc_transfer (tenant_id, reference, chain_id, wallet, token, amount_micros, nonce, begun_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (tenant_id, reference) DO UPDATE SET nonce = excluded.nonce, nonce_lost_at = NULL`,
    [tenantId, reference, chainId, wallet, token, amountMicros, nonce, at],
  );
  await insertAttempt(tx, wanted, { attempt, position: 1 });
  await tx.query('UPDATE usdc_wallet SET next_nonce = $3 WHERE chain_id = $1 AND wallet = $2', [
    chainId,
    wallet,
    nonce + 1,
  ]);
  return {
    tenantId,
    reference,
    amountMicros,
    from,
    nonce,
    attempts: [attempt],
    nonceLostAt: undefined,
    ending: undefined,
  };
}

/** What the wallet has signed away and the chain, at that nonce, has not taken from its balance yet. */
async function onTheWay(tx: DatabaseTransaction, { from, chainNonce }: NewTransfer): Promise<bigint> {
  const { rows } = await tx.query<{ micros: string }>(
    `SELECT coalesce(sum(amount_micros), 0)::text AS micros FROM usdc_transfer
     WHERE chain_id = $1 AND wallet = $2 AND token = $3 AND nonce >= $4`,
    [from.chainId, from.wallet, from.token, chainNonce],
  );
  return BigInt(rows[0]?.micros ?? '0');
}

async function insertAttempt(
  sql: Sql,
  { tenantId, reference }: Reference,
  { attempt, position }: { attempt: Attempt; position: number },
): Promise<number> {
  const { nonce, hash, gasLimit, maxFeePerGas, maxPriorityFeePerGas, signedAt } = attempt;
  const { rowCount } = await sql.query(
    `INSERT INTO usdc_attempt (tenant_id, reference, nonce, position, hash, gas_limit, max_fee_per_gas,
                               max_priority_fee_per_gas, signed_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
    [tenantId, reference, nonce, position, hash, gasLimit, maxFeePerGas, maxPriorityFeePerGas, signedAt],
  );
  return rowCount;
}

async function findTransfer(sql: Sql, { tenantId, reference }: Reference): Promise<TokenTransfer | undefined> {
  const { rows } = await sql.query<TransferRow>(
    `SELECT tenant_id, reference, chain_id, wallet, token, amount_micros, nonce, nonce_lost_at, moved, hash
     FROM usdc_transfer WHERE tenant_id = $1 AND reference = $2`,
    [tenantId, reference],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const attempts = await sql.query<AttemptRow>(
    `SELECT nonce, hash, gas_limit, max_fee_per_gas::text, max_priority_fee_per_gas::text, signed_at
     FROM usdc_attempt WHERE tenant_id = $1 AND reference = $2 AND nonce = $3 ORDER BY position`,
    [tenantId, reference, row.nonce],
  );
  return toTransfer(row, attempts.rows);
}

function toTransfer(row: TransferRow, attempts: readonly AttemptRow[]): TokenTransfer {
  const { moved, hash } = row;
  return {
    tenantId: row.tenant_id,
    reference: row.reference,
    amountMicros: row.amount_micros,
    from: { chainId: Number(row.chain_id), wallet: row.wallet, token: row.token },
    nonce: Number(row.nonce),
    attempts: attempts.map((attempt) => ({
      nonce: Number(attempt.nonce),
      hash: attempt.hash,
      gasLimit: attempt.gas_limit,
      maxFeePerGas: BigInt(attempt.max_fee_per_gas),
      maxPriorityFeePerGas: BigInt(attempt.max_priority_fee_per_gas),
      signedAt: attempt.signed_at,
    })),
    nonceLostAt: row.nonce_lost_at ?? undefined,
    ending: moved === null || hash === null ? undefined : { moved, hash },
  };
}
