#!/usr/bin/env node
// For operators: looks at parked events and sets replays and re-publishing going. The work itself is done by the running
// service, so nothing of the service is needed here but its database.
import { Client } from 'pg';
import { USAGE, UsageError, parseCommand } from './commands.js';

try {
  const { databaseUrl, run } = parseCommand(process.argv.slice(2));
  const client = new Client({
    ...(databaseUrl === undefined ? {} : { connectionString: databaseUrl }),
    application_name: 'dailydoco-events',
  });
  await client.connect();
  try {
    const sql = {
      query: async <R>(text: string, values: readonly unknown[] = []) => {
        const { rows, rowCount } = await client.query(text, [...values]);
        return { rows: rows as R[], rowCount: rowCount ?? 0 };
      },
    };
    for (const line of await run(sql)) process.stdout.write(`${line}\n`);
  } finally {
    await client.end();
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = 1;
}
