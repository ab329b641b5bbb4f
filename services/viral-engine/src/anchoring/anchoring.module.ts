import { addressOf, keyOf } from '@dailydoco/anchors';
import { Lease } from '@dailydoco/database';
import { PeriodicTask } from '@dailydoco/lifecycle';
import { counter, gauge } from '@dailydoco/telemetry';
import type { Config } from '../config.js';
import type { Runtime } from '../runtime.js';
import { AnchorLogs } from './anchor-logs.js';
import { ContractChain } from './anchor-chain.adapter.js';
import { AnchorReadStore } from './anchor-reads.store.js';

const LOOK_EVERY_MS = 30_000;
const LEASE_RETRY_MS = 5_000;
/** A round may wait three minutes for each of its transactions. */
const MAX_SILENCE_MS = 3_900_000;

const anchors = counter('dailydoco_log_anchors_total');
const overdue = gauge('dailydoco_log_anchor_overdue_seconds');

/**
 * Where anchors go; undefined when they go nowhere. Throws RangeError, naming the settings, when only some are given: no
 * anchors in spite of a node's address would be found out too late.
 */
export function anchorPlaceOf(config: Config): ContractChain | undefined {
  const { ANCHOR_RPC_URL: rpc, ANCHOR_CHAIN_ID: chainId, ANCHOR_CONTRACT: contract, ANCHOR_KEY: text } = config;
  if (rpc === undefined && chainId === undefined && contract === undefined && text === undefined) return undefined;
  const key = text === undefined ? undefined : keyOf(text);
  if (rpc === undefined || chainId === undefined || contract === undefined || key === undefined)
    throw new RangeError(
      'ANCHOR_RPC_URL, ANCHOR_CHAIN_ID, ANCHOR_CONTRACT and ANCHOR_KEY are given together or not at all',
    );
  return new ContractChain(
    { rpc, chainId },
    { contract: addressOf(contract), key, maxFeeGwei: config.ANCHOR_MAX_FEE_GWEI },
  );
}

/** Anchors logs through the chain, and says what became of each. */
export function anchorLogs(
  { pool, clock, logger, config }: Pick<Runtime, 'pool' | 'clock' | 'logger' | 'config'>,
  chain: ContractChain,
): AnchorLogs {
  return new AnchorLogs({
    reads: new AnchorReadStore(pool),
    chain,
    clock,
    everyMs: config.ANCHOR_EVERY_MS,
    done: ({ logId, size }, outcome, told) => {
      anchors.add(1, { outcome });
      if (outcome === 'posted') logger.info({ logId, size, transaction: told }, 'a checkpoint is on the chain');
      else if (outcome === 'rewritten')
        logger.error({ logId, size }, 'a log does not go on from its anchor; it is not anchored');
      else logger.warn({ logId, size, outcome, err: told }, 'a checkpoint could not be anchored; it is tried again');
    },
  });
}

/** One process anchors the logs, as long as it holds the lease; none where no chain is named. */
export function addAnchoring(runtime: Runtime): void {
  const { clock, config, lifecycle, logger, restoreHold } = runtime;
  const chain = anchorPlaceOf(config);
  if (chain === undefined) return;
  const logs = anchorLogs(runtime, chain);
  lifecycle.onStart('log-anchors', () => {
    const heartbeat = lifecycle.heartbeat('log-anchors', { maxSilenceMs: MAX_SILENCE_MS });
    const lease = Lease.hold({
      connectionString: config.DATABASE_URL,
      key: 'log-anchors',
      retryMs: LEASE_RETRY_MS,
      heartbeat,
      onHeld: async (signal) => {
        // A chain that cannot be asked is overdue, too, from the moment that it could be asked last.
        let askedAt = clock.now();
        const task = new PeriodicTask({
          everyMs: Math.min(LOOK_EVERY_MS, config.ANCHOR_EVERY_MS),
          run: async () => {
            if (restoreHold.isHeld) return false;
            overdue.set((await logs.runOnce(signal)) / 1_000);
            askedAt = clock.now();
            return false;
          },
          onError: (err) => {
            overdue.set((clock.now().getTime() - askedAt.getTime()) / 1_000);
            logger.warn({ err }, 'logs could not be looked at for anchors; they will be again');
          },
          signs: { beat: () => heartbeat.beat(), stop: () => undefined },
        });
        task.start();
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        await task.stop();
      },
    });
    lifecycle.onStop('consumers', 'log-anchors', async () => {
      await lease.release();
      heartbeat.stop();
    });
    return Promise.resolve();
  });
}
