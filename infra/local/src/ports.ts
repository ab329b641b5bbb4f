import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** The gateway's port when it is free: what the docs show. */
export const GATEWAY_PORT = 8000;
/** Where the other ports are looked for: above the well-known ones, below the ephemeral range. */
const FIRST_PORT = 21_000;
const LAST_PORT = 29_000;

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Gives each name a port, the same as last time where it is still free, so that bookmarks and open terminals survive a
 * restart. The file keeps them between runs.
 */
export async function choosePorts(
  dataDir: string,
  names: readonly string[],
  preferred: Readonly<Record<string, number>>,
): Promise<Record<string, number>> {
  const file = join(dataDir, 'ports.json');
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>) : {};
  const chosen: Record<string, number> = {};
  const taken = new Set<number>();
  for (const name of names) {
    // 0 is nobody's wish: any free port will do.
    const wishes = [preferred[name] ?? 0, before[name] ?? 0].filter((port) => port !== 0);
    let port: number | undefined;
    for (const wish of wishes) if (!taken.has(wish) && (await isFree(wish))) port ??= wish;
    port ??= await nextFree(taken, FIRST_PORT + Math.floor(Math.random() * 4_000));
    taken.add(port);
    chosen[name] = port;
  }
  writeFileSync(file, `${JSON.stringify(chosen, null, 2)}\n`, { mode: 0o600 });
  return chosen;
}

async function nextFree(taken: ReadonlySet<number>, from: number): Promise<number> {
  for (let port = from; port < LAST_PORT; port += 1) if (!taken.has(port) && (await isFree(port))) return port;
  throw new Error(`no free port between ${from} and ${LAST_PORT}`);
}
