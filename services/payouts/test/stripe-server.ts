import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to the next order of a transfer instead of an answer. */
export type StripeFault =
  | 'rate_limit'
  | 'server_error'
  | 'server_error_after'
  | 'reset_before'
  | 'reset_after'
  | 'key_in_use'
  | 'unauthenticated'
  | 'not_json'
  /** It is carried out only after the next order. */
  | 'overtaken'
  /** It is carried out, and the answer waits for `answerHeld`. */
  | 'held'
  /** The platform's balance has too little in the currency. */
  | 'balance_empty';

type Json = Record<string, unknown>;
interface Reply {
  readonly status: number;
  readonly body: Json;
}

const API_KEY = 'sk_test_spec';
let made = 0;
const idOf = (prefix: string): string => `${prefix}_spec${(made += 1).toString().padStart(18, '0')}`;

/**
 * Stripe's interface as far as transfers go, in the shapes of its reference (docs.stripe.com/api/transfers), with its rules
 * for idempotency keys (docs.stripe.com/api/idempotent_requests): the answer to the first order of a key is kept, errors
 * after the work began among them, and another order of the same key is refused.
 */
export class StripeServer {
  readonly apiKey = API_KEY;
  readonly transfers: Json[] = [];
  readonly closedAccounts = new Set<string>();
  /** How often an order of a transfer arrived, and what its head said. */
  readonly orders: { key: string | undefined; version: string | undefined }[] = [];
  #faults: StripeFault[] = [];
  #kept = new Map<string, { order: string; reply: Reply }>();
  #waiting: (() => void) | undefined;
  #held: (() => void) | undefined;
  readonly #clock: { now(): Date };
  #server: Server | undefined;

  constructor(clock: { now(): Date } = { now: () => new Date() }) {
    this.#clock = clock;
  }

  get url(): string {
    if (this.#server === undefined) throw new Error('nothing listens yet');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#serve(request, response));
    this.#server = server.listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    return this;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((closed) => this.#server?.close(closed));
  }

  failNext(...faults: StripeFault[]): void {
    this.#faults.push(...faults);
  }

  /** A day has gone by. */
  forgetKeys(): void {
    this.#kept.clear();
  }

  /** Gives the answer that was held. */
  answerHeld(): void {
    this.#held?.();
    this.#held = undefined;
  }

  reverse(id: string, amount?: number): Json {
    const transfer = this.transfers.find((each) => each['id'] === id);
    if (transfer === undefined) throw new Error('there is no such transfer');
    transfer['amount_reversed'] = amount ?? transfer['amount'];
    transfer['reversed'] = transfer['amount_reversed'] === transfer['amount'];
    return transfer;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', this.url);
    const answer = ({ status, body }: Reply): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'request-id': idOf('req') });
      response.end(JSON.stringify(body));
    };
    if (request.headers.authorization !== `Bearer ${API_KEY}`) return answer(refusal(401, 'invalid_request_error'));
    if (url.pathname !== '/v1/transfers') return answer(refusal(404, 'invalid_request_error', 'resource_missing'));
    if (request.method === 'GET') return answer(this.#list(url.searchParams));
    const text = Buffer.concat(chunks).toString();
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    this.orders.push({ key: header('idempotency-key'), version: header('stripe-version') });
    return this.#order(text, { key: header('idempotency-key') ?? idOf('key'), answer, response });
  }

  #order(text: string, given: { key: string; answer: (reply: Reply) => void; response: ServerResponse }): void {
    const { answer, response } = given;
    const fault = this.#faults.shift();
    // Before the work began nothing is kept.
    if (fault === 'reset_before') return void response.destroy();
    if (fault === 'rate_limit') return answer(refusal(429, 'invalid_request_error', 'rate_limit'));
    if (fault === 'key_in_use') return answer(refusal(409, 'invalid_request_error', 'idempotency_key_in_use'));
    if (fault === 'unauthenticated') return answer(refusal(401, 'invalid_request_error'));
    if (fault === 'not_json') {
      response.writeHead(400, { 'content-type': 'text/html' });
      return void response.end('<h1>Bad Request</h1>');
    }
    if (fault === 'overtaken') {
      this.#waiting = () => this.#carryOut(text, given);
      return;
    }
    this.#carryOut(text, given, fault);
    this.#waiting?.();
    this.#waiting = undefined;
  }

  #carryOut(
    text: string,
    { key, answer, response }: { key: string; answer: (reply: Reply) => void; response: ServerResponse },
    fault?: StripeFault,
  ): void {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      return answer(kept.order === text ? kept.reply : refusal(400, 'idempotency_error'));
    }
    const reply =
      fault === 'server_error'
        ? refusal(500, 'api_error')
        : fault === 'balance_empty'
          ? refusal(400, 'invalid_request_error', 'balance_insufficient')
          : this.#make(new URLSearchParams(text));
    const said = fault === 'server_error_after' ? refusal(500, 'api_error') : reply;
    this.#kept.set(key, { order: text, reply: said });
    if (fault === 'reset_after') return void response.destroy();
    if (fault === 'held') {
      this.#held = () => answer(said);
      return;
    }
    return answer(said);
  }

  #make(order: URLSearchParams): Reply {
    const destination = order.get('destination') ?? '';
    if (this.closedAccounts.has(destination)) return refusal(400, 'invalid_request_error', 'transfers_not_allowed');
    const transfer = transferOf(order, destination, this.#clock.now());
    this.transfers.unshift(transfer);
    return { status: 200, body: transfer };
  }

  #list(query: URLSearchParams): Reply {
    const group = query.get('transfer_group');
    const data = this.transfers.filter((each) => each['transfer_group'] === group);
    return { status: 200, body: { object: 'list', url: '/v1/transfers', has_more: false, data } };
  }
}

/** A transfer in the shape of the reference; made of what was ordered. */
export function transferOf(order: URLSearchParams, destination: string, at: Date): Json {
  const id = idOf('tr');
  return {
    id,
    object: 'transfer',
    amount: Number(order.get('amount')),
    amount_reversed: 0,
    balance_transaction: idOf('txn'),
    created: Math.floor(at.getTime() / 1_000),
    currency: order.get('currency'),
    description: null,
    destination,
    destination_payment: idOf('py'),
    livemode: false,
    metadata: {
      payout_id: order.get('metadata[payout_id]'),
      tenant_id: order.get('metadata[tenant_id]'),
    },
    reversals: { object: 'list', data: [], has_more: false, total_count: 0, url: `/v1/transfers/${id}/reversals` },
    reversed: false,
    source_transaction: null,
    source_type: 'card',
    transfer_group: order.get('transfer_group'),
  };
}

function refusal(status: number, type: string, code?: string): Reply {
  return {
    status,
    body: { error: { type, message: `refused: ${code ?? type}`, ...(code !== undefined && { code }) } },
  };
}
