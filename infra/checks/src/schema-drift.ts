import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

// Tables that belong to the libs' own migrations; a service's Prisma schema does not repeat them.
const TABLES_OF_LIBS = ['public.auth_revocation', 'public.idempotency_key', 'public._prisma_migrations'];

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

/**
 * What would have to change for a migrated database to be what its Prisma schema says: an empty text when they agree.
 * Triggers, functions, grants and check constraints are not part of a Prisma schema and do not count.
 */
export async function schemaDrift(options: { databaseUrl: string; schemaFolder: string }): Promise<string> {
  engineModule ??= loadEngine();
  const { SchemaEngine } = await engineModule;
  const files = readdirSync(options.schemaFolder)
    .filter((name) => name.endsWith('.prisma'))
    .map((name): [string, string] => [
      join(options.schemaFolder, name),
      readFileSync(join(options.schemaFolder, name), 'utf8'),
    ]);
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: options.databaseUrl }));
  const engine = await SchemaEngine.new({ datamodels: files }, () => undefined, adapter);
  try {
    const { exitCode, stdout } = await engine.diff({
      from: {
        tag: 'schemaDatasource',
        files: files.map(([path, content]) => ({ path, content })),
        configDir: options.schemaFolder,
      },
      to: { tag: 'schemaDatamodel', files: files.map(([path, content]) => ({ path, content })) },
      script: true,
      exitCode: true,
      shadowDatabaseUrl: null,
      filters: { externalTables: TABLES_OF_LIBS, externalEnums: [] },
    });
    return exitCode === 0 ? '' : (stdout ?? 'the engine found a difference and did not say which');
  } finally {
    engine.free();
  }
}
