import { setTimeout as wait } from 'node:timers/promises';
import { DomainError } from '@dailydoco/errors';
import type { Clock } from '@dailydoco/lifecycle';
import { type Passage, PeerGuard } from '@dailydoco/resilience';
import { counter, type Logger } from '@dailydoco/telemetry';
import { Agent, type Dispatcher, request as send } from 'undici';
import { type ChatRequest, DONE } from '../openai/chat.js';
import type { ExactObject } from '../openai/exact-json.js';
import { decodeEventStream } from './event-stream.client.js';
import { AnswerBroken, type Provider, type StreamPart } from './provider.js';
import { pauseBeforeRetry, RetryBudget, type RetryLimits } from './retry.js';
import { type Failure, failureOfAnswer, failureOfCall } from './upstream-failure.client.js';

export interface UpstreamOptions {
  readonly name: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly models: readonly string[];
  /** Whether it understands `stream_options.include_usage`. */
  readonly streamUsage: boolean;
  readonly connections: number;
  /** Most calls that wait while all connections are taken. */
  readonly queued: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly retries: RetryLimits;
  readonly clock: Clock;
  /** 0 to 1, as Math.random gives it. */
  readonly random: () => number;
  readonly logger?: Logger;
}

type Answer = Dispatcher.ResponseData;

/** An answer larger than this is not kept in memory any further. */
const MAX_ANSWER_BYTES = 32 * 1_024 * 1_024;
/** What may still come after `[DONE]` for the connection to be worth keeping. */
const MAX_REST_BYTES = 16 * 1_024;
const REST_TIMEOUT_MS = 1_000;
/** Longest wait for a connection that another answer takes; these last long, and waiting longer helps few. */
const QUEUE_WAIT_MS = 10_000;

const retries = counter('dailydoco_upstream_retries_total');

/** A provider reached by HTTP that speaks OpenAI's API. Nothing that is said passes into logs or errors here. */
export class UpstreamProvider implements Provider {
  readonly name: string;
  readonly ownedBy: string;
  readonly createdSeconds = 0;
  readonly models: readonly string[];
  readonly #options: UpstreamOptions;
  readonly #dispatcher: Agent;
  readonly #budget = new RetryBudget();
  readonly #guard: PeerGuard;

