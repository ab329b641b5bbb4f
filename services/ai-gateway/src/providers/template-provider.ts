import { type ChatRequest, DONE } from '../openai/chat.js';
import { BYTES_PER_TOKEN, tokensOfMessages, tokensOfText } from '../usage/tokens.js';
import type { Provider, StreamPart } from './provider.js';
import { answerByTemplate } from './template-answer.js';

export const BUILT_IN_PROVIDER = 'built-in';
export const TEMPLATE_MODEL = 'dailydoco-template-1';
/** 2026-01-01, when the templates took their present form. */
const CREATED_SECONDS = 1_767_225_600;

interface Written {
  readonly content: string;
  readonly finishReason: 'stop' | 'length';
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}

/**
 * Answers when no upstream is configured, so that an installation works from its first minute. It is no language model
 * and says so: fixed templates filled from the conversation (`answerByTemplate`), the same for the same messages. It
 * honours `max_tokens`, `max_completion_tokens` and `response_format: json_object`, and passes over all other wishes.
 */
export class TemplateProvider implements Provider {
  readonly name = BUILT_IN_PROVIDER;
  readonly ownedBy = 'built-in (deterministic templates, no model weights)';
  readonly createdSeconds = CREATED_SECONDS;
  readonly models = [TEMPLATE_MODEL];
  readonly #newId: () => string;
  readonly #clock: { now(): Date };

  constructor({ newId, clock }: { newId: () => string; clock: { now(): Date } }) {
    this.#newId = newId;
    this.#clock = clock;
  }

  async complete(request: ChatRequest): Promise<string> {
    const { content, finishReason, usage } = write(request);
    const message = { role: 'assistant', content, refusal: null };
    const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReason }];
    return JSON.stringify({ ...this.#head('chat.completion'), choices, usage });
  }

  async stream(request: ChatRequest): Promise<AsyncIterable<StreamPart>> {
    return this.#speak(write(request));
  }

  async *#speak({ content, finishReason, usage }: Written): AsyncGenerator<StreamPart, void, void> {
    const head = this.#head('chat.completion.chunk');
    const chunk = (delta: object, finish: string | null = null) =>
      part({ ...head, choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null });
    yield chunk({ role: 'assistant', content: '' });
    for (const word of content.match(/\S+\s*|\s+/gu) ?? []) yield chunk({ content: word });
    yield chunk({}, finishReason);
    yield part({ ...head, choices: [], usage });
    yield { kind: 'data', data: DONE };
  }

  #head(object: string) {
    const created = Math.floor(this.#clock.now().getTime() / 1_000);
    return { id: `chatcmpl-${this.#newId()}`, object, created, model: TEMPLATE_MODEL };
  }
}

function part(chunk: object): StreamPart {
  return { kind: 'data', data: JSON.stringify(chunk) };
}

function write({ messages, maxTokens, wantsJson }: ChatRequest): Written {
  const { template, keywords, text } = answerByTemplate(messages);
  const whole = wantsJson ? JSON.stringify({ template, keywords, answer: text }) : text;
  const content = maxTokens === undefined ? whole : firstTokens(whole, maxTokens);
  const [promptTokens, completionTokens] = [tokensOfMessages(messages), tokensOfText(content)];
  return {
    content,
    finishReason: content === whole ? 'stop' : 'length',
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
  };
}

/** The beginning of a text that counts at most so many tokens, cut between characters. */
function firstTokens(text: string, maxTokens: number): string {
  let bytes = 0;
  let end = 0;
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > maxTokens * BYTES_PER_TOKEN) break;
    end += character.length;
  }
  return text.slice(0, end);
}
