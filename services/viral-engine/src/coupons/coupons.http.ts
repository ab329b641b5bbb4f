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
import { Body, Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asCouponId, asTenantId, asUserId } from '../ids.js';
import { campaignSchema } from '../links/link-view.http.js';
import type { Coupon } from './coupon.js';
import { Coupons } from './coupons.js';

const couponBody = z
  .strictObject({
    code: z.string().max(200).meta({ description: 'What buyers type: 3 to 32 letters, digits and hyphens.' }),
    ownerId: uuidSchema.meta({ description: 'The member whom registrations and first purchases are credited to.' }),
    campaign: campaignSchema.optional(),
    expiresAt: timestampSchema.optional().meta({ description: 'From then on it gives nobody a referrer.' }),
    maxUses: z
      .int()
      .min(1)
      .max(1_000_000_000)
      .optional()
      .meta({ description: 'How many members it may give their referrer; any number unless told.' }),
  })
  .meta({ id: 'CouponInput' });

const couponSchema = z
  .object({
    id: uuidSchema,
    ownerId: uuidSchema,
    code: z.string(),
    campaign: z.string().optional(),
    expiresAt: z.string().meta({ format: 'date-time' }).optional(),
    maxUses: z.int().optional(),
    uses: z.int().meta({ description: 'How many members it gave their referrer.' }),
    createdBy: z.string(),
    createdAt: z.string().meta({ format: 'date-time' }),
    archivedAt: z.string().meta({ format: 'date-time' }).optional(),
  })
  .meta({ id: 'Coupon', description: 'A code that an administrator made for a member. Its terms never change.' });

type CouponView = z.infer<typeof couponSchema>;

const listQuery = pageQuerySchema.extend({ ownerId: uuidSchema.optional() });
const position = z.strictObject({ id: uuidSchema });

@Controller('v1/coupons')
@Requires({ person: { roles: ['admin'] } })
export class CouponsHttp {
  readonly #coupons: Coupons;

  constructor(@Inject(Coupons) coupons: Coupons) {
    this.#coupons = coupons;
  }

  @Post()
  @Answers(
    { 201: { description: 'The coupon.', schema: couponSchema } },
    {
      summary: 'Make a coupon',
      description:
        'Told at a registration it names the referrer, as any referral code does; told with a first purchase too, where the tenant allows that. A code is never given twice.',
      problems: ['USER_UNKNOWN', 'CODE_TAKEN'],
    },
  )
  async add(
    @Body({ schema: couponBody }) body: z.output<typeof couponBody>,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const { code, ownerId, campaign, expiresAt, maxUses } = body;
    const wanted = {
      tenantId: asTenantId(tenantOf(caller)),
      ownerId: asUserId(ownerId),
      code,
      terms: { campaign, expiresAt, maxUses },
      createdBy: callerIdOf(caller),
    };
    const call = { key, scope, requestHash: requestHash(body) };
    const answer = (coupon: Coupon) => ({ status: 201, body: view(coupon) });
    return replyWith(reply, await this.#coupons.add(wanted, { call, answer }));
  }

  @Get()
  @Answers(
    { 200: { description: 'Coupons, newest first.', schema: pageSchema(couponSchema) } },
    { summary: 'List coupons' },
  )
  async list(
    @Query({ schema: listQuery }) { ownerId, pageSize, pageToken }: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: CouponView[]; nextPageToken?: string }> {
    const coupons = await this.#coupons.list({
      tenantId: asTenantId(tenantOf(caller)),
      ownerId: ownerId === undefined ? undefined : asUserId(ownerId),
      before: pageToken === undefined ? undefined : asCouponId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(coupons, pageSize, ({ id }) => ({ id }));
    return { items: items.map(view), ...rest };
  }

  @Get(':id')
  @Answers(
    { 200: { description: 'The coupon.', schema: couponSchema } },
    { summary: 'Read a coupon', problems: ['NOT_FOUND'] },
  )
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<CouponView> {
    return view(await this.#coupons.read(asTenantId(tenantOf(caller)), asCouponId(id)));
  }

  @Post(':id/archive')
  @Answers(
    { 200: { description: 'The coupon, archived.', schema: couponSchema } },
    {
      summary: 'Archive a coupon',
      description: 'It gives nobody a referrer from now on; what it gave stays. Its code is not free again.',
      problems: ['NOT_FOUND'],
    },
  )
  async archive(
    @Param('id', { schema: uuidSchema }) id: string,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const wanted = { tenantId: asTenantId(tenantOf(caller)), couponId: asCouponId(id) };
    const call = { key, scope, requestHash: requestHash({}) };
    const answer = (coupon: Coupon) => ({ status: 200, body: view(coupon) });
    return replyWith(reply, await this.#coupons.archive(wanted, { call, answer }));
  }
}

function view(coupon: Coupon): CouponView {
  const { id, ownerId, code, campaign, expiresAt, maxUses, uses, createdBy, createdAt, archivedAt } = coupon;
  return {
    id,
    ownerId,
    code,
    ...(campaign !== undefined && { campaign }),
    ...(expiresAt !== undefined && { expiresAt: expiresAt.toISOString() }),
    ...(maxUses !== undefined && { maxUses }),
    uses,
    createdBy,
    createdAt: createdAt.toISOString(),
    ...(archivedAt !== undefined && { archivedAt: archivedAt.toISOString() }),
  };
}
