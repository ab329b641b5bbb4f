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
  uuidSchema,
} from '@dailydoco/http';
import { Body, Delete, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { MAX_SUBSCRIPTIONS, type Subscription } from './subscription.js';
import { Subscriptions } from './subscriptions.js';

const HOUR_MS = 3_600_000;

const wanted = z.strictObject({
  url: z.string().min(1).max(2048).meta({ description: 'Where messages are posted to: https.' }),
  eventTypes: z.array(z.string().min(1).max(60)).min(1).max(50).meta({ description: 'Which events are told.' }),
  description: z.string().max(200).default(''),
});

const inputSchema = wanted.meta({ id: 'WebhookSubscriptionInput' });
const changeSchema = wanted
  .extend({ status: z.enum(['enabled', 'disabled']) })
  .meta({ id: 'WebhookSubscriptionChange' });
const rotationSchema = z
  .strictObject({
    overlapHours: z.int().min(0).max(168).default(24).meta({
      description: 'How long the former secret holds beside the new one; 0 when it has become known to others.',
    }),
  })
  .meta({ id: 'WebhookSecretRotation' });

const subscription = z.object({
  id: uuidSchema,
  url: z.string(),
  eventTypes: z.array(z.string()),
  description: z.string(),
  status: z.enum(['enabled', 'disabled']),
  disabledBecause: z
    .enum(['by_hand', 'failing', 'gone'])
    .nullable()
    .meta({ description: 'failing: nothing was taken for five days. gone: the receiver answered 410.' }),
  createdAt: z.string().meta({ format: 'date-time' }),
  changedAt: z.string().meta({ format: 'date-time' }),
  failingSince: z
    .string()
    .nullable()
    .meta({ format: 'date-time', description: 'The first attempt of those in a row that failed.' }),
});
const subscriptionSchema = subscription.meta({ id: 'WebhookSubscription' });
const secret = z.string().meta({ description: 'The signing secret: shown here, and never again.' });
const createdSchema = subscription.extend({ secret }).meta({ id: 'NewWebhookSubscription' });
const rotatedSchema = z
  .object({ secret, formerHoldsUntil: z.string().meta({ format: 'date-time' }) })
  .meta({ id: 'NewWebhookSecret' });

type SubscriptionView = z.infer<typeof subscription>;

const position = z.strictObject({ id: uuidSchema });

/**
 * The administrators' way to subscriptions. A service extends it with the path: `@Controller('v1/payout-webhooks')`, and
 * provides `Subscriptions`.
 */
@Requires({ person: { roles: ['admin'] } })
export abstract class WebhookSubscriptionsHttp {
  readonly #subscriptions: Subscriptions;

  constructor(@Inject(Subscriptions) subscriptions: Subscriptions) {
    this.#subscriptions = subscriptions;
  }

  @Post()
  @Answers(
    { 201: { description: 'The subscription, and its signing secret.', schema: createdSchema } },
    {
      summary: 'Subscribe to events',
      description: `Messages follow Standard Webhooks. A tenant has at most ${MAX_SUBSCRIPTIONS} subscriptions.`,
      problems: ['WEBHOOK_LIMIT_REACHED'],
    },
  )
  async create(
    @Body({ schema: inputSchema }) body: z.output<typeof inputSchema>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SubscriptionView & { secret: string }> {
    const order = { ...body, tenantId: tenantOf(caller), by: callerIdOf(caller) };
    const call = { key, scope, requestHash: requestHash(body) };
    return replyWith(reply, await this.#subscriptions.create(order, { call, view }));
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    {
      200: {
        description: 'Subscriptions in the order in which they were added.',
        schema: pageSchema(subscriptionSchema),
      },
    },
    { summary: 'List subscriptions' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: SubscriptionView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const after = pageToken === undefined ? undefined : decodePageToken(pageToken, position).id;
    const found = await this.#subscriptions.list({ tenantId: tenantOf(caller), after, limit: pageSize + 1 });
    const { items, ...rest } = page(found, pageSize, ({ id }) => ({ id }));
    return { items: items.map(view), ...rest };
  }

  @Get(':id')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The subscription.', schema: subscriptionSchema } },
    { summary: 'Read a subscription', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<SubscriptionView> {
    return view(await this.#subscriptions.find({ tenantId: tenantOf(caller), id }));
  }

  @Put(':id')
  @Answers(
    { 200: { description: 'The subscription as it stands.', schema: subscriptionSchema } },
    {
      summary: 'Change, disable or enable a subscription',
      description: 'Enabled again, it is sent what waited. What came while it was disabled is sent by a replay.',
      problems: ['NOT_FOUND'],
    },
  )
  async change(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: changeSchema }) body: z.output<typeof changeSchema>,
    @Caller() caller: Principal,
  ): Promise<SubscriptionView> {
    return view(await this.#subscriptions.change({ ...body, id, tenantId: tenantOf(caller), by: callerIdOf(caller) }));
  }

  @Delete(':id')
  @HttpCode(204)
  @Answers(
    { 204: { description: 'It is gone, with its secrets; nothing more is sent.' } },
    { summary: 'Delete a subscription', problems: ['NOT_FOUND'] },
  )
  async delete(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<void> {
    await this.#subscriptions.delete({ id, tenantId: tenantOf(caller), by: callerIdOf(caller) });
  }

  @Post(':id/rotate-secret')
  @Answers(
    { 200: { description: 'The new secret; until then messages carry both signatures.', schema: rotatedSchema } },
    { summary: "Change a subscription's signing secret", problems: ['NOT_FOUND'] },
  )
  async rotate(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: rotationSchema }) body: z.output<typeof rotationSchema>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.infer<typeof rotatedSchema>> {
    const order = { id, tenantId: tenantOf(caller), by: callerIdOf(caller), overlapMs: body.overlapHours * HOUR_MS };
    const answer = await this.#subscriptions.rotate(order, { key, scope, requestHash: requestHash(body) });
    return replyWith(reply, answer);
  }
}

function view(subscribed: Subscription): SubscriptionView {
  return {
    id: subscribed.id,
    url: subscribed.url,
    eventTypes: [...subscribed.eventTypes],
    description: subscribed.description,
    status: subscribed.status,
    disabledBecause: subscribed.disabledBecause ?? null,
    createdAt: subscribed.createdAt.toISOString(),
    changedAt: subscribed.changedAt.toISOString(),
    failingSince: subscribed.failingSince?.toISOString() ?? null,
  };
}
