import type { Fleet } from '@dailydoco/local';
import pg from 'pg';
import { ownerToken, type World } from '../world.js';

/** What must be nothing, each by how many rows it is not. */
interface Breaks {
  /** Commissions whose net is not floor(gross × (amount − refunded) ÷ amount). */
  readonly nets: number;
  /** Commissions whose net is not gross plus what changed it. */
  readonly changes: number;
  /** Purchases that pay more than is left of their amount. */
  readonly overpaid: number;
}

const COUNT_BREAKS = `
  WITH own AS (SELECT tenant_id FROM member WHERE user_id = $1)
  SELECT count(*) FILTER (WHERE net_micros <> div(gross_micros::numeric * (amount_micros - refunded_micros), amount_micros))::int AS nets,
         count(*) FILTER (WHERE net_micros <> gross_micros + changed)::int AS changes,
         (SELECT count(*)::int FROM (
            SELECT p.id FROM purchase p
            JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
            JOIN commission c ON c.tenant_id = p.tenant_id AND c.purchase_id = p.id
            WHERE p.tenant_id = (SELECT tenant_id FROM own) GROUP BY p.id, p.amount_micros, s.refunded_micros
            HAVING sum(c.net_micros) > p.amount_micros - s.refunded_micros) AS too_much) AS overpaid
  FROM (
    SELECT c.net_micros, c.gross_micros, p.amount_micros, s.refunded_micros,
           coalesce((SELECT sum(delta_micros) FROM commission_change h
                     WHERE h.tenant_id = c.tenant_id AND h.commission_id = c.id), 0) AS changed
    FROM commission c
    JOIN purchase p ON p.tenant_id = c.tenant_id AND p.id = c.purchase_id
    JOIN purchase_state s ON s.tenant_id = p.tenant_id AND s.purchase_id = p.id
    WHERE c.tenant_id = (SELECT tenant_id FROM own)) AS entry`;

/**
 * Throws unless every commission of the world's tenant is what the rules say after all refunds (I5), every net is the sum of its
 * history, and the ledger balances (I1, I2).
 */
export async function checkBooks(fleet: Fleet, world: World): Promise<void> {
  const client = new pg.Client({ connectionString: fleet.addresses.databaseUrls['viral-engine'].owner });
  await client.connect();
  try {
    const { rows } = await client.query<Breaks>(COUNT_BREAKS, [world.people[0]?.user.id]);
    const [breaks] = rows;
    if (breaks === undefined || breaks.nets + breaks.changes + breaks.overpaid > 0)
      throw new Error(`the commissions are not what the rules say: ${JSON.stringify(breaks)}`);
  } finally {
    await client.end();
  }
  const token = await ownerToken(world);
  const { currencies } = await world.api.get<{ currencies: { difference: string }[] }>('/v1/ledger/trial-balance', {
    token,
  });
  if (currencies.some(({ difference }) => difference !== '0.00'))
    throw new Error(`the ledger does not balance: ${JSON.stringify(currencies)}`);
}
