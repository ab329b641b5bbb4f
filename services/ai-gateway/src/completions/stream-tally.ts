import { DONE } from '../openai/chat.js';
import { parseExactly } from '../openai/exact-json.js';
import { readOpenAiError } from '../openai/openai-error.js';
import { AnswerBroken } from '../providers/provider.js';
import { bytesOfSaid, tokensOfBytes } from '../usage/tokens.js';
import { readUsage, type TokenUsage } from '../usage/usage.js';

interface Chunk {
  readonly choices: readonly unknown[];
  readonly usage: unknown;
}

/**
 * Follows a streamed answer event by event: what of it goes on to the caller, whether it has come to its end, and the
 * tokens it took. The gateway asks every provider for the tokens; a caller who did not gets none of that: neither the
 * chunk that holds nothing else, nor the empty `usage` in the others.
 */
export class StreamTally {
  readonly #wantsUsage: boolean;
  #done = false;
  #usage: TokenUsage | undefined;
  #bytes = 0;

  constructor({ wantsUsage }: { wantsUsage: boolean }) {
    this.#wantsUsage = wantsUsage;
  }

  /** True once the provider has said that the answer is whole. */
  get done(): boolean {
    return this.#done;
  }

  /** What the provider reported; undefined as long as it has not. */
  get usage(): TokenUsage | undefined {
    return this.#usage;
  }

  /** The tokens of what was said so far, by the house's own count. */
  get estimatedTokens(): number {
    return tokensOfBytes(this.#bytes);
  }

  /**
   * Takes the data of one event; the data to pass on, or undefined for nothing. Throws AnswerBroken for an error that
   * the provider sends instead of the rest, and for anything that is no chunk of an answer.
   */
  take(data: string): string | undefined {
    if (data === DONE) {
      this.#done = true;
      return undefined;
    }
    const chunk = readChunk(data);
    this.#usage = readUsage(chunk.usage) ?? this.#usage;
    for (const choice of chunk.choices) this.#bytes += bytesOfSaid(deltaOf(choice));
    if (this.#wantsUsage || chunk.usage === undefined) return data;
    if (chunk.choices.length === 0) return undefined;
    return chunk.usage === null ? withoutUsage(data) : data;
  }
}

function readChunk(data: string): Chunk {
  const sent = parse(data);
  if (typeof sent !== 'object' || sent === null) throw new AnswerBroken('an event of the stream is not a JSON object');
  if ('error' in sent && sent.error !== null) {
    throw new AnswerBroken('the provider sent an error within the stream', { said: readOpenAiError(sent, 500) });
  }
  const choices = 'choices' in sent ? sent.choices : undefined;
  if (!Array.isArray(choices)) throw new AnswerBroken('an event of the stream has no choices');
  return { choices, usage: 'usage' in sent ? sent.usage : undefined };
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    // The error quotes the answer, so it goes no further.
    return undefined;
  }
}

function deltaOf(choice: unknown): unknown {
  return typeof choice === 'object' && choice !== null && 'delta' in choice ? choice.delta : undefined;
}

function withoutUsage(data: string): string {
  const { usage: _, ...rest } = parseExactly(data);
  return JSON.stringify(rest);
}
