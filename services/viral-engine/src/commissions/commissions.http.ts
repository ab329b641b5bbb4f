import { Caller, type Principal, Requires } from '@dailydoco/auth';
import { Answers, decodePageToken, page, pageQuerySchema, pageSchema, uuidSchema } from '@dailydoco/http';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { asCommissionId, asUserId } from '../ids.js';
import { commissionSchema, type CommissionView, viewCommission } from './commission-view.http.js';
import { explanationSchema, type ExplanationView, viewExplanation } from './explanation-view.http.js';
import { FindCommissions } from './find-commissions.js';
import { viewerOf } from './viewer.http.js';

const listQuery = pageQuerySchema.extend({
  beneficiaryId: uuidSchema.optional().meta({ description: 'Whose commissions; finance may name anybody.' }),
});

const position = z.strictObject({ id: uuidSchema });

@Controller('v1/commissions')
export class CommissionsHttp {
  readonly #findCommissions: FindCommissions;

  constructor(@Inject(FindCommissions) findCommissions: FindCommissions) {
    this.#findCommissions = findCommissions;
  }

  @Get()
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'Commissions, newest first.', schema: pageSchema(commissionSchema) } },
    { summary: 'List commissions' },
  )
  async list(
    @Query({ schema: listQuery }) query: z.output<typeof listQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: CommissionView[]; nextPageToken?: string }> {
    const { beneficiaryId, pageSize, pageToken } = query;
    const commissions = await this.#findCommissions.list(viewerOf(caller), {
      beneficiaryId: beneficiaryId === undefined ? undefined : asUserId(beneficiaryId),
      before: pageToken === undefined ? undefined : asCommissionId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(commissions, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewCommission), ...rest };
  }

  @Get(':id')
  @Requires({ person: true })
  @Answers(
    { 200: { description: 'The commission and why it is what it is.', schema: explanationSchema } },
    {
      summary: 'Explain a commission',
      description: 'Inputs, plan version, each step of the split, each change with its reason.',
      problems: ['NOT_FOUND'],
    },
  )
  async explain(
    @Param('id', { schema: uuidSchema }) id: string,
    @Caller() caller: Principal,
  ): Promise<ExplanationView> {
    const viewer = viewerOf(caller);
    const explanation = await this.#findCommissions.explain(viewer, asCommissionId(id));
    return viewExplanation(explanation, viewer);
  }
}
