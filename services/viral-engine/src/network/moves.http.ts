import { Caller, type Principal, Requires, tenantOf } from '@dailydoco/auth';
import { Answers, decodePageToken, page, pageQuerySchema, pageSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { asMoveId, asTenantId, asUserId } from '../ids.js';
import { moveSchema, type MoveView, viewMove } from './move-view.http.js';
import { Moves } from './moves.js';

const movesQuery = pageQuerySchema.extend({
  userId: uuidSchema.optional().meta({ description: 'Only moves of this person itself.' }),
});
const position = z.strictObject({ id: uuidSchema });

@Controller('v1/network-moves')
export class MovesHttp {
  readonly #moves: Moves;

  constructor(@Inject(Moves) moves: Moves) {
    this.#moves = moves;
  }

  @Get()
  @Requires({ person: { roles: ['admin'] } })
  @Answers(
    { 200: { description: 'Moves, the newest first.', schema: pageSchema(moveSchema) } },
    { summary: 'List moves', description: 'Who moved whom from where to where, when, why, and with how many people.' },
  )
  async list(
    @Query({ schema: movesQuery }) { userId, pageSize, pageToken }: z.output<typeof movesQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: MoveView[]; nextPageToken?: string }> {
    const moves = await this.#moves.list({
      tenantId: asTenantId(tenantOf(caller)),
      userId: userId === undefined ? undefined : asUserId(userId),
      before: pageToken === undefined ? undefined : asMoveId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(moves, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewMove), ...rest };
  }
}
