import { z } from 'zod';
import type { ChatRequest } from '../openai/chat.js';
import { parseExactly } from '../openai/exact-json.js';

/**
 * What the gateway itself needs of a request. Everything else is the provider's business: unknown fields are not
 * refused but passed on as they are.
 */
export const chatRequestSchema = z
  .looseObject({
    model: z.string().min(1).max(200).meta({ description: 'One of `GET /ai/v1/models`.' }),
    messages: z.array(z.looseObject({})).min(1).meta({ description: 'The conversation so far, as OpenAI defines it.' }),
    stream: z.boolean().nullish().meta({ description: 'True: the answer comes as server-sent events.' }),
    stream_options: z
      .looseObject({ include_usage: z.boolean().nullish() })
      .nullish()
      .meta({ description: '`include_usage`: the tokens in a last chunk of the stream.' }),
    max_tokens: z.int().min(1).nullish(),
    max_completion_tokens: z.int().min(1).nullish(),
    response_format: z.looseObject({ type: z.string() }).nullish(),
  })
  .meta({
    id: 'AiChatRequest',
    description: 'As OpenAI defines it; fields not named here reach the provider untouched.',
  });

/**
 * The request as the use case takes it. What goes to the provider is written anew from the very text that was sent: the
 * same values to the digit, and each member once, so that gateway and provider can never read two different models out
 * of one body.
 */
export function chatRequestOf(parsed: z.output<typeof chatRequestSchema>, text: string): ChatRequest {
  return {
    model: parsed.model,
    messages: parsed.messages,
    stream: parsed.stream === true,
    wantsUsage: parsed.stream_options?.include_usage === true,
    maxTokens: parsed.max_completion_tokens ?? parsed.max_tokens ?? undefined,
    wantsJson: parsed.response_format?.type === 'json_object',
    body: parseExactly(text),
  };
}