  constructor(options: UpstreamOptions) {
    this.name = options.name;
    this.ownedBy = options.name;
    this.models = options.models;
    this.#options = options;
    this.#guard = new PeerGuard({
      client: `ai ${options.name}`,
      concurrent: options.connections,
      queued: options.queued,
      logger: options.logger,
    });
    this.#dispatcher = new Agent({
      connections: options.connections,
      pipelining: 1,
      connect: { timeout: options.connectTimeoutMs },
      headersTimeout: options.headersTimeoutMs,
      bodyTimeout: options.bodyTimeoutMs,
    });
  }

  async complete({ body }: ChatRequest, signal: AbortSignal): Promise<string> {
    const { body: answer } = await this.#ask(body, 'application/json', signal);
    return readText(answer);
  }

  async stream({ body }: ChatRequest, signal: AbortSignal): Promise<AsyncIterable<StreamPart>> {
    const { streamUsage } = this.#options;
    const asked = streamUsage ? withUsage(body) : body;
    const { headers, body: answer } = await this.#ask(asked, 'text/event-stream', signal);
    // A provider that cannot stream ignores the wish and answers whole; others may forget to name the type.
    if (String(headers['content-type'] ?? '').includes('json')) {
      leave(answer, false);
      throw new AnswerBroken('the answer is not a stream');
    }
    return readEvents(answer);
  }

  close(): Promise<void> {
    this.#guard.close();
    return this.#dispatcher.destroy();
  }

  /** Resolves to an answer of status 200. Tries again what is safe to try again: nothing was said by then. */
  async #ask(body: ExactObject, accept: string, signal: AbortSignal): Promise<Answer> {
    const { retries: limits, random } = this.#options;
    this.#budget.earn();
    let waitedMs = 0;
    for (let attempts = 1; ; attempts += 1) {
      const outcome = await this.#guarded(body, accept, signal);
      if ('answer' in outcome) return outcome.answer;
      const { error, retry } = outcome;
      if (retry === undefined) throw error;
      const { retryAfterMs } = retry;
      const pauseMs = pauseBeforeRetry({ attempts, waitedMs, retryAfterMs, jitter: random() }, limits);
      if (pauseMs === undefined || !this.#budget.spend()) throw error;
      retries.add(1, { provider: this.name, reason: retry.reason });
      await wait(pauseMs, undefined, { signal });
      waitedMs += pauseMs;
    }
  }

  /** One try, which keeps its place among the calls until the answer has ended. */
  async #guarded(body: ExactObject, accept: string, signal: AbortSignal): Promise<{ answer: Answer } | Failure> {
    const passage: Passage = await this.#guard.enter({ signal, waitMs: QUEUE_WAIT_MS });
    try {
      const outcome = await this.#attempt(body, accept, signal);
      if ('answer' in outcome) {
        passage.answered();
        outcome.answer.body.once('close', () => passage.end());
      } else {
        passage.end(outcome.peerFailed ? new DomainError('UNAVAILABLE', { cause: outcome.error }) : undefined);
      }
      return outcome;
    } catch (error) {
      // Nothing else is thrown than what the caller's signal says.
      passage.end(new DomainError('CANCELLED', { cause: error }));
      throw error;
    }
  }

  async #attempt(body: ExactObject, accept: string, signal: AbortSignal): Promise<{ answer: Answer } | Failure> {
    const { baseUrl, apiKey, clock, name } = this.#options;
    let answer: Answer;
    try {
      answer = await send(`${baseUrl.replace(/\/$/, '')}/chat/completions`, {
        dispatcher: this.#dispatcher,
        method: 'POST',
        signal,
        headers: {
          accept,
          'content-type': 'application/json',
          'user-agent': 'DailyDoco',
          ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        },
        body: JSON.stringify(body),
      });
    } catch (error) {
      signal.throwIfAborted();
      return failureOfCall(error, name);
    }
    if (answer.statusCode === 200) return { answer };
    return failureOfAnswer(answer, { provider: name, apiKey, now: clock.now() });
  }
}

/** Asks for the tokens at the end of the stream, whatever else the caller wanted of it. */
function withUsage(body: ExactObject): ExactObject {
  const { stream_options: given } = body;
  const options: object = typeof given === 'object' && given !== null ? given : {};
  return { ...body, stream_options: { ...options, include_usage: true } };
}

async function readText(answer: Answer['body']): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      bytes += chunk.byteLength;
      if (bytes > MAX_ANSWER_BYTES) throw new AnswerBroken('the answer is too large');
      chunks.push(chunk);
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    throw brokenBy(error);
  }
}

/** The events of an answer. Whoever stops listening before `[DONE]` ends the call. */
async function* readEvents(answer: Answer['body']): AsyncGenerator<StreamPart, void, void> {
  let finished = false;
  try {
    for await (const part of decodeEventStream(answer.iterator({ destroyOnReturn: false }))) {
      finished = part.kind === 'data' && part.data === DONE;
      yield part;
      if (finished) return;
    }
  } catch (error) {
    throw brokenBy(error);
  } finally {
    leave(answer, finished);
  }
}

/** A finished answer has nothing left to say but its end, which frees the connection for the next call. */
function leave(answer: Answer['body'], finished: boolean): void {
  // An error after this moment concerns nobody; unheard it would end the process.
  answer.on('error', () => undefined);
  if (!finished) answer.destroy();
  else answer.dump({ limit: MAX_REST_BYTES, signal: AbortSignal.timeout(REST_TIMEOUT_MS) }).catch(() => undefined);
}

/** A DomainError is an answer that is wrong; any other error broke the connection under it, or is an abort. */
function brokenBy(error: unknown): DomainError {
  return error instanceof DomainError
    ? error
    : new AnswerBroken('the connection to the provider broke', { cause: error });
}
