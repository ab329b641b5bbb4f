import { type ChatMessage, textOfMessage } from '../openai/chat.js';

/** UTF-8 bytes that count as one token: English comes close to it, and scripts of three bytes a character do not cheat. */
export const BYTES_PER_TOKEN = 4;
/** Role and separators of each message. */
const TOKENS_PER_MESSAGE = 4;

/** The house's own count of tokens: UTF-8 bytes ÷ 4, rounded up. No model's tokenizer counts like that exactly. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

export function tokensOfText(text: string): number {
  return tokensOfBytes(Buffer.byteLength(text));
}

/** The tokens of a conversation: 4 a message, and those of its text and of its tool calls. Media count nothing. */
export function tokensOfMessages(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, message) => {
    const { tool_calls: toolCalls } = message;
    const calls = Array.isArray(toolCalls) ? JSON.stringify(toolCalls) : '';
    return sum + TOKENS_PER_MESSAGE + tokensOfText(textOfMessage(message)) + tokensOfText(calls);
  }, 0);
}

/**
 * The bytes of text in what a choice says (`message` of a whole answer, `delta` of a streamed one): every text in it,
 * tool calls included, but for the words that only name things (`role`, `type`, `id`).
 */
export function bytesOfSaid(said: unknown): number {
  if (typeof said === 'string') return Buffer.byteLength(said);
  if (typeof said !== 'object' || said === null) return 0;
  if (Array.isArray(said)) return said.reduce((sum: number, part: unknown) => sum + bytesOfSaid(part), 0);
  return Object.entries(said).reduce((sum, [name, part]) => sum + (NAMING.has(name) ? 0 : bytesOfSaid(part)), 0);
}

const NAMING: ReadonlySet<string> = new Set(['role', 'type', 'id']);
