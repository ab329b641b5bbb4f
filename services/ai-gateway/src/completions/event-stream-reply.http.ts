import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import { DONE } from '../openai/chat.js';
import type { OpenAiErrorBody } from '../openai/openai-error.js';
import type { AnswerSink } from './answer-chat.js';

/** How long a last word may take to leave; a caller who does not read gets none. */
const LAST_WORD_MS = 1_000;

/** An HTTP answer of server-sent events, as OpenAI's clients read it. */
export class EventStreamReply implements AnswerSink {
  readonly #reply: FastifyReply;

  constructor(reply: FastifyReply) {
    this.#reply = reply;
  }

  open(): void {
    const { raw } = this.#reply;
    // From here on the bytes are ours: only so can a broken answer end without looking finished.
    this.#reply.hijack();
    // A caller who leaves is noticed by `close`; an error heard by nobody would end the process.
    raw.on('error', () => undefined);
    for (const [name, value] of Object.entries(this.#reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    raw.setHeader('content-type', 'text/event-stream; charset=utf-8');
    raw.setHeader('cache-control', 'no-cache, no-transform');
    // Proxies that would collect the answer let it through as it comes.
    raw.setHeader('x-accel-buffering', 'no');
    raw.writeHead(200);
    raw.flushHeaders();
  }

  send(data: string, signal: AbortSignal): Promise<void> {
    return this.#write(eventOf(data), signal);
  }

  comment(text: string, signal: AbortSignal): Promise<void> {
    return this.#write(`: ${text}\n\n`, signal);
  }

  finish(): void {
    this.#reply.raw.end(eventOf(DONE));
  }

  /** The connection is cut without the end that HTTP gives a whole answer, so that no client takes it for one. */
  async breakOff(error: OpenAiErrorBody): Promise<void> {
    const { raw } = this.#reply;
    const written = new Promise<void>((resolve) => {
      raw.write(eventOf(JSON.stringify(error)), () => resolve());
    });
    const givenUp = new AbortController();
    await Promise.race([written, wait(LAST_WORD_MS, undefined, { signal: givenUp.signal }).catch(() => undefined)]);
    givenUp.abort();
    raw.destroy();
  }

  /** Writes at the pace of the reader: nothing more is taken from the provider while this one waits. */
  async #write(text: string, signal: AbortSignal): Promise<void> {
    const { raw } = this.#reply;
    if (!raw.write(text)) await once(raw, 'drain', { signal });
  }
}

function eventOf(data: string): string {
  return `data: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
}
