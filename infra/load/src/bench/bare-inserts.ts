import pg from 'pg';

/** What a recorded purchase writes, and how rows of one run are found. */
const TABLES = [
  { name: 'purchase_key', where: 'external_id LIKE $1' },
  { name: 'purchase', where: 'external_id LIKE $1' },
  { name: 'purchase_state', where: 'purchase_id IN (SELECT id FROM purchase WHERE external_id LIKE $1)' },
  { name: 'commission', where: 'purchase_id IN (SELECT id FROM purchase WHERE external_id LIKE $1)' },
  // Its rows name no purchase; those of the run are the last ones.
  { name: 'messaging.outbox', where: `length($1) > 0` },
] as const;
const GROUP = 500;
/** As many as the service has writers. */
const CONNECTIONS = 2;

interface Column {
  readonly name: string;
  readonly type: string;
  readonly isArray: boolean;
}

interface Copied {
  readonly target: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/**
 * The limit to compare with: the very rows that a run wrote, inserted into empty copies of the same tables with the same
 * indexes and checks, by bare `unnest` in database transactions of 500 purchases. Returns purchases per second.
 */
export async function bareInsertsPerSecond(
  ownerUrl: string,
  run: { readonly externalIdPrefix: string; readonly purchases: number },
): Promise<number> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  try {
    await owner.query('DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench');
    const copies: Copied[] = [];
    for (const table of TABLES) copies.push(await copyOf(owner, table, run));
    const groups = Math.ceil(run.purchases / GROUP);
    const startedAt = performance.now();
    let next = 0;
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const client = new pg.Client({ connectionString: ownerUrl });
        await client.connect();
        while (next < groups) {
          const group = next;
          next += 1;
          await insertGroup(client, copies, group, groups);
        }
        await client.end();
      }),
    );
    return run.purchases / ((performance.now() - startedAt) / 1000);
  } finally {
    await owner.query('DROP SCHEMA IF EXISTS bench CASCADE');
    await owner.end();
  }
}

async function copyOf(
  owner: pg.Client,
  table: (typeof TABLES)[number],
  run: { readonly externalIdPrefix: string },
): Promise<Copied> {
  const target = `bench.${table.name.split('.').at(-1)}`;
  await owner.query(`CREATE TABLE ${target} (LIKE ${table.name} INCLUDING ALL EXCLUDING IDENTITY)`);
  const { rows: columns } = await owner.query<Column>(
    `SELECT attname AS name, format_type(atttypid, atttypmod) AS type, attndims > 0 AS "isArray"
     FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table.name],
  );
  const list = columns.map(({ name }) => `${name}::text`).join(', ');
  const { rows } = await owner.query<(string | null)[]>({
    text: `SELECT ${list} FROM ${table.name} WHERE ${table.where} ORDER BY 1, 2`,
    values: [`${run.externalIdPrefix}-%`],
    rowMode: 'array',
  });
  return { target, columns, rows };
}

async function insertGroup(client: pg.Client, copies: readonly Copied[], group: number, groups: number): Promise<void> {
  await client.query('BEGIN');
  for (const { target, columns, rows } of copies) {
    const share = rows.slice(
      Math.floor((group * rows.length) / groups),
      Math.floor(((group + 1) * rows.length) / groups),
    );
    // An array cannot stand in an array of unequal arrays: it goes as text and is read back per row.
    const given = columns.map(({ type, isArray }, index) => `$${index + 1}::${isArray ? 'text' : type}[]`).join(', ');
    const taken = columns.map(({ type, isArray }, index) => (isArray ? `c${index}::${type}` : `c${index}`)).join(', ');
    const names = columns.map((_, index) => `c${index}`).join(', ');
    await client.query(
      `INSERT INTO ${target} (${columns.map(({ name }) => name).join(', ')})
       SELECT ${taken} FROM unnest(${given}) AS row (${names})`,
      columns.map((_, index) => share.map((row) => row[index])),
    );
  }
  await client.query('COMMIT');
}
