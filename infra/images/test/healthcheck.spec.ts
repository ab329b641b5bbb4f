import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const script = fileURLToPath(new URL('../healthcheck.mjs', import.meta.url));
let server: Server;
let status = 200;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'health-'));
  for (const name of ['payouts', 'gateway']) mkdirSync(join(folder, name));
  server = createServer((request, response) => {
    response.writeHead(request.url === '/health/ready' ? status : 500).end();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

function codeIn(image: string, port: number): Promise<number> {
  const env = { PATH: process.env['PATH'], HTTP_PORT: String(port), GATEWAY_PORT: String(port) };
  return new Promise((resolve) => {
    execFile(process.execPath, [script], { cwd: join(folder, image), env }, (error) =>
      resolve(error === null ? 0 : Number(error.code)),
    );
  });
}

describe('the health check of an image', () => {
  it.each([
    ['payouts', 200, 0],
    ['payouts', 503, 1],
    ['payouts', 404, 1],
    ['gateway', 404, 0],
    ['gateway', 502, 1],
  ])('in %s takes %d for %d', async (image, answer, code) => {
    status = answer;
    expect(await codeIn(image, (server.address() as AddressInfo).port)).toBe(code);
  });

  it('says no when nobody answers', async () => {
    expect(await codeIn('payouts', 9)).toBe(1);
  });
});
