import { DomainError } from '@dailydoco/errors';
import { asCompletionId } from '../ids.js';
import type { ModelRoutes } from '../models/model-routes.js';
import type { ChatRequest } from '../openai/chat.js';
import { type OpenAiErrorBody, openAiErrorFrom } from '../openai/openai-error.js';
import { AnswerBroken, type StreamPart } from '../providers/provider.js';
import { tokensOfMessages } from '../usage/tokens.js';
import type { TokenUsage } from '../usage/usage.js';
import type { Asker, Completion, CompletionBook, CompletionStatus } from './completion.js';
import type { InFlight } from './in-flight.js';
import { StreamTally } from './stream-tally.js';
import { readWholeAnswer } from './whole-answer.js';

/** A wish for an answer. */
export interface ChatOrder {
  readonly asker: Asker;
  readonly request: ChatRequest;
  /** Aborts when the caller has left. */
  readonly left: AbortSignal;
}

/** Where a streamed answer goes. `send` and `comment` resolve when there is room for more, and reject on abort. */
export interface AnswerSink {
  open(): void;
  send(data: string, signal: AbortSignal): Promise<void>;
  comment(text: string, signal: AbortSignal): Promise<void>;
  /** The answer is whole. */
  finish(): void;
  /** The answer is not whole, and must not look as if it were. */
  breakOff(error: OpenAiErrorBody): Promise<void>;
}

export interface AnswerChatParts {
  readonly routes: ModelRoutes;
  readonly book: CompletionBook;
  readonly inFlight: InFlight;
  readonly clock: { now(): Date };
  readonly newId: () => string;
  /** Longest time for one completion, from the request to its end. */
  readonly timeoutMs: number;
  /** Told of a completion that was not whole and could not be recorded either. */
  readonly onUnrecorded: (completion: Completion, error: unknown) => void;
}

/** What is known of a completion before its end. */
type Begun = Omit<Completion, 'status' | 'tokens' | 'tokensEstimated' | 'endedAt'>;

const NO_TOKENS: TokenUsage = { promptTokens: 0, completionTokens: 0 };

/**
 * Answers a chat by the provider of its model, and records what it took. A whole answer is recorded, durably, before
 * the caller is told that it is whole; one that cannot be recorded is not told as whole.
 */
export class AnswerChat {
  readonly #parts: AnswerChatParts;

  constructor(parts: AnswerChatParts) {
    this.#parts = parts;
  }

  /** The answer as JSON text, untouched. Throws AnswerRefused, or a DomainError. */
  whole(order: ChatOrder): Promise<string> {
    return this.#parts.inFlight.during(() => this.#whole(order));
  }

  /** Streams the answer. Throws like `whole` as long as the sink is not open; whatever happens later, the sink is told. */
  stream(order: ChatOrder, sink: AnswerSink): Promise<void> {
    return this.#parts.inFlight.during(() => this.#stream(order, sink));
  }

