import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import pg from 'pg';

/** The part of the engine's module that this file uses. */
interface EngineModule {
  __wbg_set_wasm(exports: WebAssembly.Exports): void;
  SchemaEngine: {
    new (...args: never[]): unknown;
    new: (options: { datamodels: [string, string][] }, log: (text: string) => void, adapter: object) => Promise<Engine>;
  };
}

interface Engine {
  diff(params: unknown): Promise<{ exitCode: number; stdout: string | null }>;
  free(): void;
}

// The package's own entry imports the .wasm file as a module, which Node does only under a flag; the bindings are loaded
// by hand instead.
async function loadEngine(): Promise<EngineModule> {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@prisma/schema-engine-wasm'));
  const bindings = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as unknown as EngineModule &
    Record<string, WebAssembly.ImportValue>;
  const { instance } = await WebAssembly.instantiate(readFileSync(join(folder, 'schema_engine_bg.wasm')), {
    './schema_engine_bg.js': bindings,
  });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports['__wbindgen_start'] as () => void)();
  return bindings;
}

let engineModule: Promise<EngineModule> | undefined;

/** The DDL that would make an empty database what the Prisma schema says. */
export async function ddlOfSchema(schemaFolder: string, databaseUrl: string): Promise<string> {
  engineModule ??= loadEngine();
  const { SchemaEngine } = await engineModule;
  const files = readdirSync(schemaFolder)
    .filter((name) => name.endsWith('.prisma'))
    .map((name): [string, string] => [join(schemaFolder, name), readFileSync(join(schemaFolder, name), 'utf8')]);
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: databaseUrl }));
  const engine = await SchemaEngine.new({ datamodels: files }, () => undefined, adapter);
  try {
    const { stdout } = await engine.diff({
      from: { tag: 'empty' },
      to: { tag: 'schemaDatamodel', files: files.map(([path, content]) => ({ path, content })) },
      script: true,
      exitCode: null,
      shadowDatabaseUrl: null,
      filters: { externalTables: [], externalEnums: [] },
    });
    return stdout ?? '';
  } finally {
    engine.free();
  }
}

// One line per column, primary key and unique index: what a Prisma client relies on. A Prisma list cannot say that it is never
// null, and the tables of idempotency keys belong to the HTTP library's own migrations.
const SHAPE = `
  SELECT format('%s.%s %s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull AND format_type(a.atttypid, a.atttypmod) NOT LIKE '%[]' THEN ' not null' ELSE '' END) AS line
  FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND NOT t.relispartition AND t.relname <> '_prisma_migrations' AND t.relname NOT LIKE 'idempotency_%'
  UNION ALL
  SELECT format('%s %s (%s)', t.relname, CASE WHEN i.indisprimary THEN 'primary key' ELSE 'unique' END,
    (SELECT string_agg(pg_get_indexdef(i.indexrelid, n, false), ', ' ORDER BY n) FROM generate_series(1, i.indnkeyatts) n))
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
  WHERE t.relnamespace = 'public'::regnamespace AND NOT t.relispartition AND i.indisunique AND i.indpred IS NULL AND t.relname <> '_prisma_migrations' AND t.relname NOT LIKE 'idempotency_%'`;

async function shapeOf(databaseUrl: string): Promise<Set<string>> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ line: string }>(SHAPE);
    return new Set(rows.map(({ line }) => line));
  } finally {
    await client.end();
  }
}

/**
 * Where a migrated database and an empty one that was given the Prisma schema's own DDL differ, line by line: `+` only the
 * migrations have it, `-` only the schema. Empty when they agree. Triggers, functions, grants, check constraints and partial
 * indexes are not part of a Prisma schema and do not count.
 */
export async function schemaDrift(options: { migratedUrl: string; schemaUrl: string }): Promise<string> {
  const migrated = await shapeOf(options.migratedUrl);
  const wanted = await shapeOf(options.schemaUrl);
  const extra = [...migrated].filter((line) => !wanted.has(line)).map((line) => `+ ${line}`);
  const missing = [...wanted].filter((line) => !migrated.has(line)).map((line) => `- ${line}`);
  return [...extra, ...missing].toSorted((x, y) => x.slice(2).localeCompare(y.slice(2))).join('\n');
}
