import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { currencyOf } from '@dailydoco/money';
import { newId } from '@dailydoco/lifecycle';
import { asPayoutId, asTenantId } from '../src/ids.js';
import { StripeTransfers } from '../src/rails/stripe/transfers.adapter.js';
import { RailRefusal } from '../src/rails/rail.js';
import { never } from './call-rail.contract.js';
import { transferOf } from './stripe-server.js';

// Stripe's mock server is made of its OpenAPI document and remembers nothing: it says whether a call is one that Stripe has,
// with parameters that it takes, and answers in its shapes.
const TOOLS = fileURLToPath(new URL('../../../infra/tools/dist/command.js', import.meta.url));
const API_KEY = 'sk_test_123';
let mock: ChildProcess;
let url: string;

beforeAll(async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  mock = spawn(process.execPath, [TOOLS, 'stripe-mock', '-http-port', `${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  if (mock.stdout === null) throw new Error('the mock has an output');
  for await (const line of createInterface({ input: mock.stdout })) if (line.startsWith('Listening')) return;
  throw new Error('the mock ended before it listened');
});

afterAll(async () => {
  const gone = once(mock, 'exit');
  // With the program that the command runs.
  if (mock.pid !== undefined) process.kill(-mock.pid, 'SIGKILL');
  await gone;
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const order = () => ({
  tenantId: asTenantId(newId()),
  reference: asPayoutId(newId()),
  accountId: 'acct_1MTfjCQ9PRzxEwkZ',
  amountMicros: 30_000_000n,
  currency: currencyOf('USD'),
});

/** Members and their types; what may be null or of two kinds counts as it came. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}

describe('Stripe’s mock server', () => {
  it('takes our order of a transfer and our look for one', async () => {
    const transfers = new StripeTransfers({ apiKey: API_KEY, apiBase: url });
    const made = await transfers.create(order(), never());
    expect(made).toMatchObject({ amountMicros: 30_000_000n, currency: 'USD', destination: 'acct_1MTfjCQ9PRzxEwkZ' });
    expect(await transfers.list(newId(), never())).toEqual([expect.objectContaining({ reversed: false })]);
  });

  it('refuses an order that Stripe would not read, and that is a refusal', async () => {
    const transfers = new StripeTransfers({ apiKey: API_KEY, apiBase: url });
    const wrong = { ...order(), accountId: [] as unknown as string };
    await expect(transfers.create(wrong, never())).rejects.toBeInstanceOf(RailRefusal);
  });

  it('answers in the shape that the specs’ server answers in', async () => {
    const form = new URLSearchParams({ amount: '3000', currency: 'usd', destination: 'acct_1', transfer_group: 'g' });
    const response = await fetch(`${url}/v1/transfers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${API_KEY}` },
      body: form,
    });
    const theirs = (await response.json()) as Record<string, unknown>;
    const ours = transferOf(form, 'acct_1', new Date());
    // The list of reversals has a count only where it is asked for; metadata are whatever was given.
    const comparable = ({ metadata: _metadata, reversals: _reversals, ...rest }: Record<string, unknown>) =>
      shapeOf(rest);
    expect(comparable(ours)).toEqual(comparable(theirs));
  });
});
