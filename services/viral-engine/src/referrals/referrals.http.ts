import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { DomainError } from '@dailydoco/errors';
import { Answers, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { Referrals } from './referrals.js';

/** Levels that are always told, also when nobody stands there: those that plans may pay. */
const PAID_LEVELS = 7;

/** Where Nest finds how links begin. */
export const LINK_BASE = Symbol('LINK_BASE');

const networkSchema = z
  .object({
    code: z.string(),
    link: z.string().meta({ description: 'The link to share.' }),
    referredBy: uuidSchema.optional(),
    directCount: z.int().meta({ description: 'People on level 1.' }),
    networkSize: z.int().meta({ description: 'People on all levels.' }),
    byLevel: z.array(z.object({ level: z.int(), count: z.int() })),
  })
  .meta({ id: 'Network', description: 'A person’s place in the referral tree.' });

@Controller('v1/referrals')
export class ReferralsHttp {
  readonly #referrals: Referrals;
  readonly #linkBase: string;

  constructor(@Inject(Referrals) referrals: Referrals, @Inject(LINK_BASE) linkBase: string) {
    this.#referrals = referrals;
    this.#linkBase = linkBase;
  }

  @Get('me')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Code, link, and how many people came through it.', schema: networkSchema } },
    { summary: 'Read my referrals', problems: ['USER_UNKNOWN'] },
  )
  async me(@Caller() caller: Principal): Promise<z.infer<typeof networkSchema>> {
    if (caller.kind !== 'person') throw new DomainError('FORBIDDEN');
    const network = await this.#referrals.network(asTenantId(caller.tenantId), asUserId(caller.userId));
    const { code, referredBy, countByLevel } = network;
    const deepest = Math.max(PAID_LEVELS, ...countByLevel.keys());
    const byLevel = Array.from({ length: deepest }, (_, index) => ({
      level: index + 1,
      count: countByLevel.get(index + 1) ?? 0,
    }));
    return {
      code,
      link: `${this.#linkBase}${code}`,
      ...(referredBy && { referredBy }),
      directCount: countByLevel.get(1) ?? 0,
      networkSize: byLevel.reduce((sum, { count }) => sum + count, 0),
      byLevel,
    };
  }
}
