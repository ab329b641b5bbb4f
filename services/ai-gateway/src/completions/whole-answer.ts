import { readOpenAiError } from '../openai/openai-error.js';
import { AnswerBroken } from '../providers/provider.js';
import { bytesOfSaid, tokensOfBytes } from '../usage/tokens.js';
import { readUsage, type TokenUsage } from '../usage/usage.js';

/** What the gateway reads of an answer that came as a whole. */
export interface WholeAnswer {
  /** What the provider reported; undefined when it did not. */
  readonly usage: TokenUsage | undefined;
  /** The tokens of what was said, by the house's own count. */
  readonly estimatedTokens: number;
}

/** Reads an answer; throws AnswerBroken for a text that is none, such as one that was cut off. */
export function readWholeAnswer(text: string): WholeAnswer {
  const sent = parse(text);
  if (typeof sent !== 'object' || sent === null) throw new AnswerBroken('the answer is not a JSON object');
  if ('error' in sent && sent.error !== null) {
    throw new AnswerBroken('the provider sent an error as its answer', { said: readOpenAiError(sent, 500) });
  }
  const choices: unknown = 'choices' in sent ? sent.choices : undefined;
  if (!Array.isArray(choices)) throw new AnswerBroken('the answer has no choices');
  const bytes = choices.reduce((sum: number, choice: unknown) => sum + bytesOfSaid(messageOf(choice)), 0);
  return {
    usage: readUsage('usage' in sent ? sent.usage : undefined),
    estimatedTokens: tokensOfBytes(bytes),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error quotes the answer, so it goes no further.
    return undefined;
  }
}

function messageOf(choice: unknown): unknown {
  return typeof choice === 'object' && choice !== null && 'message' in choice ? choice.message : undefined;
}
