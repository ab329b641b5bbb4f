import { newId } from '@dailydoco/lifecycle';
import { Api, type Fleet } from '@dailydoco/local';
import pg from 'pg';
import { ownerToken, type World } from '../world.js';
import { newSales, streamSales } from './bulk-stream.js';
import { median } from './http-load.js';

const LEVELS = 7;
const COLD_BUYERS = 200;
/** The stream of the plan whose company cap every purchase counts against. */
const CAPPED = 'capped';

export interface Trees {
  /** Buyers who share nobody: each has seven referrers of its own. */
  readonly apart: readonly string[];
  /** Buyers who share all seven. */
  readonly together: readonly string[];
}

/** Puts people into the referral tree, as their registrations would. They are in no other service: nobody signs in as them. */
export async function plantTrees(fleet: Fleet, world: World): Promise<Trees> {
  const chain = (): string[] => Array.from({ length: LEVELS }, () => newId());
  const shared = chain();
  const apart = Array.from({ length: COLD_BUYERS }, () => ({ id: newId(), upline: chain() }));
  const together = Array.from({ length: COLD_BUYERS }, () => ({ id: newId(), upline: shared }));
  const client = new pg.Client({ connectionString: fleet.addresses.databaseUrls['viral-engine'].owner });
  await client.connect();
  try {
    for (const { id, upline } of [...apart, ...together]) {
      const people = [id, ...upline].map((userId, level) => ({ userId, above: upline.slice(level) }));
      for (const { userId, above } of people)
        await client.query(
          `INSERT INTO member (tenant_id, user_id, referrer_id, upline, status_changed_at, joined_at)
           SELECT tenant_id, $2::uuid, ($3::uuid[])[1], $3::uuid[], now(), now() FROM member WHERE user_id = $1
           ON CONFLICT DO NOTHING`,
          [world.people[0]?.user.id, userId, above],
        );
    }
  } finally {
    await client.end();
  }
  return { apart: apart.map(({ id }) => id), together: together.map(({ id }) => id) };
}

/** A plan whose company cap is never reached: its purchases share one counter. */
export async function addCappedPlan(world: World): Promise<void> {
  await new Api(world.api.baseUrl).post(
    '/v1/plans',
    {
      id: CAPPED,
      levelsBps: [2000, 1500, 1000, 800, 500, 300, 200],
      streams: [CAPPED],
      companyCap: { period: 'lifetime', mode: 'stop', amounts: [{ amount: '999999999.00', currency: 'USD' }] },
    },
    { token: await ownerToken(world) },
  );
}

/** Purchases per second where nothing is shared, and where the buyer, the upline or the plan's counter is. */
export interface HotFigures {
  readonly apart: number;
  readonly oneUpline: number;
  readonly oneBuyer: number;
  readonly oneCounter: number;
}

/** The four in turn, some rounds; medians. */
export async function hotFigures(
  { fleet, world }: { fleet: Fleet; world: World },
  { apart, together }: Trees,
  { purchases, rounds }: { purchases: number; rounds: number },
): Promise<HotFigures> {
  const rates: Record<keyof HotFigures, number[]> = { apart: [], oneUpline: [], oneBuyer: [], oneCounter: [] };
  const kinds = {
    apart: { buyerIds: apart },
    oneUpline: { buyerIds: together },
    oneBuyer: { buyerIds: apart.slice(0, 1) },
    oneCounter: { buyerIds: apart, stream: CAPPED },
  } as const;
  for (let round = 0; round < rounds; round += 1)
    for (const kind of ['apart', 'oneUpline', 'oneBuyer', 'oneCounter'] as const) {
      const { buyerIds, ...stream } = kinds[kind];
      const externalIdPrefix = `${kind}-${round}-${world.run}`;
      const sales = [...newSales({ buyerIds, purchases, externalIdPrefix, amountMicros: 79_000_000n })];
      const tookMs = await streamSales({
        fleet,
        apiKey: world.tenant.apiKey,
        sales: sales.map((sale) => ({ ...sale, ...stream })),
        onRecorded: (_, { created, commissions }) => {
          if (!created || commissions.length !== LEVELS)
            throw new Error('a purchase was not new, or did not pay seven');
        },
      });
      rates[kind].push((1000 * purchases) / tookMs);
    }
  return {
    apart: median(rates.apart),
    oneUpline: median(rates.oneUpline),
    oneBuyer: median(rates.oneBuyer),
    oneCounter: median(rates.oneCounter),
  };
}
