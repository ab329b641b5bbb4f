import type { Config } from '../../config.js';
import type { CallRail } from '../rail.js';
import { ViemTokenChain, walletKeyOf } from './token-chain.adapter.js';
import { type UsdcDestination, UsdcRail } from './usdc-rail.js';
import { UsdcTransferStore } from './usdc-transfer.store.js';

export interface UsdcRailGiven {
  readonly config: Config;
  readonly pool: ConstructorParameters<typeof UsdcTransferStore>[0];
  readonly clock: { now(): Date };
}

const WEI_PER_GWEI = 1_000_000_000n;

/**
 * The rail as the settings make it; undefined: switched off. Throws RangeError, naming the settings, where only some of
 * them are given.
 */
export function usdcRail({ config, pool, clock }: UsdcRailGiven): CallRail<UsdcDestination> | undefined {
  const chain = chainOf(config);
  if (chain === undefined) return undefined;
  return new UsdcRail({
    chain,
    book: new UsdcTransferStore(pool),
    rules: {
      confirmations: config.USDC_CONFIRMATIONS,
      maxFeePerGas: maxFeePerGasOf(config),
      bumpAfterMs: config.USDC_BUMP_AFTER_MS,
    },
    clock,
  });
}

/** The token and the wallet of the settings; undefined and throwing as above. */
export function chainOf(config: Config): ViemTokenChain | undefined {
  const { USDC_RPC_URL: rpcUrl, USDC_CHAIN_ID: chainId, USDC_TOKEN_ADDRESS: token, USDC_WALLET_KEY: key } = config;
  if (rpcUrl === undefined || chainId === undefined || token === undefined || key === undefined) {
    if ((rpcUrl ?? chainId ?? token ?? key) === undefined) return undefined;
    throw new RangeError(
      'USDC_RPC_URL, USDC_CHAIN_ID, USDC_TOKEN_ADDRESS and USDC_WALLET_KEY are given together or not at all',
    );
  }
  return new ViemTokenChain({ rpcUrl, chainId, token, walletKey: walletKeyOf(key) });
}

/** In wei per unit of gas. */
export function maxFeePerGasOf({ USDC_MAX_FEE_GWEI: gwei }: Config): bigint {
  return BigInt(gwei) * WEI_PER_GWEI;
}
