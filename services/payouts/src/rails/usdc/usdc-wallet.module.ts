import { repeat } from '@dailydoco/service';
import { gauge } from '@dailydoco/telemetry';
import type { Runtime } from '../../runtime.js';
import { chainOf, maxFeePerGasOf } from './usdc-rail.module.js';
import { readWalletLevel } from './wallet-level.js';
import { WantedStore } from './wallet-level.store.js';

const MICROS_PER_DOLLAR = 1e6;
const MEASURE_EVERY_MS = 60_000;
const MEASURE_TIMEOUT_MS = 10_000;

const balance = gauge('dailydoco_usdc_wallet_balance_dollars');
const wanted = gauge('dailydoco_usdc_wallet_wanted_dollars');
const gas = gauge('dailydoco_usdc_wallet_gas_transfers');

/** Measures what the wallet has and what it will be asked for, where the rail is on. */
export function addUsdcWallet(runtime: Runtime): void {
  const { config, pool } = runtime;
  const chain = chainOf(config);
  if (chain === undefined) return;
  // By its label there is no series, and no alert, where the rail is off.
  const labels = { chain: String(chain.chainId) };
  const given = { chain, reads: new WantedStore(pool), maxFeePerGas: maxFeePerGasOf(config) };
  repeat(runtime, {
    name: 'usdc-wallet',
    everyMs: MEASURE_EVERY_MS,
    run: async () => {
      const level = await readWalletLevel(given, AbortSignal.timeout(MEASURE_TIMEOUT_MS));
      // Metrics are floating point; nothing is decided by them.
      balance.set(Number(level.balanceMicros) / MICROS_PER_DOLLAR, labels);
      wanted.set(Number(level.wantedMicros) / MICROS_PER_DOLLAR, labels);
      gas.set(Number(level.transfersByGas), labels);
      return false;
    },
  });
}
