import type { Sql } from '@dailydoco/database';
import { events, type Outbox, outgoing } from '@dailydoco/events';
import { type Completion, isBilled } from './completion.js';

/** Completions, as one open database transaction sees them. */
export class CompletionStore {
  readonly #sql: Sql;
  readonly #outbox: Outbox;

  constructor(sql: Sql, outbox: Outbox) {
    this.#sql = sql;
    this.#outbox = outbox;
  }

  /** Adds a completion and its CompletionBilled. One that is there already is left as it is, and not billed again. */
  async add(completion: Completion): Promise<void> {
    const billed = isBilled(completion);
    const { asker, tokens } = completion;
    const { rowCount } = await this.#sql.query(
      `INSERT INTO completion (tenant_id, id, caller_kind, caller_id, provider, model, streamed, status, prompt_tokens,
         completion_tokens, tokens_estimated, billed, started_at, ended_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
       ON CONFLICT (tenant_id, id) DO NOTHING`,
      [
        asker.tenantId,
        completion.id,
        asker.kind,
        asker.id,
        completion.provider,
        completion.model,
        completion.streamed,
        completion.status,
        tokens.promptTokens,
        tokens.completionTokens,
        completion.tokensEstimated,
        billed,
        completion.startedAt,
        completion.endedAt,
      ],
    );
    if (rowCount === 1 && billed) await this.#outbox.append(this.#sql, [billOf(completion)]);
  }
}

function billOf({ id, asker, model, provider, tokens, endedAt }: Completion) {
  return outgoing({
    type: events.completionBilled,
    key: id,
    tenantId: asker.tenantId,
    payload: {
      completionId: id,
      callerId: asker.id,
      model,
      provider,
      promptTokens: BigInt(tokens.promptTokens),
      completionTokens: BigInt(tokens.completionTokens),
      completedAt: endedAt,
    },
    occurredAt: endedAt,
  });
}
