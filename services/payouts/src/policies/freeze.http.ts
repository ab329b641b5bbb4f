import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, callerIdOf, uuidSchema } from '@dailydoco/http';
import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { z } from 'zod';
import { asTenantId, asUserId } from '../ids.js';
import { viewerOf } from '../ledger/viewer.http.js';
import { decisionSchema, reasonSchema, viewDecision } from './decision.http.js';
import { type Freeze, Policies } from './policies.js';

const freezeBody = z.strictObject({ reason: reasonSchema }).meta({ id: 'PayoutFreezeInput' });

const freezeSchema = z
  .object({
    frozen: z.boolean().meta({ description: 'By finance; a suspension by an administrator freezes as well.' }),
    decisions: z.array(decisionSchema.extend({ frozen: z.boolean() })).meta({ description: 'The latest first.' }),
  })
  .meta({ id: 'PayoutFreeze' });

type FreezeView = z.infer<typeof freezeSchema>;

@Controller('v1/people')
export class FreezeHttp {
  readonly #policies: Policies;

  constructor(@Inject(Policies) policies: Policies) {
    this.#policies = policies;
  }

  @Get(':id/payout-freeze')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'Whether payouts to the person are frozen, and every decision.', schema: freezeSchema } },
    { summary: 'Look whether payouts to a person are frozen' },
  )
  async read(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<FreezeView> {
    return viewFreezes(await this.#policies.freezes(asTenantId(tenantOf(caller)), asUserId(id)));
  }

  @Post(':id/payout-freeze')
  @HttpCode(200)
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'They are frozen.', schema: freezeSchema } },
    {
      summary: 'Freeze payouts to a person',
      description:
        'The person cannot ask for a payout, and none goes to a rail; nothing is lost. Frozen already: nothing changes.',
    },
  )
  freeze(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: freezeBody }) { reason }: z.output<typeof freezeBody>,
    @Caller() caller: Principal,
  ): Promise<FreezeView> {
    return this.#set(id, true, { reason, caller });
  }

  @Post(':id/payout-unfreeze')
  @HttpCode(200)
  @Requires({ person: { roles: ['finance'] } })
  @Answers(
    { 200: { description: 'Finance no longer freezes them.', schema: freezeSchema } },
    {
      summary: 'Let payouts to a person go on',
      description: 'Never by that person.',
      problems: ['SELF_APPROVAL'],
    },
  )
  unfreeze(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: freezeBody }) { reason }: z.output<typeof freezeBody>,
    @Caller() caller: Principal,
  ): Promise<FreezeView> {
    return this.#set(id, false, { reason, caller });
  }

  async #set(id: string, frozen: boolean, by: { reason: string; caller: Principal }): Promise<FreezeView> {
    const who = { tenantId: asTenantId(tenantOf(by.caller)), personId: asUserId(id) };
    const decided = { reason: by.reason, by: callerIdOf(by.caller), userId: viewerOf(by.caller).userId };
    return viewFreezes(await this.#policies.setFreeze(who, frozen, decided));
  }
}

function viewFreezes(freezes: readonly Freeze[]): FreezeView {
  return {
    frozen: freezes[0]?.frozen ?? false,
    decisions: freezes.map((freeze) => ({ frozen: freeze.frozen, ...viewDecision(freeze) })),
  };
}
