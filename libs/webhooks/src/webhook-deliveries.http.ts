import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  decodePageToken,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  requestHash,
  timestampSchema,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Deliveries, MAX_REPLAYED } from './deliveries.js';
import type { Attempt, Delivery } from './delivery.js';

const state = z.enum(['pending', 'delivered', 'failed', 'skipped']).meta({
  description: 'failed: given up after ten attempts. skipped: it came while the subscription was disabled.',
});
const time = z.string().meta({ format: 'date-time' });

const delivery = z.object({
  messageId: uuidSchema.meta({ description: 'What receivers get as webhook-id.' }),
  type: z.string(),
  state,
  attempts: z.int().meta({ description: 'Attempts begun, of all replays together.' }),
  occurredAt: time,
  createdAt: time,
  nextAttemptAt: time.nullable(),
  settledAt: time.nullable(),
});
const deliverySchema = delivery.meta({ id: 'WebhookDelivery' });

const attemptSchema = z
  .object({
    attempt: z.int().meta({ description: 'A number that is missing is an attempt of which nobody knows what came.' }),
    startedAt: time,
    durationMs: z.int(),
    outcome: z.enum(['delivered', 'refused', 'redirected', 'gone', 'timed_out', 'unreachable', 'blocked']).meta({
      description: 'blocked: the address may not be reached. refused: another status than 2xx, 3xx and 410.',
    }),
    status: z.int().nullable(),
    answer: z.string().meta({ description: 'The first KiB of the answer, or why there was none.' }),
  })
  .meta({ id: 'WebhookAttempt' });
const loggedSchema = delivery
  .extend({ body: z.string().meta({ description: 'What is posted, byte by byte.' }), log: z.array(attemptSchema) })
  .meta({ id: 'WebhookDeliveryLog' });

const replaySchema = z
  .strictObject({
    since: timestampSchema.meta({ description: 'Messages that came at this moment or later.' }),
    states: z
      .array(z.enum(['delivered', 'failed', 'skipped']))
      .min(1)
      .max(3)
      .default(['failed', 'skipped']),
  })
  .meta({ id: 'WebhookReplayInput' });
const replayedSchema = z
  .object({
    queued: z
      .int()
      .meta({ description: `How many messages are sent again; at ${MAX_REPLAYED} there may be more: ask again.` }),
  })
  .meta({ id: 'WebhookReplay' });

const listQuery = pageQuerySchema.extend({ state: state.optional() });
const position = z.strictObject({ position: z.string().regex(/^[0-9]{1,18}$/) });

type DeliveryView = z.infer<typeof delivery>;
type Replayed = z.infer<typeof replayedSchema>;

/**
 * The log of what was sent, and sending it again. A service extends it with the path of its subscriptions:
 * `@Controller('v1/payout-webhooks/:id')`, and provides `Deliveries`.
 */
@Requires({ person: { roles: ['finance', 'support'] } })
export abstract class WebhookDeliveriesHttp {
  readonly #deliveries: Deliveries;

  constructor(@Inject(Deliveries) deliveries: Deliveries) {
    this.#deliveries = deliveries;
  }

  @Get('deliveries')
  @Answers(
    { 200: { description: 'Messages of the last 30 days, latest first.', schema: pageSchema(deliverySchema) } },
    { summary: "List what became of a subscription's messages", problems: ['NOT_FOUND'] },
  )
  async list(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: DeliveryView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const found = await this.#deliveries.list({
      subscription: { tenantId: tenantOf(caller), id },
      state: query.state,
      before: pageToken === undefined ? undefined : BigInt(decodePageToken(pageToken, position).position),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, (last) => ({ position: String(last.position) }));
    return { items: items.map(view), ...rest };
  }

  @Get('deliveries/:messageId')
  @Answers(
    { 200: { description: 'The message, and its attempts, latest first.', schema: loggedSchema } },
    { summary: 'Read one message and every attempt to send it', problems: ['NOT_FOUND'] },
  )
  async find(
    @Param('id', { schema: uuidSchema }) id: string,
    @Param('messageId', { schema: uuidSchema }) messageId: string,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof loggedSchema>> {
    const found = await this.#deliveries.find({ tenantId: tenantOf(caller), id }, messageId);
    return { ...view(found), body: found.body, log: found.log.map(viewAttempt) };
  }

  @Post('deliveries/:messageId/replay')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 202: { description: 'It is sent again, under the same webhook-id.', schema: replayedSchema } },
    { summary: 'Send one message again', problems: ['NOT_FOUND', 'CONFLICT'] },
  )
  async replayOne(
    @Param('id', { schema: uuidSchema }) id: string,
    @Param('messageId', { schema: uuidSchema }) messageId: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Replayed> {
    const order = { id, messageId, tenantId: tenantOf(caller), by: callerIdOf(caller) };
    const call = { key, scope, requestHash: requestHash({}) };
    return replyWith(reply, await this.#deliveries.replayOne(order, call));
  }

  @Post('replay')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 202: { description: 'They are sent again, each under its own webhook-id.', schema: replayedSchema } },
    {
      summary: 'Send messages since a moment again',
      description: 'Those that failed or were skipped, unless `states` says otherwise.',
      problems: ['NOT_FOUND', 'CONFLICT'],
    },
  )
  async replaySince(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: replaySchema }) body: z.output<typeof replaySchema>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Replayed> {
    const order = { ...body, id, tenantId: tenantOf(caller), by: callerIdOf(caller) };
    return replyWith(reply, await this.#deliveries.replaySince(order, { key, scope, requestHash: requestHash(body) }));
  }
}

function view(found: Delivery): DeliveryView {
  return {
    messageId: found.messageId,
    type: found.eventType,
    state: found.state,
    attempts: found.attempts,
    occurredAt: found.occurredAt.toISOString(),
    createdAt: found.createdAt.toISOString(),
    nextAttemptAt: found.dueAt?.toISOString() ?? null,
    settledAt: found.settledAt?.toISOString() ?? null,
  };
}

function viewAttempt({ startedAt, status, ...attempt }: Attempt): z.infer<typeof attemptSchema> {
  return { ...attempt, startedAt: startedAt.toISOString(), status: status ?? null };
}
