import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export interface TrickleOptions {
  readonly gatewayUrl: string;
  readonly apiKey: string;
  readonly buyerIds: readonly string[];
  /** Purchases are sent this far apart, whether or not earlier ones were answered. */
  readonly everyMs: number;
  readonly externalIdPrefix: string;
}

export interface TrickleCount {
  readonly sent: number;
  readonly acknowledged: number;
  /** What each request that was not acknowledged met, and when, in seconds since the beginning. */
  readonly failures: readonly string[];
  readonly slowestMs: number;
  /** When the last one that failed was sent, since the beginning. */
  readonly lastFailureMs: number | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * A billing system that sends a purchase at a fixed pace and never tries again, so that every request that fails is seen. Half of
 * the purchases go over connections that are kept, half over fresh ones.
 */
export function startTrickle(options: TrickleOptions): { stop(): Promise<TrickleCount> } {
  const kept = new Agent({ keepAlive: true, maxSockets: 4 });
  const startedAt = performance.now();
  const failures: string[] = [];
  const under = new Set<Promise<void>>();
  let sent = 0;
  let acknowledged = 0;
  let slowestMs = 0;
  let lastFailureMs: number | undefined;

  const one = async (index: number): Promise<void> => {
    const from = performance.now();
    const problem = await buy(options, index % 2 === 0 ? kept : undefined, index);
    slowestMs = Math.max(slowestMs, performance.now() - from);
    if (problem === undefined) acknowledged += 1;
    else {
      failures.push(`${((from - startedAt) / 1000).toFixed(1)} s: ${problem}`);
      lastFailureMs = Math.max(lastFailureMs ?? 0, from - startedAt);
    }
  };
  const pace = setInterval(() => {
    const sending = one(sent);
    sent += 1;
    under.add(sending);
    void sending.then(() => under.delete(sending));
  }, options.everyMs);
  return {
    async stop() {
      clearInterval(pace);
      while (under.size > 0) await wait(50);
      kept.destroy();
      return { sent, acknowledged, failures, slowestMs, lastFailureMs };
    },
  };
}

/** Undefined when the purchase was acknowledged, else what happened instead. */
function buy(options: TrickleOptions, agent: Agent | undefined, index: number): Promise<string | undefined> {
  const body = JSON.stringify({
    externalId: `${options.externalIdPrefix}-${index}`,
    buyerId: options.buyerIds[index % options.buyerIds.length],
    amount: { amount: '79.00', currency: 'USD' },
    stream: 'subscription',
  });
  return new Promise((resolve) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${options.apiKey}`,
      'idempotency-key': randomUUID(),
    };
    const sent = request(
      `${options.gatewayUrl}/v1/purchases`,
      { method: 'POST', headers, agent: agent ?? false, timeout: TIMEOUT_MS },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (error) => resolve(`the answer broke off: ${error.message}`));
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          resolve(response.statusCode === 201 ? undefined : `${response.statusCode} ${text.slice(0, 200)}`);
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    sent.on('error', (error) => resolve(error.message));
    sent.end(body);
  });
}
