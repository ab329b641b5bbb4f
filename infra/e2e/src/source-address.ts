import { randomInt } from 'node:crypto';

/**
 * An address of this machine that no other suite calls from. The gateway counts requests and registrations by address:
 * so each suite has the limits to itself, as a visitor has, and none waits for another's minute to end. All of
 * 127.0.0.0/8 is this machine on Linux; elsewhere only 127.0.0.1 is sure, and the suites share it.
 */
export function sourceAddress(): string {
  if (process.platform !== 'linux') return '127.0.0.1';
  return `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
}
