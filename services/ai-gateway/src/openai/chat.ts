import type { ExactObject } from './exact-json.js';

/** A message of a conversation; what the gateway does not name stays in it unread. */
export type ChatMessage = Readonly<Record<string, unknown>>;

/** A request for a completion: what the gateway itself must know, and the whole of it as it goes to the provider. */
export interface ChatRequest {
  readonly model: string;
  readonly messages: readonly ChatMessage[];
  /** Whether the answer is to come as a stream. */
  readonly stream: boolean;
  /** Whether the caller wants the tokens in the stream (`stream_options.include_usage`). */
  readonly wantsUsage: boolean;
  /** Most tokens of the answer, if the caller set a limit. */
  readonly maxTokens: number | undefined;
  /** Whether the answer must be one JSON object (`response_format`). */
  readonly wantsJson: boolean;
  readonly body: ExactObject;
}

/** What ends a stream of a completion. Without it the answer is not whole. */
export const DONE = '[DONE]';

/** The text of a message: its content, or the texts among its parts. Images and other media have none. */
export function textOfMessage({ content }: ChatMessage): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) =>
      typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string' ? part.text : '',
    )
    .filter((text) => text !== '')
    .join('\n');
}
