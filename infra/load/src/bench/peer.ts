import pg from 'pg';
import { median } from './http-load.js';

/** What the seven levels of the plan `standard` earn of 79.00. */
const SHARES = ['15.80', '11.85', '7.90', '6.32', '3.95', '2.37', '1.58'];
const SALE_CENTS = 4_977n;
/** At once, where no two sales share a row: they wait for the disk most of the time, so more than there are processors. */
const CONNECTIONS = 16;
/** At once, where all wait for one row: more of them made fewer sales. */
const HOT_CONNECTIONS = 4;
/** Chains of seven people, which the connections take in turn: no two sales at once share a person. */
const CHAINS = 192;
const DATABASE = 'bench_peer';

/** One sale by the call for several transfers at once that pgledger documents: house to seven people, all or nothing. */
const SALE = {
  name: 'sale',
  text: `SELECT id FROM pgledger_create_transfers(
    ${SHARES.map((amount, level) => `($1::text, $${level + 2}::text, '${amount}')`).join(', ')})`,
};

export interface PeerFigures {
  /** Sales a second with one account of the house, as a house has. */
  readonly hot: number;
  /** With an account of the house for each connection, so that no two sales share a row. */
  readonly spread: number;
}

/** A pgledger in a database of its own, on the server that the run's services use, with people and accounts of a house. */
class Peer {
  readonly #clients: readonly pg.Client[];
  readonly #houses: readonly string[];
  readonly #chains: readonly (readonly string[])[];
  #sales = 0;

  private constructor(
    clients: readonly pg.Client[],
    accounts: { houses: readonly string[]; chains: readonly (readonly string[])[] },
  ) {
    this.#clients = clients;
    this.#houses = accounts.houses;
    this.#chains = accounts.chains;
  }

  /** Makes the database, loads the SQL and opens the accounts. Leaves no connection behind when that fails. */
  static async load(superuserUrl: string, sql: readonly string[]): Promise<Peer> {
    const server = new pg.Client({ connectionString: superuserUrl });
    await server.connect();
    try {
      await server.query(`CREATE DATABASE ${DATABASE}`);
    } finally {
      await server.end();
    }
    const connectionString = Object.assign(new URL(superuserUrl), { pathname: `/${DATABASE}` }).href;
    const clients = Array.from({ length: CONNECTIONS }, () => new pg.Client({ connectionString }));
    try {
      await Promise.all(clients.map((client) => client.connect()));
      const [first] = clients;
      if (first === undefined) throw new Error('there is no connection');
      for (const text of sql) await first.query(text);
      const chains: string[][] = [];
      for (let n = 0; n < CHAINS; n += 1) chains.push(await openAccounts(first, SHARES.length, `chain.${n}`));
      return new Peer(clients, { houses: await openAccounts(first, CONNECTIONS, 'house'), chains });
    } catch (error) {
      await Promise.allSettled(clients.map((client) => client.end()));
      throw error;
    }
  }

  /** Records sales for some seconds, each connection the next when the last is durable; sales a second. */
  async salesPerSecond(seconds: number, { spread }: { spread: boolean }): Promise<number> {
    const startedAt = performance.now();
    let sales = 0;
    await Promise.all(
      this.#clients.slice(0, spread ? CONNECTIONS : HOT_CONNECTIONS).map(async (client, connection) => {
        const house = this.#houses[spread ? connection : 0];
        for (let n = connection; performance.now() - startedAt < seconds * 1000; n += CONNECTIONS) {
          const { rowCount } = await client.query({ ...SALE, values: [house, ...(this.#chains[n % CHAINS] ?? [])] });
          if (rowCount !== SHARES.length) throw new Error(`a sale of the peer made ${rowCount} transfers`);
          sales += 1;
        }
      }),
    );
    this.#sales += sales;
    return sales / ((performance.now() - startedAt) / 1000);
  }

  /**
   * Clears away old versions of rows, as the server does by itself when it comes by. Every sale leaves seven of the house's
   * account; with those of a round before it, the next made a quarter of the sales.
   */
  async tidy(): Promise<void> {
    await this.#clients[0]?.query('VACUUM ANALYZE');
  }

  /** Throws unless the accounts of the house have paid all sales, and all balances come to nothing. */
  async check(): Promise<void> {
    const { rows } = (await this.#clients[0]?.query<{ paid: string; sum: string }>(
      `SELECT (-100 * sum(balance) FILTER (WHERE id = ANY ($1)))::bigint::text AS paid, (100 * sum(balance))::bigint::text AS sum
       FROM pgledger_accounts_view`,
      [this.#houses],
    )) ?? { rows: [] };
    const due = BigInt(this.#sales) * SALE_CENTS;
    if (rows[0]?.paid !== String(due) || rows[0].sum !== '0')
      throw new Error(`the peer's books are not what ${this.#sales} sales make: ${JSON.stringify(rows[0])}`);
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()));
  }
}

/** Accounts of the peer, named by the name and a number; their ids. */
async function openAccounts(client: pg.Client, count: number, name: string): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    const { rows } = await client.query<{ id: string }>("SELECT id FROM pgledger_create_account($1, 'USD')", [
      `${name}.${n}`,
    ]);
    if (rows[0] === undefined) throw new Error(`the peer made no account ${name}.${n}`);
    ids.push(rows[0].id);
  }
  return ids;
}

/**
 * Seven-level sales a second by pgledger, hot and spread in turn, some rounds; medians. Its clients run in this process, as
 * ours do; its server is ours, with the same settings, in a database of its own. Nobody may be held meanwhile: a process that
 * stands still in the middle of a database transaction keeps the server from clearing away old versions of the house's row.
 */
export async function peerFigures(options: {
  readonly superuserUrl: string;
  /** What makes a pgledger in an empty database. */
  readonly sql: readonly string[];
  readonly rounds: number;
  /** Of each of the two in a round. */
  readonly seconds: number;
}): Promise<PeerFigures> {
  const { rounds, seconds } = options;
  const peer = await Peer.load(options.superuserUrl, options.sql);
  const rates: Record<keyof PeerFigures, number[]> = { hot: [], spread: [] };
  try {
    for (let round = 0; round < rounds; round += 1) {
      await peer.tidy();
      rates.hot.push(await peer.salesPerSecond(seconds, { spread: false }));
      await peer.tidy();
      rates.spread.push(await peer.salesPerSecond(seconds, { spread: true }));
    }
    await peer.check();
  } finally {
    await peer.close();
  }
  return { hot: median(rates.hot), spread: median(rates.spread) };
}
