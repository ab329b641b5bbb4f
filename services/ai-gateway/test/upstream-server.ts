import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // What a provider would read: any JSON.
  readonly body: ReturnType<typeof JSON.parse>;
}

export type Answering = (response: ServerResponse, received: Received) => void | Promise<void>;

/** A provider of OpenAI's API over real sockets; specs say how it answers, and how it fails. */
export class UpstreamServer {
  readonly received: Received[] = [];
  /** How many of its answers were cut off by whoever asked. */
  abandoned = 0;
  /** Called with each request; the last one stays. */
  readonly #answers: Answering[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(): Promise<UpstreamServer> {
    const upstream = new UpstreamServer();
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Sets the answers to the next requests, in this order; the last one is given from then on. Forgets what came before. */
  answerWith(...answers: Answering[]): void {
    this.#answers.splice(0, this.#answers.length, ...answers);
    this.received.length = 0;
    this.abandoned = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const received = { path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) };
    this.received.push(received);
    let cutHere = false;
    const destroy = response.destroy.bind(response);
    response.destroy = (error) => {
      cutHere = true;
      return destroy(error);
    };
    response.on('error', () => undefined);
    response.on('close', () => {
      if (!response.writableFinished && !cutHere) this.abandoned += 1;
    });
    const answer = this.#answers.length > 1 ? this.#answers.shift() : this.#answers[0];
    await answer?.(response, received);
  }
}

export const USAGE = { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 };

/** A whole answer as OpenAI gives it. */
export const wholeAnswer = (content: string, other: object = { usage: USAGE }) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-spec-2026-01-01',
  choices: [
    { index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' },
  ],
  ...other,
});

const head = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-spec-2026-01-01',
  system_fingerprint: 'fp_1',
};

export const chunk = (delta: object, finish: string | null = null, other: object = {}) =>
  JSON.stringify({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], ...other });

export const usageChunk = JSON.stringify({ ...head, choices: [], usage: USAGE });

/** The events of a stream as OpenAI sends them, with tokens when they are asked for. */
export function chunksOf(words: readonly string[], includeUsage: boolean): string[] {
  const usage = includeUsage ? { usage: null } : {};
  return [
    chunk({ role: 'assistant', content: '' }, null, usage),
    ...words.map((content) => chunk({ content }, null, usage)),
    chunk({}, 'stop', usage),
    ...(includeUsage ? [usageChunk] : []),
    '[DONE]',
  ];
}

export const eventsOf = (data: readonly string[]) => data.map((each) => `data: ${each}\n\n`).join('');

export const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answering =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

/** Streams these words as OpenAI would. */
export const stream =
  (...words: string[]): Answering =>
  (response, { body }) => {
    openStream(response);
    response.end(eventsOf(chunksOf(words, body.stream_options?.include_usage === true)));
  };
