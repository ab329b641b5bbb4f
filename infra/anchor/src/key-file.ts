import { keyOf } from '@dailydoco/anchors';
import { readFileSync } from 'node:fs';
import type { Hex } from 'viem';

/** Reads a private key out of a file: 32 bytes in hex, with or without 0x. The message never holds what is in it. */
export function readKey(file: string): Hex {
  const key = keyOf(readFileSync(file, 'utf8'));
  if (key === undefined) throw new Error(`${file} holds no private key: 64 hex digits are expected`);
  return key;
}
