import {
  LogTree,
  parseCheckpoint,
  parseVkey,
  type SignedCheckpoint,
  tilePath,
  verifyConsistency,
  verifyNote,
} from '@dailydoco/transparency';

const TIMEOUT_MS = 10_000;

/** A log as everybody reads it over HTTP (C2SP tlog-tiles). */
export interface PublicLog {
  /** Its address, without a slash at the end. */
  readonly url: string;
  /** Its key, as vkey text. */
  readonly vkey: string;
}

/** The log's checkpoint, signed by its key. Throws when it is not. */
export async function readCheckpoint({ url, vkey }: PublicLog): Promise<SignedCheckpoint> {
  const key = parseVkey(vkey);
  if (key === undefined) throw new Error('The key of the log is malformed');
  const checkpoint = parseCheckpoint(Buffer.from(await read(`${url}/checkpoint`)).toString('utf8'));
  if (checkpoint === undefined || checkpoint.origin !== key.name) throw new Error('That is no checkpoint of this log');
  if (verifyNote(checkpoint.note, [key]) !== 'verified')
    throw new Error('The checkpoint is not signed by the log’s key');
  return checkpoint;
}

/** Whether the checkpoint's tree goes on from an earlier one, proved from the tiles that the log serves. */
export async function goesOn(
  { url }: Pick<PublicLog, 'url'>,
  from: { size: number; root: Uint8Array },
  to: SignedCheckpoint,
): Promise<boolean> {
  if (from.size > to.size) return false;
  const tree = new LogTree(to.size, (tile) => read(`${url}/${tilePath(tile)}`));
  return verifyConsistency({ from, to, proof: await tree.consistencyProof(from.size) });
}

async function read(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
