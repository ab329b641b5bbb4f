import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, Gate, getStores } from '../index.js';

describe('a connection of a simulation', () => {
  it('may be cut again where others of its statements still wait, and each of them hears that it is gone', async () => {
    const database = await createTestDatabase({
      template: `gate-${process.pid}-${Date.now()}`,
      migrate: () => Promise.resolve(),
    });
    const { postgresUrl } = await getStores();
    const url = new URL(postgresUrl);
    url.pathname = new URL(database.appUrl).pathname;
    const observer = new pg.Client({ connectionString: url.href });
    await observer.connect();
    const pool = new pg.Pool({ connectionString: database.appUrl, max: 1 });
    const gate = new Gate(observer, () => undefined);
    gate.guard(pool, { name: 'service', dead: false });
    const client = await pool.connect();
    gate.closed = true;
    const told = ['SELECT 1', 'SELECT 2', 'SELECT 3'].map((text) =>
      client.query(text).then(
        () => 'answered',
        (error: unknown) => String(error),
      ),
    );
    for (const cut of ['after', 'before', undefined] as const) {
      const [next] = gate.parked;
      await gate.release(next!, cut);
      await gate.settle();
    }
    expect(await Promise.all(told)).toEqual([
      expect.stringContaining('terminated'),
      expect.stringMatching(/terminated|not queryable/),
      expect.stringMatching(/terminated|not queryable/),
    ]);
    client.release(true);
    gate.close();
    await pool.end();
    await observer.end();
    await database.drop();
  });
});
