import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { IncomingPurchase } from '../src/customers/unattributed-purchase.js';
import { asTenantId, type TenantId, type UserId } from '../src/ids.js';
import { type ImportArguments, readArguments } from '../src/imports/import-arguments.js';
import { KnownStore } from '../src/imports/known.store.js';
import { runImport } from '../src/imports/run-import.adapter.js';
import { RecordPurchase } from '../src/purchases/record-purchase.js';
import { type Edges, startEdges } from './edges.js';
import { checkBooks, type Engine, startEngine } from './engine.js';

let engine: Engine;
let edges: Edges;
let folder: string;

beforeAll(async () => {
  engine = await startEngine();
  edges = await startEdges(engine);
  folder = await mkdtemp(join(tmpdir(), 'imports-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await edges.stop();
  await engine.stop();
});

const HEADER = 'externalId,buyerId,customerId,amount,currency,stream,occurredAt';

const row = (externalId: string, buyerId: string, other: { customerId?: string; amount?: string; at?: string } = {}) =>
  `${externalId},${buyerId},${other.customerId ?? ''},${other.amount ?? '79.00'},USD,subscription,${other.at ?? ''}`;

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Imports a file with these lines. */
async function run(
  tenantId: TenantId,
  text: string | readonly string[],
  options: Partial<ImportArguments> & { record?: (order: IncomingPurchase) => void; file?: string } = {},
): Promise<Outcome> {
  const { record: watch, ...given } = options;
  const file = options.file ?? join(folder, engine.newId());
  await writeFile(file, typeof text === 'string' ? text : `${text.join('\n')}\n`);
  const recordPurchase = edges.get(RecordPurchase);
  let out = '';
  let err = '';
  const wanted = {
    tenantId,
    dryRun: false,
    skipBadLines: false,
    allowOpenEnd: false,
    progressFile: `${file}.progress`,
  };
  const code = await runImport(
    { ...wanted, ...given, file },
    {
      reads: new KnownStore(engine.pool, {
        users: { findUser: (userId) => edges.neighbours.findUser(userId) },
        sites: { findWebsite: (tenant, websiteId) => edges.neighbours.findWebsite(tenant, websiteId) },
      }),
      record: (order) => {
        watch?.(order);
        return recordPurchase.record(order, { mayBackdate: true });
      },
      clock: engine.clock,
      pause: () => Promise.resolve(),
      out: { write: (part) => (out += part) },
      err: { write: (part) => (err += part) },
    },
  );
  return { code, out, err };
}

async function recorded(tenantId: TenantId): Promise<number> {
  const { rows } = await engine.pool.query<{ count: number }>(
    `SELECT (SELECT count(*) FROM purchase WHERE tenant_id = $1)::integer
       + (SELECT count(*) FROM waiting_purchase WHERE tenant_id = $1)::integer AS count`,
    [tenantId],
  );
  return rows[0]?.count ?? 0;
}

async function tenant(): Promise<{ tenantId: TenantId; buyer: UserId }> {
  const { tenantId, people } = await edges.tenant(1);
  return { tenantId, buyer: people[0]! };
}

describe('An import', () => {
  it('records every line once, however often it runs', async () => {
    const { tenantId, buyer } = await tenant();
    const lines = Array.from({ length: 2_500 }, (_, n) => row(`sale ${n}`, buyer, { at: '2024-02-29T12:00:00Z' }));
    lines.push(row('by customer', '', { customerId: 'cus_1' }), lines[7]!);
    const first = await run(tenantId, [HEADER, ...lines]);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toBe(
      'checked: 2502 lines, 2502 good, 0 bad\nimported: 2500 recorded, 1 unattributed, 1 recorded before, 0 bad\n',
    );
    const again = await run(tenantId, [HEADER, ...lines]);
    expect(again.out).toContain('imported: 0 recorded, 0 unattributed, 2502 recorded before, 0 bad');
    expect(await recorded(tenantId)).toBe(2_501);
  });

  it('takes a byte-order mark, line breaks of Windows, quotes, and columns in any order', async () => {
    const { tenantId, buyer } = await tenant();
    const line = `pro,usage,EUR,"0.10","a ""quoted"", id",${buyer}`;
    const text = `\uFEFFproductTag,stream,currency,amount,externalId,buyerId\r\n${line}\r\n\r\n`;
    expect((await run(tenantId, text)).code).toBe(0);
    const { rows } = await engine.pool.query(
      'SELECT external_id, product_tag, stream FROM purchase WHERE tenant_id = $1',
      [tenantId],
    );
    expect(rows).toEqual([{ external_id: 'a "quoted", id', product_tag: 'pro', stream: 'usage' }]);
  });

  it('that only checks writes nothing', async () => {
    const { tenantId, buyer } = await tenant();
    const { code, out } = await run(tenantId, [HEADER, row('a', buyer)], { dryRun: true });
    expect([code, out]).toEqual([0, 'checked: 1 lines, 1 good, 0 bad\nnothing was imported: this was a dry run\n']);
    expect(await recorded(tenantId)).toBe(0);
  });

  it('with a bad line imports nothing, and names each by its number', async () => {
    const { tenantId, buyer } = await tenant();
    const stranger = engine.newId();
    await engine.record(engine.order(tenantId, buyer, { externalId: 'taken' }));
    const lines = [
      HEADER,
      row('good', buyer),
      row('no amount', buyer, { amount: '' }),
      row('half a cent of a cent', buyer, { amount: '0.0000001' }),
      row('', buyer),
      row('nobody', ''),
      row('both', buyer, { customerId: 'cus' }),
      row('a stranger', stranger),
      row('twice', buyer),
      row('twice', buyer, { amount: '80.00' }),
      row('taken', buyer, { amount: '80.00' }),
      row('tomorrow', buyer, { at: '2026-06-02T12:00:00Z' }),
      `short,${buyer}`,
      row('good too', buyer),
    ];
    const { code, out, err } = await run(tenantId, lines);
    expect([code, out]).toEqual([1, 'checked: 13 lines, 3 good, 10 bad\nnothing was imported\n']);
    const named = err.trimEnd().split('\n');
    expect(named.map((line) => line.slice(0, line.indexOf(' ', 6)))).toEqual(
      [3, 4, 5, 6, 7, 8, 10, 11, 12, 13].map((line) => expect.stringMatching(new RegExp(`^line ${line}:`))),
    );
    expect(named[5]).toBe('line 8: buyerId is nobody');
    expect(named[6]).toBe('line 10: externalId is on an earlier line with other content');
    expect(named[7]).toBe('line 11: externalId is recorded already with other content');
    expect(named[9]).toBe('line 13: has 2 cells, the header has 7');
    expect(await recorded(tenantId)).toBe(1);
    const skipping = await run(tenantId, lines, { skipBadLines: true });
    expect(skipping.code).toBe(1);
    expect(skipping.out).toContain('imported: 3 recorded');
    expect(await recorded(tenantId)).toBe(4);
  });

  it.each([
    ['nothing', '', 'the file is empty'],
    [
      'an unknown column',
      'externalId,buyerId,amount,currency,stream,colour\n',
      'line 1: the column "colour" is not known',
    ],
    ['a missing column', 'externalId,buyerId,amount,stream\n', 'line 1: the column currency is missing'],
    [
      'a column twice',
      'externalId,buyerId,amount,currency,stream,amount\n',
      'line 1: the column amount is there twice',
    ],
    [
      'nobody who bought',
      'externalId,amount,currency,stream\n',
      'line 1: one of the columns buyerId and customerId is needed',
    ],
    ['a last line that was cut off', `${HEADER}\n${row('a', 'b').slice(0, -5)}`, 'does not end with a line break'],
    ['a quotation mark that is never closed', `${HEADER}\n"a,b\nc,d\n`, 'line 2: a quotation mark that begins here'],
  ])('of a file with %s is refused as a whole', async (_, text, message) => {
    const { tenantId } = await tenant();
    await expect(run(tenantId, text, { skipBadLines: true })).rejects.toThrow(message);
    expect(await recorded(tenantId)).toBe(0);
  });

  it('that crashed goes on where it stopped, and records nothing twice', async () => {
    const { tenantId, buyer } = await tenant();
    const lines = [HEADER, ...Array.from({ length: 3_500 }, (_, n) => row(`sale ${n}`, buyer))];
    const file = join(folder, engine.newId());
    let told = 0;
    const crash = () => {
      told += 1;
      if (told > 2_300) throw new Error('the process ends here');
    };
    await expect(run(tenantId, lines, { file, record: crash })).rejects.toThrow('ends here');
    const progress = JSON.parse(await readFile(`${file}.progress`, 'utf8'));
    expect(progress).toMatchObject({ line: 2_001, recorded: 2_000, tenantId });
    let after = 0;
    const { code, out } = await run(tenantId, lines, { file, record: () => (after += 1) });
    expect([code, after]).toEqual([0, 1_500]);
    expect(out).toContain('going on after line 2001');
    expect(await recorded(tenantId)).toBe(3_500);
    expect(existsSync(`${file}.progress`)).toBe(false);
  });

  it('does not go on in another file, nor for another tenant', async () => {
    const { tenantId, buyer } = await tenant();
    const file = join(folder, engine.newId());
    const fail = () => {
      throw new Error('the process ends here');
    };
    const lines = [HEADER, ...Array.from({ length: 1_001 }, (_, n) => row(`sale ${n}`, buyer))];
    let told = 0;
    const crash = () => {
      told += 1;
      if (told > 1_000) fail();
    };
    await expect(run(tenantId, lines, { file, record: crash })).rejects.toThrow('ends here');
    await expect(run(tenantId, [...lines, row('one more', buyer)], { file })).rejects.toThrow('another file or tenant');
    await expect(run(engine.newTenant(), lines, { file })).rejects.toThrow('another file or tenant');
  });

  it('asks again while the service is busy, and stops at a line that is refused only then', async () => {
    const { tenantId, buyer } = await tenant();
    const { DomainError } = await import('@dailydoco/errors');
    let told = 0;
    const busy = () => {
      told += 1;
      if (told <= 3) throw new DomainError('OVERLOADED');
    };
    expect((await run(tenantId, [HEADER, row('a', buyer)], { record: busy })).code).toBe(0);
    const late = () => {
      throw new DomainError('PURCHASE_CONFLICT');
    };
    const stopped = run(tenantId, [HEADER, row('b', buyer)], { record: late });
    await expect(stopped).rejects.toThrow('line 2 could not be imported');
  });
});

describe('The arguments of an import', () => {
  const ID = '0197d7a0-0000-7000-8000-000000000000';

  it('are a file, a tenant and flags', () => {
    expect(readArguments(['sales.csv', '--tenant', ID.toUpperCase(), '--dry-run'])).toEqual({
      file: 'sales.csv',
      tenantId: asTenantId(ID),
      dryRun: true,
      skipBadLines: false,
      allowOpenEnd: false,
      progressFile: 'sales.csv.progress',
    });
  });

  it.each([
    [[], 'Name one file.'],
    [['a', 'b', '--tenant', ID], 'Name one file.'],
    [['a'], '--tenant needs the id of a tenant.'],
    [['a', '--tenant'], '--tenant needs a value.'],
    [['a', '--tenant', 'me'], '--tenant needs the id of a tenant.'],
    [['a', '--force'], '--force is not known.'],
  ])('%j are refused', (args, message) => {
    expect(readArguments(args)).toBe(message);
  });
});

describe('The books after all this', () => {
  it('hold', async () => {
    expect((await checkBooks(engine)).wrong).toEqual([]);
  });
});
