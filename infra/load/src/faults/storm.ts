import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

export interface StormOptions {
  readonly gatewayUrl: string;
  readonly apiKey: string;
  /** Who buys; taken in turn. */
  readonly buyerIds: readonly string[];
  readonly purchases: number;
  /** Purchases under way at the same time. */
  readonly concurrency: number;
  readonly externalIdPrefix: string;
  readonly amount: string;
  /** Called once, when this many purchases have been acknowledged. */
  readonly fault: { readonly afterAcknowledged: number; readonly strike: () => Promise<void> };
}

export interface StormCount {
  /** Purchases answered with 201 or 200: promised to be durable. */
  acknowledged: number;
  /** First answers: 201 without `Idempotency-Replayed`. */
  created: number;
  /** The same answer again, because the first did not arrive. */
  replayed: number;
  /** Attempts that failed and were made again with the same key. */
  retried: number;
  /** Purchases that never were acknowledged within the bound. */
  givenUp: number;
  /** Answers that a client cannot explain, such as 409 or 422. */
  refused: string[];
}

/** A purchase that no attempt within this time acknowledged counts as given up. */
const GIVE_UP_MS = 150_000;
const ATTEMPT_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

interface Answer {
  readonly status: number;
  readonly replayed: boolean;
  readonly retryAfterSeconds: number;
  readonly text: string;
}

/**
 * A billing system that sends purchases as fast as it may and does what the API's documentation tells it to do on a failure:
 * wait, then send the same again under the same key.
 */
export async function storm(options: StormOptions): Promise<StormCount> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency });
  const count: StormCount = { acknowledged: 0, created: 0, replayed: 0, retried: 0, givenUp: 0, refused: [] };
  let next = 0;
  let striking: Promise<void> | undefined;
  const worker = async (): Promise<void> => {
    while (next < options.purchases) {
      const index = next;
      next += 1;
      await sendUntilAcknowledged(options, agent, index, count);
      if (count.acknowledged >= options.fault.afterAcknowledged) striking ??= options.fault.strike();
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  await (striking ??= options.fault.strike());
  agent.destroy();
  return count;
}

async function sendUntilAcknowledged(
  options: StormOptions,
  agent: Agent,
  index: number,
  count: StormCount,
): Promise<void> {
  const body = JSON.stringify({
    externalId: `${options.externalIdPrefix}-${index}`,
    buyerId: options.buyerIds[index % options.buyerIds.length],
    amount: { amount: options.amount, currency: 'USD' },
    stream: 'subscription',
  });
  const key = randomUUID();
  const deadline = Date.now() + GIVE_UP_MS;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const answer = await post(options, agent, key, body).catch(() => undefined);
    if (answer !== undefined && (answer.status === 201 || answer.status === 200)) {
      count.acknowledged += 1;
      if (answer.status === 201 && !answer.replayed) count.created += 1;
      else count.replayed += 1;
      return;
    }
    if (answer !== undefined && !mayBeRetried(answer.status)) {
      count.refused.push(`${answer.status} ${answer.text.slice(0, 200)}`);
      return;
    }
    if (Date.now() > deadline) {
      count.givenUp += 1;
      return;
    }
    count.retried += 1;
    await wait(answer?.status === 429 ? 1_000 * Math.max(1, answer.retryAfterSeconds) : pauseMs);
  }
}

/** As public clients are told: 429 and everything that says "not now". */
function mayBeRetried(status: number): boolean {
  return status === 429 || status >= 500;
}

function post(options: StormOptions, agent: Agent, key: string, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${options.apiKey}`,
      'idempotency-key': key,
    };
    const sent = request(
      `${options.gatewayUrl}/v1/purchases`,
      { method: 'POST', headers, agent, timeout: ATTEMPT_TIMEOUT_MS },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            replayed: response.headers['idempotency-replayed'] === 'true',
            retryAfterSeconds: Number(response.headers['retry-after'] ?? 1),
            text,
          }),
        );
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}
