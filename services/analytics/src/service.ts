import { Lease } from '@dailydoco/database';
import { accessConsumer, addConsumers, buildEdges, type Service } from '@dailydoco/service';
import { AppModule } from './app.module.js';
import { keepUp } from './events/keep-up.js';
import { PartitionStore } from './events/partition.store.js';
import { factsConsumer } from './facts/facts.consumer.js';
import { migrationSources } from './migrations.js';
import type { Runtime } from './runtime.js';

/**
 * Puts the service together: edges, consumers, upkeep, each registered with the lifecycle, whose `start` and `shutdown`
 * do the rest in order.
 */
export async function createService(runtime: Runtime): Promise<Service> {
  const service = await createEdges(runtime);
  addBackground(runtime);
  return service;
}

/** The part that answers callers: HTTP, gRPC (its health only), and what they stand on. */
export function createEdges(runtime: Runtime): Promise<Service> {
  const { lifecycle, eventWriter } = runtime;
  lifecycle.onStop('relay', 'event-writer', () => eventWriter.close());
  return buildEdges(runtime, { module: AppModule.with(runtime), migrations: migrationSources });
}

/** The part that works on its own: consumers, and the upkeep of the partitions. */
export function addBackground(runtime: Runtime): void {
  addConsumers(runtime, [accessConsumer(runtime), factsConsumer()]);
  addUpkeep(runtime);
}

/** Of all replicas the one that holds the lease does it; if none can, writers still make the partitions they need. */
function addUpkeep({ config, clock, logger, lifecycle, pool, restoreHold }: Runtime): void {
  lifecycle.onStart('event-upkeep', async () => {
    const heartbeat = lifecycle.heartbeat('event-upkeep');
    const lease = Lease.hold({
      connectionString: config.DATABASE_URL,
      key: 'analytics-event-upkeep',
      retryMs: config.UPKEEP_EVERY_MS,
      heartbeat,
      onHeld: async (signal) => {
        // It deletes what is old; a restored database keeps all that it has until somebody has looked at it.
        if (restoreHold.isHeld) return;
        try {
          const { EVENT_RETENTION_DAYS: retentionDays } = config;
          await keepUp(new PartitionStore(pool), { now: clock.now(), retentionDays, signal });
        } catch (err) {
          logger.warn({ err }, 'a round of upkeep failed; it will be tried again');
        }
      },
    });
    lifecycle.onStop('consumers', 'event-upkeep', async () => {
      await lease.release();
      heartbeat.stop();
    });
  });
}
