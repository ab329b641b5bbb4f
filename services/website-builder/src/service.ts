import { SiteServiceService } from '@dailydoco/proto/dailydoco/website/v1/website';
import { accessConsumer, addConsumers, addRelay, buildEdges, repeat, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { migrationSources } from './migrations.js';
import { ManifestStore } from './releases/release.store.js';
import { sweepReleases } from './releases/sweep-releases.js';
import type { Runtime } from './runtime.js';

/** How long one sweep may take: it looks at every folder there is. */
const SWEEP_MAX_MS = 600_000;

/**
 * Puts the service together: edges, relay, consumers, sweep, each registered with the lifecycle, whose `start` and
 * `shutdown` do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC, and what they stand on. */
export async function createEdges(runtime: Runtime): Promise<Service> {
  const { lifecycle, prisma, storage } = runtime;
  const service = await buildEdges(runtime, {
    module: AppModule.with(runtime),
    migrations: migrationSources,
    grpcServices: [SiteServiceService],
    preparations: { sites: () => storage.check() },
    beforePoolEnds: () => prisma.$disconnect(),
  });
  lifecycle.readinessCheck('sites', () => storage.check());
  return service;
}

/** The part that works on its own: relay, consumer, sweep. */
export function addBackground(runtime: Runtime): void {
  const { config } = runtime;
  addRelay(runtime);
  addConsumers(runtime, [accessConsumer(runtime)]);
  repeat(runtime, {
    name: 'release-sweep',
    everyMs: config.SITES_SWEEP_EVERY_MS,
    maxSilenceMs: config.SITES_SWEEP_EVERY_MS + SWEEP_MAX_MS,
    run: () => sweep(runtime),
  });
}

async function sweep({ config, clock, pool, storage, logger }: Runtime): Promise<boolean> {
  const before = new Date(clock.now().getTime() - config.SITES_SWEEP_AFTER_MS);
  const removed = await sweepReleases({ storage, known: new ManifestStore(pool) }, before);
  if (removed > 0) logger.info({ removed }, 'files that belong to no release were deleted');
  return false;
}
