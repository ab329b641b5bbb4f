import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseCommand } from './commands.js';

/** What a command asks the database. */
async function asked(...args: string[]): Promise<readonly unknown[]> {
  const seen: (readonly unknown[])[] = [];
  const sql = {
    query: <R>(_: string, values: readonly unknown[] = []) => {
      seen.push(values);
      return Promise.resolve({ rows: [] as R[], rowCount: 1 });
    },
  };
  await parseCommand(args).run(sql);
  return seen[0] ?? [];
}

describe('the command line', () => {
  it('asks for what was typed', async () => {
    expect(await asked('replay', '--consumer', 'ledger', '--key', 'k')).toEqual(['ledger', null, 'k']);
    expect(await asked('discard', '--consumer', 'ledger', '--event', 'e', '--because', 'a bug')).toEqual([
      'ledger',
      'e',
      'a bug',
    ]);
    expect(await asked('parked', '--limit', '7')).toEqual([null, 7]);
    const time = '2026-01-02T03:04:05.000Z';
    expect(await asked('republish', '--from-id', '9007199254740993', '--to', time, '--topic', 't')).toEqual([
      '0',
      5_000,
      '9007199254740993',
      null,
      null,
      time,
      't',
      null,
    ]);
  });

  it('takes the database from where it is told', () => {
    expect(parseCommand(['parked', '--database-url', 'postgres://h/d']).databaseUrl).toBe('postgres://h/d');
    expect(parseCommand(['parked']).databaseUrl).toBeUndefined();
  });

  it('takes it from a file, as pods have it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dailydoco-events-'));
    try {
      const file = join(folder, 'database-url');
      writeFileSync(file, 'postgres://h/d\n');
      expect(parseCommand(['parked', '--database-url-file', file]).databaseUrl).toBe('postgres://h/d');
      expect(() => parseCommand(['parked', '--database-url-file', `${file}-not`])).toThrow('--database-url-file');
      expect(() => parseCommand(['parked', '--database-url', 'x', '--database-url-file', file])).toThrow('not both');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it.each([
    [[], 'unknown command'],
    [['publish'], 'unknown command'],
    [['parked', 'all'], 'unknown command'],
    [['parked', '--key', 'k'], 'takes no --key'],
    [['parked', '--limit', '0'], '--limit'],
    [['parked', '--colour', 'red'], 'colour'],
    [['replay'], '--consumer is missing'],
    [['discard', '--consumer', 'c', '--event', 'e'], '--because is missing'],
    [['republish'], 'needs a condition'],
    [['republish', '--from-id', '-1'], ''],
    [['republish', '--from-id', 'one'], 'not an id'],
    [['republish', '--from', 'yesterday'], 'not a time'],
  ])('refuses %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message);
  });
});
