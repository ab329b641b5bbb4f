// `npm run sim -- payouts --seeds N [--seed S] [--steps M]`: simulations of the service, one per seed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@dailydoco/stores';
import { simCommand } from '@dailydoco/testing';
import { SeedRunner } from './run-seed.js';

process.exitCode = await simCommand(process.argv.slice(2), {
  service: 'payouts',
  steps: 30,
  async start() {
    const folder = mkdtempSync(join(tmpdir(), 'dailydoco-sim-'));
    const postgres = await startPostgres({ dataDir: join(folder, 'postgres'), durable: false, diesWithParent: true });
    const seeds = new SeedRunner(postgres.url);
    return {
      run: (wanted) => seeds.run(wanted),
      async stop() {
        await seeds.stop();
        await postgres.stop();
        rmSync(folder, { recursive: true, force: true });
        rmSync(`${folder}/postgres.log`, { force: true });
      },
    };
  },
});