  async #whole(order: ChatOrder): Promise<string> {
    const { request } = order;
    const provider = this.#parts.routes.providerOf(request.model);
    const begun = this.#begin(order, provider.name);
    const patience = this.#patience(order);
    let answered;
    try {
      const text = await provider.complete(request, patience.signal);
      answered = { text, ...readWholeAnswer(text) };
    } catch (error) {
      const status = order.left.aborted ? 'aborted' : error instanceof AnswerBroken ? 'broken' : 'failed';
      await this.#recordLoss(begun, status, status === 'failed' ? NO_TOKENS : estimate(request, 0));
      throw patience.meaningOf(error);
    }
    const { text, usage, estimatedTokens } = answered;
    await this.#record(begun, 'complete', usage ?? estimate(request, estimatedTokens), usage === undefined);
    return text;
  }

  async #stream(order: ChatOrder, sink: AnswerSink): Promise<void> {
    const { request, left } = order;
    const provider = this.#parts.routes.providerOf(request.model);
    const begun = this.#begin(order, provider.name);
    const patience = this.#patience(order);
    const tally = new StreamTally(request);
    let parts: AsyncIterable<StreamPart>;
    try {
      parts = await provider.stream(request, patience.signal);
    } catch (error) {
      const status = left.aborted ? 'aborted' : error instanceof AnswerBroken ? 'broken' : 'failed';
      await this.#recordLoss(begun, status, status === 'failed' ? NO_TOKENS : estimate(request, 0));
      throw patience.meaningOf(error);
    }
    sink.open();
    const tokens = () => tally.usage ?? estimate(request, tally.estimatedTokens);
    try {
      await relay(parts, tally, sink, patience.signal);
    } catch (error) {
      await sink.breakOff(brokenOff(patience.meaningOf(error)));
      await this.#recordLoss(begun, left.aborted ? 'aborted' : 'broken', tokens(), tally.usage === undefined);
      return;
    }
    try {
      await this.#record(begun, 'complete', tokens(), tally.usage === undefined);
    } catch (error) {
      await sink.breakOff(openAiErrorFrom(error));
      return;
    }
    sink.finish();
  }

  #begin({ asker, request: { model, stream: streamed } }: ChatOrder, provider: string): Begun {
    const { newId, clock } = this.#parts;
    return { id: asCompletionId(newId()), asker, provider, model, streamed, startedAt: clock.now() };
  }

  #patience({ left }: ChatOrder): Patience {
    return new Patience(left, this.#parts.inFlight.stopped, AbortSignal.timeout(this.#parts.timeoutMs));
  }

  async #record(begun: Begun, status: CompletionStatus, tokens: TokenUsage, tokensEstimated: boolean): Promise<void> {
    const { clock, book, onUnrecorded } = this.#parts;
    const now = clock.now();
    const endedAt = now < begun.startedAt ? begun.startedAt : now;
    const completion = { ...begun, status, tokens, tokensEstimated, endedAt };
    try {
      await book.record(completion);
    } catch (error) {
      onUnrecorded(completion, error);
      throw new DomainError('UNAVAILABLE', { detail: 'The completion could not be recorded.', cause: error });
    }
  }

  /** The caller is told why there is no whole answer, whether or not that could be recorded. */
  async #recordLoss(
    begun: Begun,
    status: CompletionStatus,
    tokens: TokenUsage,
    estimated = status !== 'failed',
  ): Promise<void> {
    await this.#record(begun, status, tokens, estimated).catch(() => undefined);
  }
}

/** Passes on what goes to the caller until the answer is whole; throws when it never is. */
async function relay(
  parts: AsyncIterable<StreamPart>,
  tally: StreamTally,
  sink: AnswerSink,
  signal: AbortSignal,
): Promise<void> {
  for await (const part of parts) {
    signal.throwIfAborted();
    if (part.kind === 'comment') await sink.comment(part.text, signal);
    else {
      const data = tally.take(part.data);
      if (data !== undefined) await sink.send(data, signal);
    }
    if (tally.done) return;
  }
  signal.throwIfAborted();
  throw new AnswerBroken('the stream ended before it was done');
}

function estimate({ messages }: ChatRequest, completionTokens: number): TokenUsage {
  return { promptTokens: tokensOfMessages(messages), completionTokens };
}

/** What the provider said about its breaking off counts more than our own words. */
function brokenOff(error: unknown): OpenAiErrorBody {
  return error instanceof AnswerBroken && error.said !== undefined ? { error: error.said } : openAiErrorFrom(error);
}

/** How long an answer is waited for: until the caller leaves, the process stops, or the time is up. */
class Patience {
  readonly signal: AbortSignal;
  readonly #left: AbortSignal;
  readonly #stopped: AbortSignal;
  readonly #timeUp: AbortSignal;

  constructor(left: AbortSignal, stopped: AbortSignal, timeUp: AbortSignal) {
    this.signal = AbortSignal.any([left, stopped, timeUp]);
    this.#left = left;
    this.#stopped = stopped;
    this.#timeUp = timeUp;
  }

  /** An abort shows up as any error at all, wherever it struck; who aborted tells what it means. */
  meaningOf(error: unknown): unknown {
    if (this.#left.aborted) return new DomainError('CANCELLED', { cause: error });
    if (this.#stopped.aborted) return new DomainError('UNAVAILABLE', { detail: 'This server is shutting down.' });
    if (this.#timeUp.aborted) return new DomainError('DEADLINE_EXCEEDED', { cause: error });
    return error;
  }
}
