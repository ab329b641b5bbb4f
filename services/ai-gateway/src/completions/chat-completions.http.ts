import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, leavingOf } from '@dailydoco/http';
import { Body, Controller, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asCallerId, asTenantId } from '../ids.js';
import { AnswerRefused } from '../providers/provider.js';
import { AnswerChat, type ChatOrder } from './answer-chat.js';
import { BodyText } from './body-text.http.js';
import { chatRequestOf, chatRequestSchema } from './chat-request.http.js';
import type { Asker } from './completion.js';
import { EventStreamReply } from './event-stream-reply.http.js';

const completionSchema = z
  .looseObject({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.looseObject({
        index: z.int(),
        message: z.looseObject({ role: z.string(), content: z.string().nullable() }),
        finish_reason: z.string().nullable(),
      }),
    ),
    usage: z.looseObject({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() }).optional(),
  })
  .meta({ id: 'AiChatCompletion', description: 'The provider’s answer, untouched.' });

@Controller('ai/v1/chat/completions')
export class ChatCompletionsHttp {
  readonly #answerChat: AnswerChat;

  constructor(@Inject(AnswerChat) answerChat: AnswerChat) {
    this.#answerChat = answerChat;
  }

  @Post()
  @Requires({ person: true, apiKey: { scopes: ['ai:invoke'] } })
  @Answers(
    { 200: { description: 'The answer; with `stream: true` as server-sent events.', schema: completionSchema } },
    {
      summary: 'Complete a chat',
      description:
        'A stream that is whole ends with `data: [DONE]`. One that breaks ends with an `error` event and a cut connection.',
      problems: ['MODEL_NOT_FOUND', 'UPSTREAM_FAILED', 'DEADLINE_EXCEEDED'],
    },
  )
  async create(
    @Body({ schema: chatRequestSchema }) parsed: z.output<typeof chatRequestSchema>,
    @BodyText() text: string,
    @Caller() caller: Principal,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const request = chatRequestOf(parsed, text);
    const order: ChatOrder = { asker: askerOf(caller), request, left: leavingOf(reply) };
    try {
      if (request.stream) await this.#answerChat.stream(order, new EventStreamReply(reply));
      else
        reply
          .code(200)
          .header('content-type', 'application/json')
          .send(await this.#answerChat.whole(order));
    } catch (error) {
      if (!(error instanceof AnswerRefused)) throw error;
      reply.code(error.status).header('content-type', 'application/json').send({ error: error.error });
    }
  }
}

function askerOf(caller: Principal): Asker {
  switch (caller.kind) {
    case 'person':
      return { tenantId: asTenantId(caller.tenantId), kind: 'person', id: asCallerId(caller.userId) };
    case 'apiKey':
      return { tenantId: asTenantId(caller.tenantId), kind: 'api_key', id: asCallerId(caller.apiKeyId) };
    case 'service':
      throw new DomainError('FORBIDDEN');
  }
}
