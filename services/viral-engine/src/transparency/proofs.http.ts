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
import { Controller, Get, Inject, Param, Post, Query, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { viewerOf } from '../commissions/viewer.http.js';
import { asCommissionId, asTenantId, asUserId } from '../ids.js';
import { commissionProofSchema, newKeySchema, ownLogSchema, viewOwnLog, viewProof } from './log-view.http.js';
import { Prove, STATEMENT_LEAVES } from './prove.js';
import { ReadLog } from './read-log.js';
import { RotateKey } from './rotate-key.js';
import { sizeSchema } from './size.http.js';

/** Where Nest finds what the public address of the installation is. */
export const LOG_BASE_URL = Symbol('LOG_BASE_URL');

const statementQuery = z.strictObject({
  beneficiaryId: uuidSchema.optional().meta({ description: 'Whose statement; finance may name anybody.' }),
  from: z
    .string()
    .regex(/^[1-9][0-9]{0,14}$/, 'must be a whole number from 1')
    .transform(Number)
    .default(1)
    .meta({ description: `The first of the person's leaves in the file; a file holds ${STATEMENT_LEAVES}.` }),
  size: sizeSchema.optional().meta({
    description:
      'Leaves in the signed tree that the file leads to; the latest unless told. Parts have to name the same.',
  }),
  earlier: sizeSchema.optional().meta({
    description: 'Leaves in an earlier signed tree that the file is to prove to go on from.',
  }),
});

/** What a person reads of the own leaves, and what an administrator does with the keys. */
@Controller('v1')
export class ProofsHttp {
  readonly #prove: Prove;
  readonly #logs: ReadLog;
  readonly #rotateKey: RotateKey;
  readonly #baseUrl: string;

  constructor(
    @Inject(Prove) prove: Prove,
    @Inject(ReadLog) logs: ReadLog,
    @Inject(RotateKey) rotateKey: RotateKey,
    @Inject(LOG_BASE_URL) baseUrl: string,
  ) {
    this.#prove = prove;
    this.#logs = logs;
    this.#rotateKey = rotateKey;
    this.#baseUrl = baseUrl;
  }

  @Get('transparency/logs/me')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The log of the tenant.', schema: ownLogSchema } },
    { summary: 'Find the own transparency log', problems: ['NOT_FOUND'] },
  )
  async own(@Caller() caller: Principal): Promise<z.infer<typeof ownLogSchema>> {
    return viewOwnLog(await this.#logs.own(asTenantId(tenantOf(caller))), this.#baseUrl);
  }

  @Get('transparency/statement')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The statement: canonical JSON under one signature, byte for byte what is verified.' } },
    {
      summary: 'Get a statement that proves itself',
      description:
        'The own leaves of the log with their proofs, to be verified without asking anybody. Keep the bytes as they come.',
      problems: ['NOT_FOUND', 'CONFLICT', 'OVERLOADED'],
    },
  )
  async statement(
    @Query({ schema: statementQuery }) query: z.output<typeof statementQuery>,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Uint8Array> {
    const { beneficiaryId, from, size, earlier } = query;
    const bytes = await this.#prove.statement(viewerOf(caller), {
      beneficiaryId: beneficiaryId === undefined ? undefined : asUserId(beneficiaryId),
      from,
      size,
      earlier,
    });
    reply
      .header('content-type', 'application/json')
      .header('content-disposition', 'attachment; filename="statement.json"')
      .header('cache-control', 'private, no-store');
    return bytes;
  }

  @Get('commissions/:id/proof')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Its leaves, opened, each with its inclusion proof.', schema: commissionProofSchema } },
    { summary: 'Prove that a commission is in the transparency log', problems: ['NOT_FOUND', 'CONFLICT'] },
  )
  async commission(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
  ): Promise<z.infer<typeof commissionProofSchema>> {
    return viewProof(await this.#prove.commission(viewerOf(caller), asCommissionId(id)));
  }

  @Post('transparency/keys')
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 201: { description: 'The new key, which signs from now on.', schema: newKeySchema } },
    {
      summary: 'Change the key of the transparency log',
      description: 'The tree as it stands is signed by the former key and the new one.',
      problems: ['NOT_FOUND'],
    },
  )
  async rotate(
    @IdempotencyKey() key: string | undefined,
    @KeyScope() scope: IdempotencyScope,
    @Caller() caller: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<unknown> {
    const answer = await this.#rotateKey.rotate(
      { tenantId: asTenantId(tenantOf(caller)), createdBy: callerIdOf(caller) },
      {
        call: { key, scope, requestHash: requestHash({}) },
        answer: (made) => ({ status: 201, body: made }),
      },
    );
    return replyWith(reply, answer);
  }
}
