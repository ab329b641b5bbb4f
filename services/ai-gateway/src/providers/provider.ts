import { DomainError } from '@dailydoco/errors';
import type { ChatRequest } from '../openai/chat.js';
import type { OpenAiError } from '../openai/openai-error.js';

/** One piece of a streamed answer: the data of an event, or a comment that only keeps the connection alive. */
export type StreamPart =
  | { readonly kind: 'data'; readonly data: string }
  | { readonly kind: 'comment'; readonly text: string };

/**
 * Whoever can answer a chat. Both calls end at once when the signal aborts. They throw AnswerRefused for what the
 * caller can mend, AnswerBroken when an answer began and cannot be used, and another DomainError when none began.
 */
export interface Provider {
  readonly name: string;
  /** What `owned_by` of its models says. */
  readonly ownedBy: string;
  /** When its models were made, in seconds since 1970; 0 when nobody knows. */
  readonly createdSeconds: number;
  readonly models: readonly string[];
  /** The whole answer, as JSON text. */
  complete(request: ChatRequest, signal: AbortSignal): Promise<string>;
  /** Resolves once the answer has begun. Events end with `[DONE]`; a stream that ends without it is not whole. */
  stream(request: ChatRequest, signal: AbortSignal): Promise<AsyncIterable<StreamPart>>;
}

/** The provider found fault with the request itself; its words go to the caller as they are. */
export class AnswerRefused extends Error {
  readonly status: number;
  readonly error: OpenAiError;

  constructor(status: number, error: OpenAiError) {
    super(`the provider refused the request with ${status}`);
    this.name = 'AnswerRefused';
    this.status = status;
    this.error = error;
  }
}

/** An answer began and did not come to its end, or is not what it should be. */
export class AnswerBroken extends DomainError {
  /** What the provider itself said about it, if it said anything. */
  readonly said: OpenAiError | undefined;

  /** `cause` and `why` are for logs; never hand in an error that quotes the answer, as those of JSON.parse do. */
  constructor(why: string, { cause, said }: { cause?: unknown; said?: OpenAiError | undefined } = {}) {
    super('UPSTREAM_FAILED', {
      detail: 'The model provider broke off or answered wrongly; there is no complete answer.',
      cause: new Error(why, { cause }),
    });
    this.said = said;
  }
}
