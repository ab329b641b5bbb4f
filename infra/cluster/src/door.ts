import { rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A wanted address is one short line. */
const LONGEST_LINE_BYTES = 200;

/**
 * The door into the cluster's network: a Unix socket, since those are seen from every network namespace. Who connects says
 * `host:port` and a newline, and is connected to that address inside.
 */
export function openDoor(socketPath: string): Server {
  rmSync(socketPath, { force: true });
  const server = createServer({ allowHalfOpen: true }, (outside) => {
    let line = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      line = Buffer.concat([line, chunk]);
      const end = line.indexOf(0x0a);
      if (end < 0 && line.length <= LONGEST_LINE_BYTES) return;
      outside.off('data', onData);
      outside.pause();
      const wanted = /^([\w.-]+):(\d{1,5})$/.exec(line.subarray(0, Math.max(end, 0)).toString('latin1'));
      if (wanted?.[1] === undefined) return void outside.destroy();
      const inside = connect({ host: wanted[1], port: Number(wanted[2]), allowHalfOpen: true, noDelay: true });
      inside.write(line.subarray(end + 1));
      join(outside, inside);
    };
    outside.on('data', onData);
    outside.on('error', () => outside.destroy());
  });
  return server.listen(socketPath);
}

/** Listens on a free loopback port, or the given one, and leads each connection through the door to an address inside. */
export async function passage(
  socketPath: string,
  address: string,
  port = 0,
): Promise<{ readonly port: number; close(): void }> {
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (outside) => {
    const door = connect({ path: socketPath, allowHalfOpen: true });
    door.write(`${address}\n`);
    open.add(outside);
    outside.on('close', () => open.delete(outside));
    join(outside, door);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** Joins two connections into one: bytes, ends and breaks pass from each to the other. */
function join(one: Socket, other: Socket): void {
  one.pipe(other);
  other.pipe(one);
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy());
    from.on('close', (broken) => broken && to.destroy());
  }
}
