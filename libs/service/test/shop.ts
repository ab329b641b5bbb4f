import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { authMigrations, Requires } from '@dailydoco/auth';
import { defineConfig } from '@dailydoco/config';
import { databaseMigrations, type MigrationSource, runMigrations } from '@dailydoco/database';
import { eventsMigrations } from '@dailydoco/events';
import { httpMigrations } from '@dailydoco/http';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createLogger } from '@dailydoco/telemetry';
import { createTestDatabase, type TestDatabase } from '@dailydoco/testing';
import { Controller, type DynamicModule, Get, Inject, Module, Post } from '@nestjs/common';
import { z } from 'zod';
import {
  type Basis,
  type Callers,
  createBasis,
  identifiedCallers,
  identitySettings,
  PLACEHOLDERS,
  runtimeModule,
  serviceSettings,
} from '../src/index.js';

// The least service there can be, for the tests of this library.

const configSchema = z.object({ ...serviceSettings, ...identitySettings });
type Config = z.output<typeof configSchema>;
export type Runtime = Basis<Config> & Callers;
const RUNTIME = Symbol('RUNTIME');

export const bareMigrations: readonly MigrationSource[] = [authMigrations, eventsMigrations];
export const allMigrations: readonly MigrationSource[] = [...bareMigrations, databaseMigrations, httpMigrations];
export const logger = createLogger({ service: 'shop', level: 'silent' });

/** A lifecycle that remembers what it is to start, in order. */
export class WatchedLifecycle extends Lifecycle {
  readonly startHooks: string[] = [];

  constructor() {
    super({ logger, notReadyDelayMs: 0, drainTimeoutMs: 5_000 });
  }

  override onStart(name: string, run: () => Promise<void>): void {
    this.startHooks.push(name);
    super.onStart(name, run);
  }
}

@Controller()
class NameController {
  readonly #runtime: Runtime;

  constructor(@Inject(RUNTIME) runtime: Runtime) {
    this.#runtime = runtime;
  }

  @Get('name')
  @Requires({ anyone: true })
  name(): object {
    return { service: this.#runtime.service };
  }

  @Post('orders')
  @Requires({ anyone: true })
  order(): object {
    return { ordered: true };
  }
}

@Module({ controllers: [NameController] })
export class ShopModule {
  static with(runtime: Runtime): DynamicModule {
    return { module: ShopModule, imports: [runtimeModule(RUNTIME, runtime)] };
  }
}

export function createRuntime(databaseUrl: string, overrides: Partial<Runtime> = {}): Runtime {
  const config = defineConfig(configSchema, {
    ...PLACEHOLDERS,
    DATABASE_URL: databaseUrl,
    HTTP_PORT: '0',
    GRPC_PORT: '0',
    SHUTDOWN_DELAY_MS: '0',
    // A machine that runs other specs beside is slow, and no reason to turn anybody away.
    EVENT_LOOP_DELAY_MAX_MS: '10000',
  });
  const basis = createBasis({ service: 'shop', config, overrides: { logger, ...overrides } });
  return { ...basis, ...identifiedCallers(basis), ...overrides };
}

export function openDatabase(sources: readonly MigrationSource[]): Promise<TestDatabase> {
  const names = sources.flatMap(({ directory }) => readdirSync(directory).toSorted());
  return createTestDatabase({
    template: `service-${createHash('sha256').update(names.join()).digest('hex').slice(0, 12)}`,
    migrate: async (connectionString, appRole) => {
      await runMigrations({ connectionString, appRole, sources: [...sources] });
    },
  });
}
