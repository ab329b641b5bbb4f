import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import {
  Answers,
  callerIdOf,
  IdempotencyKey,
  type IdempotencyScope,
  KeyScope,
  replyWith,
  requestHash,
  uuidSchema,
} from '@dailydoco/http';
import { applyDecorators, Body, Controller, Inject, Param, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { asCommissionId, asTenantId } from '../ids.js';
import { plainText } from '../plain-text.http.js';
import { CommissionDecisions } from './commission-decisions.js';
import { commissionSchema, viewCommission } from './commission-view.http.js';
import type { Decision } from './decide-commissions.js';

const decisionBody = z
  .strictObject({
    reason: plainText(500).meta({
      description: 'Why; kept with the decision for good, and shown to the beneficiary.',
    }),
  })
  .meta({ id: 'CommissionDecisionInput' });

type DecisionBody = z.output<typeof decisionBody>;

/** What the four calls have in common. */
function Decides(told: { path: string; summary: string; description: string; problems: 'hold' | 'lift' | 'end' }) {
  const { path, summary, description } = told;
  const also = { hold: ['COMMISSION_HELD'], lift: ['COMMISSION_NOT_HELD'], end: ['COMMISSION_HELD'] } as const;
  return applyDecorators(
    Post(path),
    Requires({ person: { roles: ['finance'] } }),
    Answers(
      { 200: { description: 'The commission as it stands then.', schema: commissionSchema } },
      {
        summary,
        description,
        problems: ['NOT_FOUND', 'COMMISSION_RELEASED', 'COMMISSION_CLOSED', ...also[told.problems]],
      },
    ),
  );
}

@Controller('v1/commissions/:id')
export class DecisionsHttp {
  readonly #decisions: CommissionDecisions;

  constructor(@Inject(CommissionDecisions) decisions: CommissionDecisions) {
    this.#decisions = decisions;
  }

  @Decides({
    path: 'hold',
    summary: 'Hold a commission',
    description: 'Until finance lifts it, its time stands still. A released commission cannot be held any more.',
    problems: 'hold',
  })
  hold(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#decide({ kind: 'hold', cause: 'finance' }, { id, body, key, scope, caller, reply });
  }

  @Decides({
    path: 'lift',
    summary: 'Lift finance’s hold of a commission',
    description: 'Other causes go on holding it. It falls due later by the time that it was held.',
    problems: 'lift',
  })
  lift(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#decide({ kind: 'lift', cause: 'finance' }, { id, body, key, scope, caller, reply });
  }

  @Decides({
    path: 'release',
    summary: 'Release a commission before its time',
    description: 'One that is pending, or held by finance alone.',
    problems: 'end',
  })
  release(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#decide({ kind: 'release' }, { id, body, key, scope, caller, reply });
  }

  @Decides({
    path: 'forfeit',
    summary: 'Forfeit a commission',
    description: 'One that is pending or held, for good: nothing brings it back.',
    problems: 'end',
  })
  forfeit(
    @Param('id', { schema: uuidSchema }) id: string,
    @Body({ schema: decisionBody }) body: DecisionBody,
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    return this.#decide({ kind: 'forfeit' }, { id, body, key, scope, caller, reply });
  }

  async #decide(
    decision: Decision,
    {
      id,
      body,
      key,
      scope,
      caller,
      reply,
    }: {
      id: string;
      body: DecisionBody;
      key: string | undefined;
      scope: IdempotencyScope;
      caller: Principal;
      reply: FastifyReply;
    },
  ): Promise<unknown> {
    const answer = await this.#decisions.decide(
      {
        tenantId: asTenantId(tenantOf(caller)),
        commissionId: asCommissionId(id),
        decision,
        reason: body.reason,
        decidedBy: callerIdOf(caller),
      },
      {
        call: { key, scope, requestHash: requestHash(body) },
        answer: (commission) => ({ status: 200, body: viewCommission(commission) }),
      },
    );
    return replyWith(reply, answer);
  }
}
