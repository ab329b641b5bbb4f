import type { Checkpoint } from './checkpoint.js';
import { type Finding, finding } from './finding.js';
import { isSameHash, sha256 } from './hashes.js';

/** A checkpoint as a chain keeps it. */
export interface Anchor {
  readonly size: number;
  readonly root: Uint8Array;
  /** The time of its block. */
  readonly anchoredAt: Date;
}

export interface AnchorCheck {
  /** The anchor that was compared; undefined when there is none to compare with. */
  readonly anchor: Anchor | undefined;
  readonly findings: readonly Finding[];
}

/** Where a contract is asked. */
export interface AnchorPlace {
  /** JSON-RPC address of a node that the partner trusts. */
  readonly rpc: string;
  /** The contract's address, 0x and 40 hex digits. */
  readonly contract: string;
  readonly fetch: typeof fetch;
}

/** First four bytes of the Keccak-256 of `lastUpTo(bytes32,uint64)`, as the contract's ABI has it. */
const LAST_UP_TO = '86ec7556';
const TIMEOUT_MS = 10_000;

/** How a contract names a log: SHA-256 of its origin. */
export function originHash(origin: string): Uint8Array {
  return sha256(Buffer.from(origin, 'utf8'));
}

/**
 * Compares checkpoints that are proved to be of one history with the anchors of their log: one of them has to be
 * anchored, with the same root. Throws when the node or the contract does not answer as it should.
 */
export async function checkAnchor(
  checkpoints: readonly [Checkpoint, ...Checkpoint[]],
  place: AnchorPlace,
): Promise<AnchorCheck> {
  let nearest: Anchor | undefined;
  for (const checkpoint of checkpoints) {
    const anchor = await readAnchor(checkpoint, place);
    nearest ??= anchor;
    if (anchor?.size !== checkpoint.size) continue;
    if (isSameHash(anchor.root, checkpoint.root)) return { anchor, findings: [] };
    return { anchor, findings: [finding('ANCHOR_DIFFERS', `${anchor.size} leaves`)] };
  }
  const hint =
    nearest === undefined
      ? ''
      : `the nearest has ${nearest.size} leaves: ask for a statement that goes on from the checkpoint of that size`;
  return { anchor: undefined, findings: [finding('ANCHOR_MISSING', hint)] };
}

/** The last anchor of the checkpoint's log that is not larger than it. */
export async function readAnchor({ origin, size }: Checkpoint, place: AnchorPlace): Promise<Anchor | undefined> {
  if (!/^0x[0-9a-fA-F]{40}$/.test(place.contract)) throw new Error('A contract’s address is 0x and 40 hex digits');
  const name = Buffer.from(originHash(origin)).toString('hex');
  const data = `0x${LAST_UP_TO}${name}${size.toString(16).padStart(64, '0')}`;
  const answer = await call(place, data);
  const words = /^0x([0-9a-f]{64})([0-9a-f]{64})([0-9a-f]{64})$/.exec(answer);
  if (words?.[1] === undefined || words[2] === undefined || words[3] === undefined) {
    throw new Error(`There is no contract of anchors at ${place.contract}`);
  }
  const anchored = Number(BigInt(`0x${words[1]}`));
  if (anchored === 0) return undefined;
  const anchoredAt = new Date(Number(BigInt(`0x${words[3]}`)) * 1000);
  return { size: anchored, root: Buffer.from(words[2], 'hex'), anchoredAt };
}

async function call({ rpc, contract, fetch }: AnchorPlace, data: string): Promise<string> {
  const response = await fetch(rpc, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_call', params: [{ to: contract, data }, 'latest'] }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const answer: unknown = await response.json();
  if (typeof answer === 'object' && answer !== null && 'result' in answer && typeof answer.result === 'string') {
    return answer.result.toLowerCase();
  }
  throw new Error(`The chain’s node refused: ${JSON.stringify(answer).slice(0, 300)}`);
}
