import { inDatabaseTransaction, LostCommitError } from '@dailydoco/database';
import { counter } from '@dailydoco/telemetry';
import { Module } from '@nestjs/common';
import { RUNTIME, type Runtime } from '../runtime.js';
import { AnswerChat } from './answer-chat.js';
import { ChatCompletionsHttp } from './chat-completions.http.js';
import type { Completion, CompletionBook } from './completion.js';
import { CompletionStore } from './completion.store.js';

const recorded = counter('dailydoco_completions_total');
const tokensTaken = counter('dailydoco_completion_tokens_total');
const unrecorded = counter('dailydoco_completions_unrecorded_total');

@Module({
  providers: [{ provide: AnswerChat, useFactory: answerChat, inject: [RUNTIME] }],
  controllers: [ChatCompletionsHttp],
})
export class CompletionsModule {}

function answerChat(runtime: Runtime): AnswerChat {
  const { routes, inFlight, clock, newId, config, logger } = runtime;
  return new AnswerChat({
    routes,
    inFlight,
    clock,
    newId,
    timeoutMs: config.COMPLETION_TIMEOUT_MS,
    book: bookOf(runtime),
    onUnrecorded: ({ id, provider, status }, error) => {
      unrecorded.add(1, { provider, status });
      logger.error({ err: error, completionId: id, provider, status }, 'completion not recorded');
    },
  });
}

function bookOf({ pool, outbox }: Runtime): CompletionBook {
  const add = (completion: Completion): Promise<void> =>
    inDatabaseTransaction(pool, (tx) => new CompletionStore(tx, outbox).add(completion));
  return {
    async record(completion) {
      try {
        await add(completion);
      } catch (error) {
        // Whether it was committed is unknown then; adding it once more is right in both cases.
        if (!(error instanceof LostCommitError)) throw error;
        await add(completion);
      }
      const { provider, status, tokens } = completion;
      recorded.add(1, { provider, status });
      tokensTaken.add(tokens.promptTokens, { provider, kind: 'prompt' });
      tokensTaken.add(tokens.completionTokens, { provider, kind: 'completion' });
    },
  };
}
