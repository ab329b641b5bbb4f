import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from './waiting.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { seededRandom } from './faulty-line.js';

let echo: Server;
let proxy: TcpProxy;
const serverSockets = new Set<Socket>();
const clients: Socket[] = [];

beforeEach(async () => {
  echo = createServer((socket) => {
    serverSockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => serverSockets.delete(socket));
    socket.pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startTcpProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
  for (const socket of serverSockets) socket.destroy();
  echo.close();
});

interface Wire {
  readonly socket: Socket;
  readonly text: () => string;
  readonly code: () => string | undefined;
}

async function dial(): Promise<Wire> {
  const socket = connect(proxy.port, '127.0.0.1');
  clients.push(socket);
  let text = '';
  let code: string | undefined;
  socket.on('data', (chunk) => void (text += chunk.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => void (code = error.code));
  await once(socket, 'connect');
  return { socket, text: () => text, code: () => code };
}

async function roundTripMs(wire: Wire, word: string): Promise<number> {
  const startedMs = performance.now();
  const before = wire.text().length;
  wire.socket.write(word);
  while (wire.text().length < before + word.length) await once(wire.socket, 'data');
  return performance.now() - startedMs;
}

describe('a network', () => {
  it('that is sound passes everything on, in order, to the end', async () => {
    const wire = await dial();
    const sent = 'x'.repeat(3_000_000);
    wire.socket.end(sent);
    await once(wire.socket, 'close');
    expect(wire.text() === sent).toBe(true);
    await eventually(() => expect(proxy.connections).toEqual({ open: 0, total: 1 }));
  });

  it('with latency takes that long each way, for each chunk, and is quick again once healed', async () => {
    const wire = await dial();
    proxy.suffer({ latencyMs: 60 });
    expect(await roundTripMs(wire, 'slow')).toBeGreaterThanOrEqual(119);
    proxy.suffer({ latencyMs: 60, direction: 'toClient' });
    const oneWayMs = await roundTripMs(wire, 'one way');
    expect(oneWayMs).toBeGreaterThanOrEqual(59);
    proxy.heal();
    wire.socket.write('fast');
    await eventually(() => expect(wire.text()).toBe('slowone wayfast'));
  });

  it('with little bandwidth takes as long as the bytes need', async () => {
    const wire = await dial();
    proxy.suffer({ bytesPerSecond: 100_000, direction: 'toServer' });
    expect(await roundTripMs(wire, 'x'.repeat(30_000))).toBeGreaterThanOrEqual(299);
  });

  it('that loses chunks delays and never reorders, the same way for the same seed', async () => {
    const draws = [seededRandom(7), seededRandom(7)].map((random) => Array.from({ length: 20 }, random));
    expect(draws[0]).toEqual(draws[1]);
    const wire = await dial();
    proxy.suffer({ lossShare: 0.3, jitterMs: 5 });
    const words = Array.from({ length: 8 }, (_, n) => `word ${n};`);
    const startedMs = performance.now();
    for (const word of words) {
      wire.socket.write(word);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(wire.text()).toBe(words.join('')));
    expect(performance.now() - startedMs).toBeGreaterThan(199);
  });

  it('that stalls holds everything back, and delivers it once healed', async () => {
    const wire = await dial();
    await roundTripMs(wire, 'before;');
    proxy.suffer({ stalled: true });
    wire.socket.write('meanwhile;');
    const other = await dial();
    other.socket.write('also meanwhile');
    // A sound round trip of another proxy is long enough for bytes that were not held back to arrive.
    const witness = await startTcpProxy({ host: '127.0.0.1', port: (echo.address() as AddressInfo).port });
    const watching = connect(witness.port, '127.0.0.1');
    watching.write('seen');
    await once(watching, 'data');
    expect([wire.text(), other.text()]).toEqual(['before;', '']);
    proxy.heal();
    await eventually(() => expect([wire.text(), other.text()]).toEqual(['before;meanwhile;', 'also meanwhile']));
    watching.destroy();
    await witness.close();
  });

  it('that is parted accepts and never answers; healed, it resets what has lost bytes and spares the rest', async () => {
    const [torn, idle] = [await dial(), await dial()];
    await Promise.all([roundTripMs(torn, 'a'), roundTripMs(idle, 'b')]);
    proxy.suffer({ partitioned: true });
    const late = await dial();
    late.socket.write('hello?');
    torn.socket.write('lost');
    await eventually(() => expect(torn.socket.bytesWritten).toBe(5));
    expect([torn.text(), late.text()]).toEqual(['a', '']);
    expect([torn.socket.destroyed, late.socket.destroyed]).toEqual([false, false]);
    // The proxy reads in turns of the event loop: it has the bytes when a later connection has been accepted.
    await dial();
    proxy.heal();
    await eventually(() => expect([torn.code(), late.code()]).toEqual(['ECONNRESET', 'ECONNRESET']));
    await roundTripMs(idle, 'still here');
    expect(idle.text()).toBe('bstill here');
  });

  it('that resets does so for all open connections, on both sides', async () => {
    const wire = await dial();
    await roundTripMs(wire, 'a');
    proxy.reset();
    await eventually(() => expect(wire.code()).toBe('ECONNRESET'));
    await eventually(() => expect(serverSockets.size).toBe(0));
    await roundTripMs(await dial(), 'anew');
  });
});
