import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openDoor, passage } from './door.js';

describe('a passage through the door', () => {
  let folder: string;
  let door: Server;
  let echo: Server;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'door-'));
    door = openDoor(join(folder, 'door.sock'));
    // Answers once the caller has ended, so that a lost end shows.
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      void text(socket).then((said) => socket.end(`heard ${said}`));
    }).listen(0, '127.0.0.1');
    await Promise.all([once(door, 'listening'), once(echo, 'listening')]);
  });
  afterEach(() => {
    door.close();
    echo.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('carries bytes and ends both ways', async () => {
    const { port: echoPort } = echo.address() as AddressInfo;
    const way = await passage(join(folder, 'door.sock'), `127.0.0.1:${echoPort}`);
    const socket = connect(way.port, '127.0.0.1');
    const long = 'x'.repeat(100_000);
    socket.end(long);
    expect(await text(socket)).toBe(`heard ${long}`);
    way.close();
  });

  it.each(['nobody listens', 'no address'])('ends the connection when %s', async (what) => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    const way = await passage(join(folder, 'door.sock'), what === 'no address' ? 'rubbish' : `127.0.0.1:${port}`);
    const socket = connect(way.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('hello');
    await once(socket, 'close');
    way.close();
  });
});
