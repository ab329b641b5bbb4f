import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  decodePageToken,
  externalIdSchema,
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
import { Body, Controller, Get, Inject, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asCustomerId, asTenantId, asUserId } from '../ids.js';
import { Customers, type FoundCustomer } from './customers.js';
import { customerIdSchema } from './customer-fields.http.js';
import type { Customer } from './map-customer.js';

const customerBody = z.strictObject({ customerId: customerIdSchema, userId: uuidSchema }).meta({ id: 'CustomerInput' });

const customerShape = {
  customerId: z.string(),
  userId: uuidSchema.nullable().meta({ description: 'Null: nobody has said yet which user the customer is.' }),
  mappedAt: z.string().nullable().meta({ format: 'date-time' }),
  mappedBy: z.string().nullable().meta({ description: 'Who said it: user:… or apiKey:….' }),
};

const customerSchema = z.object(customerShape).meta({ id: 'Customer' });

const foundCustomerSchema = z
  .object({
    ...customerShape,
    unattributedPurchases: z.int().meta({ description: 'How many of its purchases wait to be attributed.' }),
  })
  .meta({ id: 'CustomerWithPurchases' });

const byCustomerId = z.strictObject({ customerId: customerIdSchema });
const position = z.strictObject({ id: externalIdSchema });

@Controller('v1/customers')
export class CustomersHttp {
  readonly #customers: Customers;

  constructor(@Inject(Customers) customers: Customers) {
    this.#customers = customers;
  }

  @Post()
  @Requires({ apiKey: { scopes: ['purchases:write'] } })
  @Answers(
    {
      201: { description: 'The customer is this user from now on.', schema: customerSchema },
      200: { description: 'It was this user already.', schema: customerSchema },
    },
    {
      summary: 'Say which user a customer of the billing system is',
      description: 'For good. Purchases that came before are attributed within seconds, as if they had named the user.',
      problems: ['USER_UNKNOWN', 'CUSTOMER_CONFLICT'],
    },
  )
  async map(
    @Body({ schema: customerBody }) body: z.output<typeof customerBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#customers.map(
      {
        tenantId: asTenantId(tenantOf(caller)),
        customerId: asCustomerId(body.customerId),
        userId: asUserId(body.userId),
        mappedBy: callerIdOf(caller),
      },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: ({ created, customer }) => ({ status: created ? 201 : 200, body: viewCustomer(customer) }),
      },
    );
    return replyWith(reply, answer);
  }

  @Get()
  @Requires({ apiKey: { scopes: ['purchases:read'] }, person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'The customer as it stands.', schema: foundCustomerSchema } },
    { summary: 'Find a customer', problems: ['CUSTOMER_UNKNOWN'] },
  )
  async find(
    @Query({ schema: byCustomerId }) query: z.output<typeof byCustomerId>,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof foundCustomerSchema>> {
    const tenantId = asTenantId(tenantOf(caller));
    return viewFound(await this.#customers.find(tenantId, asCustomerId(query.customerId)));
  }

  @Get('unmapped')
  @Requires({ apiKey: { scopes: ['purchases:read'] }, person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'Customers that purchases named, by id.', schema: pageSchema(foundCustomerSchema) } },
    { summary: 'List the customers of whom nobody has said which user they are' },
  )
  async listUnmapped(
    @Query({ schema: pageQuerySchema }) query: z.output<typeof pageQuerySchema>,
    @Caller() caller: Principal,
  ): Promise<{ items: z.infer<typeof foundCustomerSchema>[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const found = await this.#customers.listUnmapped({
      tenantId: asTenantId(tenantOf(caller)),
      after: pageToken === undefined ? undefined : asCustomerId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, ({ customer }) => ({ id: customer.customerId }));
    return { items: items.map(viewFound), ...rest };
  }
}

function viewFound({ customer, waitingPurchases }: FoundCustomer): z.infer<typeof foundCustomerSchema> {
  return { ...viewCustomer(customer), unattributedPurchases: waitingPurchases };
}

function viewCustomer({ customerId, mapping }: Customer): z.infer<typeof customerSchema> {
  return {
    customerId,
    userId: mapping?.userId ?? null,
    mappedAt: mapping?.mappedAt.toISOString() ?? null,
    mappedBy: mapping?.mappedBy ?? null,
  };
}
