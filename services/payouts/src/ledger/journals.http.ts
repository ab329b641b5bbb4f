import { Caller, type Principal, Requires } from '@dailydoco/auth';
import {
  Answers,
  decodePageToken,
  formatMoney,
  moneyAnswerSchema,
  page,
  pageQuerySchema,
  pageSchema,
  uuidSchema,
} from '@dailydoco/http';
import { Controller, Get, Inject, Param, Query } from '@nestjs/common';
import { z } from 'zod';
import { asJournalId } from '../ids.js';
import { HOUSE_KINDS, PERSON_KINDS } from './account.js';
import { CAUSES, type ExportedJournal } from './export-ledger.js';
import { factOf, FindJournal, JOURNAL_FACTS, type JournalFact, type LinkedJournal } from './find-journal.js';
import { viewerOf } from './viewer.http.js';

const journalSchema = z
  .object({
    id: uuidSchema,
    event: z.string().meta({ example: 'CommissionsAccrued' }),
    occurredAt: z.string().meta({ format: 'date-time', description: 'The effective date: when the fact took place.' }),
    recordedAt: z.string().meta({ format: 'date-time', description: 'Decides the period.' }),
    cause: z
      .partialRecord(z.enum(CAUSES), z.string())
      .meta({ description: 'What it books, and what it is linked to.' }),
    postings: z.array(
      z.object({
        accountId: uuidSchema,
        account: z.enum([...PERSON_KINDS, ...HOUSE_KINDS]),
        ownerId: uuidSchema.optional().meta({ description: 'The person; absent on accounts of the house.' }),
        amount: moneyAnswerSchema.meta({ description: 'Signed: a credit is positive.' }),
      }),
    ),
  })
  .meta({ id: 'CausedJournal' });

const linkedSchema = journalSchema
  .extend({
    reversedBy: uuidSchema.optional().meta({ description: 'The journal that took it back.' }),
    correctedBy: z.array(uuidSchema).meta({ description: 'Journals that put it right otherwise.' }),
    seal: z
      .object({ number: z.string(), hash: z.string() })
      .optional()
      .meta({ description: 'Its place in the chain of hashes; absent for the seconds until it is sealed.' }),
  })
  .meta({ id: 'Journal' });

const journalsQuery = pageQuerySchema
  .extend({
    purchaseId: uuidSchema.optional(),
    payoutId: uuidSchema.optional(),
    adjustmentId: uuidSchema.optional(),
  })
  .refine((query) => factsOf(query).length === 1, {
    path: ['purchaseId'],
    message: 'exactly one of purchaseId, payoutId and adjustmentId must be given',
  });

const position = z.strictObject({ id: uuidSchema });

type LinkedView = z.infer<typeof linkedSchema>;
type JournalView = z.infer<typeof journalSchema>;

@Controller('v1/ledger/journals')
export class JournalsHttp {
  readonly #journals: FindJournal;

  constructor(@Inject(FindJournal) journals: FindJournal) {
    this.#journals = journals;
  }

  @Get()
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'Journals in the order of what happened.', schema: pageSchema(journalSchema) } },
    {
      summary: 'List the journals that one fact made',
      description: 'Of one purchase, one payout or one adjustment. None: it moved no money, or nobody knows it.',
    },
  )
  async caused(
    @Query({ schema: journalsQuery }) query: z.output<typeof journalsQuery>,
    @Caller() caller: Principal,
  ): Promise<{ items: JournalView[]; nextPageToken?: string }> {
    const { pageSize, pageToken } = query;
    const [fact] = factsOf(query);
    if (fact === undefined) throw new Error('the schema lets no query through that names no fact');
    const found = await this.#journals.causedBy({
      tenantId: viewerOf(caller).tenantId,
      fact,
      after: pageToken === undefined ? undefined : asJournalId(decodePageToken(pageToken, position).id),
      limit: pageSize + 1,
    });
    const { items, ...rest } = page(found, pageSize, ({ id }) => ({ id }));
    return { items: items.map(viewJournal), ...rest };
  }

  @Get(':id')
  @Requires({ person: { roles: ['finance', 'support'] } })
  @Answers(
    { 200: { description: 'The journal with its postings and links.', schema: linkedSchema } },
    { summary: 'Look at a journal', problems: ['NOT_FOUND'] },
  )
  async find(@Param('id', { schema: uuidSchema }) id: string, @Caller() caller: Principal): Promise<LinkedView> {
    return viewLinked(await this.#journals.find(viewerOf(caller).tenantId, asJournalId(id)));
  }
}

function factsOf(query: { readonly [Kind in JournalFact['kind']]?: string | undefined }): JournalFact[] {
  return JOURNAL_FACTS.flatMap((kind) => {
    const id = query[kind];
    return id === undefined ? [] : [factOf(kind, id)];
  });
}

function viewJournal(journal: ExportedJournal): JournalView {
  const { id, event, currency, effectiveAt, recordedAt, cause, postings } = journal;
  return {
    id,
    event,
    occurredAt: effectiveAt.toISOString(),
    recordedAt: recordedAt.toISOString(),
    cause: { ...cause },
    postings: postings.map(({ accountId, kind, ownerId, amountMicros }) => ({
      accountId,
      account: kind,
      ownerId,
      amount: formatMoney({ amountMicros, currency }),
    })),
  };
}

function viewLinked(journal: LinkedJournal): LinkedView {
  const { reversedBy, correctedBy, seal } = journal;
  return {
    ...viewJournal(journal),
    reversedBy,
    correctedBy: [...correctedBy],
    seal: seal && { number: seal.number.toString(), hash: Buffer.from(seal.hash).toString('hex') },
  };
}
