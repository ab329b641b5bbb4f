import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@dailydoco/testing';
import { setUpBench } from './bench.js';

const { startGateway, afterwards } = setUpBench();

/** An instance of payouts that says its name, or does what it is told to. */
async function instance(name: string, listener?: RequestListener): Promise<string> {
  const server = createServer(
    listener ?? ((request, response) => request.resume().on('end', () => response.end(name))),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const NOBODY = '127.0.0.1:1';
const get = async (url: string) => (await fetch(`${url}/v1/balances/me`)).text();
const post = (url: string) => fetch(`${url}/v1/payouts`, { method: 'POST', body: 'x'.repeat(5_000) });

describe('several instances of a service', () => {
  it('have their turns', async () => {
    const url = await startGateway({ upstreams: { payouts: [await instance('one'), await instance('two')] } });
    const told = [await get(url), await get(url), await get(url), await get(url)];
    expect(told.toSorted()).toEqual(['one', 'one', 'two', 'two']);
  });

  it('stand in for one that takes no connections, bodies included', async () => {
    const url = await startGateway({ upstreams: { payouts: [NOBODY, await instance('two')] } });
    for (let time = 0; time < 4; time += 1) {
      expect(await get(url)).toBe('two');
      expect(await (await post(url)).text()).toBe('two');
    }
  });

  it('stand in for one that breaks off a GET; a POST that was sent is never sent again', async () => {
    let asked = 0;
    const breaking = await instance('breaking', (request) => {
      if (request.url === '/health/ready') return;
      asked += 1;
      request.socket.destroy();
    });
    const url = await startGateway({ upstreams: { payouts: [breaking, await instance('two')] } });
    expect([await get(url), await get(url)]).toEqual(['two', 'two']);
    expect(asked).toBe(1);
    const statuses = [(await post(url)).status, (await post(url)).status];
    expect(new Set(statuses)).toEqual(new Set([200, 502]));
    expect(asked).toBe(2);
  });

  it('leave out one that says it is not ready, until it is', async () => {
    let ready = false;
    let asked = 0;
    const draining = await instance('draining', (request, response) => {
      if (request.url === '/health/ready') response.writeHead(ready ? 200 : 503).end();
      else {
        asked += 1;
        response.end('draining');
      }
    });
    const url = await startGateway({ upstreams: { payouts: [draining, await instance('two')] } });
    await eventually(
      async () => expect([await get(url), await get(url), await get(url)]).toEqual(['two', 'two', 'two']),
      { timeoutMs: 10_000 },
    );
    asked = 0;
    for (let time = 0; time < 6; time += 1) await get(url);
    expect(asked).toBe(0);
    ready = true;
    await eventually(async () => expect([await get(url), await get(url)]).toContain('draining'), { timeoutMs: 10_000 });
  });
});
