import {
  AUTHENTICATOR,
  Authenticator,
  CachedApiKeys,
  MaybeCaller,
  newApiKey,
  type Principal,
  type ResolvedApiKey,
  Requires,
  type Scope,
} from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Lifecycle } from '@dailydoco/lifecycle';
import { createLogger, type Logger } from '@dailydoco/telemetry';
import {
  Body,
  Controller,
  type DynamicModule,
  Get,
  Module,
  Param,
  Post,
  type Provider,
  Query,
  Res,
  type Type,
} from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import {
  Answers,
  createHttpApp,
  externalIdSchema,
  formatMoney,
  type HttpAppOptions,
  metadataSchema,
  moneyAnswerSchema,
  type PageQuery,
  pageQuerySchema,
  pageSchema,
  positiveMoneySchema,
  timestampSchema,
  uuidSchema,
} from '../src/index.js';

// A small shop that uses every convention of the library, for its tests.

export const orderSchema = z.strictObject({
  externalId: externalIdSchema,
  amount: positiveMoneySchema,
  orderedAt: timestampSchema.optional(),
  metadata: metadataSchema.optional(),
});
type Order = z.output<typeof orderSchema>;

export const orderAnswerSchema = z
  .object({ externalId: z.string(), amount: moneyAnswerSchema, orderedAt: z.iso.datetime().optional() })
  .meta({ id: 'Order', description: 'An order as it was recorded.' });

const listQuerySchema = pageQuerySchema.extend({
  state: z.enum(['open', 'paid']).optional().meta({ description: 'Only orders in this state.' }),
});

@Controller('v1/orders')
export class OrdersController {
  /** Lets a test hold an answer back until it says so. */
  static hold: { entered: PromiseWithResolvers<void>; released: Promise<void> } | undefined;

  @Post()
  @Requires({ apiKey: { scopes: ['purchases:write'] } })
  @Answers(
    { 201: { description: 'The order.', schema: orderAnswerSchema } },
    { summary: 'Record an order', problems: ['PURCHASE_CONFLICT'] },
  )
  record(@Body({ schema: orderSchema }) order: Order): z.input<typeof orderAnswerSchema> {
    if (order.externalId === 'taken') throw new DomainError('PURCHASE_CONFLICT');
    if (order.externalId === 'busy') throw new DomainError('OVERLOADED', { retryAfterSeconds: 7 });
    if (order.externalId === 'bug') throw new Error('the secret of the database is 42');
    return {
      externalId: order.externalId,
      amount: formatMoney(order.amount),
      ...(order.orderedAt === undefined ? {} : { orderedAt: order.orderedAt.toISOString() }),
    };
  }

  @Get()
  @Requires({ person: { roles: ['finance'] }, apiKey: { scopes: ['purchases:read'] } })
  @Answers(
    { 200: { description: 'A page of orders.', schema: pageSchema(orderAnswerSchema) } },
    { summary: 'List orders' },
  )
  list(@Query({ schema: listQuerySchema }) query: PageQuery & { state?: string | undefined }): unknown {
    return { items: [], query };
  }

  @Get('slow')
  @Requires({ anyone: true })
  @Answers({ 200: { description: 'Done.' } }, { summary: 'Take a while' })
  async slow(): Promise<unknown> {
    OrdersController.hold?.entered.resolve();
    await OrdersController.hold?.released;
    return { done: true };
  }

  @Get('huge')
  @Requires({ anyone: true })
  @Answers({ 200: { description: 'A number.' } }, { summary: 'Count beyond numbers' })
  huge(): unknown {
    return { count: 9_007_199_254_740_993n };
  }

  @Get('broken-stream')
  @Requires({ anyone: true })
  @Answers({ 200: { description: 'Never whole.' } }, { summary: 'Break off' })
  brokenStream(@Res({ passthrough: true }) reply: FastifyReply): unknown {
    reply.raw.writeHead(200, { 'content-type': 'text/plain' });
    reply.raw.write('half of ');
    throw new Error('the other half is lost');
  }

  @Get(':id')
  @Requires({ apiKey: { scopes: ['purchases:read'] } })
  @Answers({ 200: { description: 'The order.', schema: orderAnswerSchema } }, { summary: 'Show an order' })
  show(@Param('id', { schema: uuidSchema }) id: string): never {
    throw new DomainError('NOT_FOUND', { detail: `No order ${id}.` });
  }

  @Post(':id/publish')
  @Requires({ anyone: true })
  @Answers({ 202: { description: 'Published.' } }, { summary: 'Publish an order' })
  publish(@Param('id', { schema: uuidSchema }) id: string, @MaybeCaller() caller: Principal | undefined): unknown {
    return { id, caller: caller?.kind ?? null };
  }
}

export interface ShopOptions extends Partial<HttpAppOptions> {
  withoutAuthenticator?: boolean;
  providers?: Provider[];
}

export interface Shop {
  app: NestFastifyApplication;
  lifecycle: Lifecycle;
  url: string;
  /** An Authorization header for a key with these scopes. */
  keyFor(...scopes: Scope[]): string;
  close(): Promise<void>;
}

export const SERVICE_SECRET = 's'.repeat(32);

export const silentLogger: Logger = createLogger({ service: 'shop', level: 'silent' });

export function newLifecycle(): Lifecycle {
  return new Lifecycle({ logger: silentLogger, notReadyDelayMs: 0, drainTimeoutMs: 10_000 });
}

/** Makes the application of a shop with these controllers, without starting it. */
export async function buildShop(controllers: Type[], options: ShopOptions = {}): Promise<Omit<Shop, 'url' | 'close'>> {
  const { withoutAuthenticator = false, providers = [], ...rest } = options;
  const lifecycle = newLifecycle();
  const keys = new Map<string, ResolvedApiKey>();
  const authenticator = new Authenticator({
    jwks: { keyFor: () => Promise.resolve(undefined) },
    issuer: 'https://issuer.test',
    audience: 'dailydoco',
    serviceSecret: SERVICE_SECRET,
    revocations: { revocationOf: () => undefined },
    apiKeys: new CachedApiKeys({ resolve: async (sha256) => keys.get(Buffer.from(sha256).toString('hex')) }),
  });
  const module: DynamicModule = {
    module: ShopModule,
    controllers,
    providers: withoutAuthenticator ? providers : [{ provide: AUTHENTICATOR, useValue: authenticator }, ...providers],
  };
  const app = await createHttpApp({ module, logger: silentLogger, lifecycle, ...rest });
  return {
    app,
    lifecycle,
    keyFor: (...scopes) => {
      const { key, sha256 } = newApiKey();
      const apiKeyId = `key-${keys.size + 1}`;
      keys.set(Buffer.from(sha256).toString('hex'), { apiKeyId, tenantId: 'tenant-1', scopes });
      return `Bearer ${key}`;
    },
  };
}

/** Starts a shop on a free port. */
export async function openShop(controllers: Type[] = [OrdersController], options: ShopOptions = {}): Promise<Shop> {
  const shop = await buildShop(controllers, options);
  shop.lifecycle.onStart('http', async () => {
    await shop.app.listen(0, '127.0.0.1');
  });
  await shop.lifecycle.start();
  const url = await shop.app.getUrl();
  return {
    ...shop,
    url: url.replace(/\/$/, ''),
    close: async () => {
      await shop.lifecycle.shutdown('end of test');
    },
  };
}

@Module({})
class ShopModule {}
