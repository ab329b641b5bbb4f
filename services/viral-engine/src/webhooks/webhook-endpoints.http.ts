import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  decodePageToken,
  formatMoney,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { Body, Controller, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asEndpointId, asTenantId } from '../ids.js';
import { streamSchema } from '../purchases/purchase-fields.http.js';
import { type Endpoint, Endpoints } from './endpoints.js';
import { FindEvents, type TrackedEvent } from './find-events.js';

/** Where Nest finds what the public address of the installation is. */
export const WEBHOOK_BASE_URL = Symbol('WEBHOOK_BASE_URL');

const endpointBody = z
  .strictObject({ kind: z.literal('stripe'), stream: streamSchema.default('subscription') })
  .meta({ id: 'WebhookEndpointInput' });

const secretBody = z
  .strictObject({
    signingSecret: z
      .string()
      .regex(/^whsec_[A-Za-z0-9+/=_-]{8,250}$/, "must be Stripe's signing secret, which begins with whsec_"),
  })
  .meta({ id: 'SigningSecretInput' });

const endpointSchema = z
  .object({
    id: uuidSchema,
    kind: z.literal('stripe'),
    url: z.string().meta({ description: 'What to enter at Stripe as the address of the endpoint.' }),
    stream: z.string().meta({ description: 'What its purchases are.' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    secretSetAt: z
      .string()
      .nullable()
      .meta({ format: 'date-time', description: 'Null: no secret is set, so nothing is accepted.' }),
  })
  .meta({ id: 'WebhookEndpoint' });

const status = z.enum(['received', 'parked', 'applied', 'refused', 'abandoned']);

const eventSchema = z
  .object({
    eventId: z.string(),
    type: z.string(),
    status: status.meta({
      description:
        'parked: what it is about is not there yet. refused: it can never be applied. abandoned: what it is about did not come within 60 days.',
    }),
    reason: z.string().nullable().meta({ description: 'Why it is parked, refused or abandoned.' }),
    attempts: z.int(),
    receivedAt: z.string().meta({ format: 'date-time' }),
    changedAt: z.string().meta({ format: 'date-time' }),
    excess: moneyAnswerSchema
      .nullable()
      .meta({ description: 'How much more than the rest of its purchase a chargeback took.' }),
  })
  .meta({ id: 'WebhookEvent' });

const eventsQuery = pageQuerySchema.extend({ status: status.optional() });
const position = z.strictObject({ id: z.string().regex(/^[0-9]{1,18}$/) });
const endpointPosition = z.strictObject({ id: uuidSchema });

@Controller('v1/webhook-endpoints')
export class WebhookEndpointsHttp {
  readonly #endpoints: Endpoints;
  readonly #events: FindEvents;
  readonly #baseUrl: string;

  constructor(
    @Inject(Endpoints) endpoints: Endpoints,
    @Inject(FindEvents) events: FindEvents,
    @Inject(WEBHOOK_BASE_URL) baseUrl: string,
  ) {
    this.#endpoints = endpoints;
    this.#events = events;
    this.#baseUrl = baseUrl;
  }

  @Post()
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 201: { description: 'The endpoint. It accepts nothing before its secret is set.', schema: endpointSchema } },
    { summary: 'Add an endpoint for the events of a billing system' },
  )
  async create(
    @Body({ schema: endpointBody }) body: z.output<typeof endpointBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = { ...body, tenantId: asTenantId(tenantOf(caller)), createdBy: callerIdOf(caller) };
    const answer = await this.#endpoints.create(wanted, {
      call: { key, scope, requestHash: requestHash(body) },
      answer: (endpoint) => ({ status: 201, body: this.#view(endpoint) }),
    });
    return replyWith(reply, answer);
  }

  @Get()
  @Requires({ person: { roles: ['admin', 'finance'] } })
  @Answers(
    { 200: { description: 'Endpoints in the order in which they were added.', schema: pageSchema(endpointSchema) } },
    { summary: 'List the endpoints for events of billing systems' },
  )
  async list(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof endpointSchema>[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const endpoints = await this.#endpoints.list({
      tenantId: asTenantId(tenantOf(caller)),
      after: pageToken === undefined ? undefined : asEndpointId(decodePageToken(pageToken, endpointPosition).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(endpoints, pageSize, ({ id }) => ({ id }));
    return { items: items.map((endpoint) => this.#view(endpoint)), ...rest };
  }

  @Put(':id/secret')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'The secret holds; the one before it for 24 hours longer.', schema: endpointSchema } },
    { summary: "Set or change an endpoint's signing secret", problems: ['NOT_FOUND'] },
  )
  async setSecret(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: secretBody }) body: z.output<typeof secretBody>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof endpointSchema>> {
    const endpoint = await this.#endpoints.setSecret(
      { tenantId: asTenantId(tenantOf(caller)), endpointId: asEndpointId(id) },
      { secret: body.signingSecret, setBy: callerIdOf(caller) },
    );
    return this.#view(endpoint);
  }

  @Get(':id/events')
  @Requires({ person: { roles: ['admin', 'finance'] } })
  @Answers(
    { 200: { description: 'Events, latest first.', schema: pageSchema(eventSchema) } },
    { summary: "Read what became of an endpoint's events", problems: ['NOT_FOUND'] },
  )
  async events(
    @Param('id', { schema: uuidSchema }) id: string,
    @Query({ schema: eventsQuery }) query: z.output<typeof eventsQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof eventSchema>[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const events = await this.#events.list({
      tenantId: asTenantId(tenantOf(caller)),
      endpointId: asEndpointId(id),
      status: query.status,
      before: pageToken === undefined ? undefined : BigInt(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(events, pageSize, (event) => ({ id: String(event.position) }));
    return { items: items.map(viewEvent), ...rest };
  }

  #view({ id, kind, stream, createdAt, secretSetAt }: Endpoint): z.infer<typeof endpointSchema> {
    return {
      id,
      kind,
      url: `${this.#baseUrl}/v1/webhooks/${kind}/${id}`,
      stream,
      createdAt: createdAt.toISOString(),
      secretSetAt: secretSetAt?.toISOString() ?? null,
    };
  }
}

function viewEvent(event: TrackedEvent): z.infer<typeof eventSchema> {
  return {
    eventId: event.eventId,
    type: event.type,
    status: event.status,
    reason: event.reason ?? null,
    attempts: event.attempts,
    receivedAt: event.receivedAt.toISOString(),
    changedAt: event.changedAt.toISOString(),
    excess: event.excess === undefined ? null : formatMoney(event.excess),
  };
}
