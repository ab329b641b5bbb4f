import { type Chain, lastAnchor, post } from '@dailydoco/anchors';
import type { Address, Hash, Hex } from 'viem';
import { goesOn, type PublicLog, readCheckpoint } from './log.js';

export type Posted =
  | { readonly kind: 'posted'; readonly size: number; readonly transaction: Hash }
  /** Nothing was appended since the last anchor, or ever. */
  | { readonly kind: 'unchanged'; readonly size: number };

/**
 * Anchors the checkpoint that a log shows now. It is posted only when it is signed by the log's key and its tree goes on
 * from what was anchored last: a log that rewrote its history stops here, loudly, instead of having it anchored.
 */
export async function postCheckpoint(
  log: PublicLog,
  chain: Chain,
  place: { readonly contract: Address; readonly key: Hex },
): Promise<Posted> {
  const checkpoint = await readCheckpoint(log);
  const last = await lastAnchor(chain, place.contract, checkpoint.origin);
  if (last !== undefined && !(await goesOn(log, last, checkpoint))) {
    throw new Error(`The log does not go on from its anchor of ${last.size} leaves: its history was rewritten`);
  }
  if (checkpoint.size === (last?.size ?? 0)) return { kind: 'unchanged', size: checkpoint.size };
  return { kind: 'posted', size: checkpoint.size, transaction: await post(chain, place, checkpoint) };
}
